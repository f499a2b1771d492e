/**
 * @file Text from a model: all of the prompt but its last token goes through the program `prefill`, many tokens at a time, which keeps keys and values; the last one and then each that is drawn through `decode`.
 * A model whose `decode` takes the whole context is given all tokens so far, each time. When the context is full its last half is fed again from position 0, so that text can go on without end.
 */
import type { Tokenizer } from "../data/tokenizer/tokenizer.ts";
import { encodeText } from "../data/tokens.ts";
import type { Replay, Session } from "../session/device.ts";
import { RuntimeFailure } from "../util/failure.ts";
import { tokenInputs } from "../session/inputs.ts";
import type { Plan, ProgramName } from "../../abi/plan.ts";
import type { PickOptions } from "./pick.ts";
import { Picker } from "./pick.ts";
import { streamOf, uniform } from "../../abi/random.ts";

export interface SampleOptions extends PickOptions {
  readonly prompt: string;
  /** Tokens to draw. */
  readonly length: number;
  readonly seed: number;
}

const stream = streamOf("sample");

/** What is run to write text; fails where the compiler found that none can be. */
export function textPrograms({ model, generation, programs }: Plan): readonly ProgramName[] {
  if (generation?.kind === "refused") {
    throw new RuntimeFailure(
      "sample/refused",
      `no text can be generated from \`${model}\`: ${generation.reason}`,
      "text is drawn token by token, so it needs an architecture whose logits depend on earlier tokens only",
    );
  }
  return programs.prefill ? ["decode", "prefill"] : ["decode"];
}

/** The text that follows the prompt, in pieces as it is drawn. Equal seeds give equal text. */
export async function* sample(session: Session, tokenizer: Tokenizer, options: SampleOptions): AsyncGenerator<string> {
  const prompt = Array.from(encodeText(tokenizer, options.prompt, "the prompt"));
  if (prompt.length === 0)
    throw new RuntimeFailure("sample/options", "the prompt is empty", "give at least one character to start from");
  textPrograms(session.plan);
  const picker = new Picker(Math.min(tokenizer.vocabulary, session.plan.vocabulary), options);
  const context =
    session.plan.generation?.kind === "context"
      ? new WholeContext(session, options.seed)
      : new DecodeContext(session, options.seed);
  const decoder = tokenizer.decoder();
  let logits = await context.feed(prompt);
  for (let i = 0; i < options.length; i++) {
    const token = picker.pick(logits, uniform(options.seed, i, stream, 0));
    yield decoder.push(token);
    if (i + 1 < options.length) logits = await context.feed([token]);
  }
  yield decoder.end();
}

/** `sample` in one piece. */
export async function sampleText(session: Session, tokenizer: Tokenizer, options: SampleOptions): Promise<string> {
  let text = "";
  for await (const piece of sample(session, tokenizer, options)) text += piece;
  return text;
}

/** How many of the last tokens are fed again when the context is full. */
function keptOf({ context }: Plan): number {
  return Math.max(1, context >> 1);
}

function logitsOf(replay: Replay): Float32Array {
  const logits = replay.finished().at(-1)?.outputs["logits"];
  if (logits === undefined)
    throw new RuntimeFailure("program/invalid", "the decode program gives no `logits`", "compile the model again");
  return logits;
}

/** The tokens so far, all of which the decode program takes each time. */
class WholeContext {
  readonly #session: Session;
  readonly #replay: Replay;
  readonly #tokens: Int32Array;
  readonly #seed: number;
  #held: readonly number[] = [];

  constructor(session: Session, seed: number) {
    this.#session = session;
    this.#replay = session.replay("decode");
    this.#tokens = tokenInputs(session, "decode").inputs;
    this.#seed = seed;
  }

  /** Logits after the last of these tokens. */
  async feed(tokens: readonly number[]): Promise<Float32Array> {
    const all = [...this.#held, ...tokens];
    this.#held = all.length > this.#session.plan.context ? all.slice(-keptOf(this.#session.plan)) : all;
    this.#tokens.fill(0);
    this.#tokens.set(this.#held.slice(0, this.#tokens.length));
    await this.#replay.run({ seed: this.#seed, step: 0, position: this.#held.length - 1 });
    await this.#replay.flush();
    return logitsOf(this.#replay);
  }
}

/** The tokens that the caches of the decode program hold. */
class DecodeContext {
  readonly #session: Session;
  readonly #replay: Replay;
  readonly #token: Int32Array;
  /** Absent where the compiled program has none. */
  readonly #many: { readonly replay: Replay; readonly tokens: Int32Array } | undefined;
  readonly #seed: number;
  #held: number[] = [];

  constructor(session: Session, seed: number) {
    this.#session = session;
    this.#replay = session.replay("decode");
    this.#token = tokenInputs(session, "decode").inputs;
    this.#many = session.has("prefill")
      ? { replay: session.replay("prefill"), tokens: tokenInputs(session, "prefill").inputs }
      : undefined;
    this.#seed = seed;
    this.#clear();
  }

  /** Logits after the last of these tokens. */
  async feed(tokens: readonly number[]): Promise<Float32Array> {
    const { context } = this.#session.plan;
    const waiting = tokens.slice();
    if (this.#held.length + waiting.length > context) {
      const all = [...this.#held, ...waiting];
      this.#clear();
      waiting.splice(0, waiting.length, ...all.slice(-keptOf(this.#session.plan)));
    }
    await this.#feedMany(waiting);
    for (const token of waiting) {
      this.#token.fill(token);
      await this.#replay.run({ seed: this.#seed, step: 0, position: this.#held.length });
      this.#held.push(token);
    }
    await this.#replay.flush();
    return logitsOf(this.#replay);
  }

  /** Takes all tokens but the last, or none if they are so few that one by one is as fast. */
  async #feedMany(waiting: number[]): Promise<void> {
    if (this.#many === undefined) return;
    const { replay, tokens } = this.#many;
    while (waiting.length > 1 + tokens.length / 8) {
      // At the end of the context it begins earlier, with tokens that it knows.
      const from = Math.min(this.#held.length, this.#session.plan.context - tokens.length);
      const given = [...this.#held.slice(from), ...waiting.slice(0, -1)].slice(0, tokens.length);
      tokens.fill(0);
      tokens.set(given);
      await replay.run({ seed: this.#seed, step: 0, position: from });
      waiting.splice(0, from + given.length - this.#held.length);
      this.#held = [...this.#held.slice(0, from), ...given];
    }
    await replay.flush();
    replay.finished();
  }

  #clear(): void {
    this.#held = [];
    this.#session.plan.buffers.forEach((buffer, i) => {
      if (buffer.role === "cache") this.#session.clear(i);
    });
  }
}
