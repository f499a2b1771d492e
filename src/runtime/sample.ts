/**
 * @file Text from a model: the prompt is fed token by token through the decode program, which keeps keys and values; then tokens are drawn one after the other.
 * When the context is full its last half is fed again from position 0, so that text can go on without end.
 */
import type { Tokenizer } from "./data/tokens.ts";
import { encodeText } from "./data/tokens.ts";
import type { Replay, Session } from "./device.ts";
import { RuntimeFailure } from "./failure.ts";
import { tokenInputs } from "./inputs.ts";
import type { PickOptions } from "./pick.ts";
import { Picker } from "./pick.ts";
import { streamOf, uniform } from "./random.ts";

export interface SampleOptions extends PickOptions {
  readonly prompt: string;
  /** Tokens to draw. */
  readonly length: number;
  readonly seed: number;
}

const stream = streamOf("sample");

/** The text that follows the prompt, in pieces as it is drawn. Equal seeds give equal text. */
export async function* sample(session: Session, tokenizer: Tokenizer, options: SampleOptions): AsyncGenerator<string> {
  const prompt = Array.from(encodeText(tokenizer, options.prompt, "the prompt"));
  if (prompt.length === 0) throw new RuntimeFailure("sample/options", "the prompt is empty", "give at least one character to start from");
  const picker = new Picker(Math.min(tokenizer.vocabulary, session.plan.vocabulary), options);
  const context = new DecodeContext(session, options.seed);
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

/** The tokens that the caches of the decode program hold. */
class DecodeContext {
  readonly #session: Session;
  readonly #replay: Replay;
  readonly #token: Int32Array;
  readonly #seed: number;
  #held: number[] = [];

  constructor(session: Session, seed: number) {
    this.#session = session;
    this.#replay = session.replay("decode");
    this.#token = tokenInputs(session, "decode").inputs;
    this.#seed = seed;
    this.#clear();
  }

  /** Logits after the last of these tokens. */
  async feed(tokens: readonly number[]): Promise<Float32Array> {
    const { context } = this.#session.plan;
    const waiting = tokens.slice();
    if (this.#held.length + waiting.length > context) {
      const keep = Math.max(1, context >> 1);
      const all = [...this.#held, ...waiting];
      this.#clear();
      waiting.splice(0, waiting.length, ...all.slice(-keep));
    }
    for (const token of waiting) {
      this.#token.fill(token);
      await this.#replay.run({ seed: this.#seed, step: 0, position: this.#held.length });
      this.#held.push(token);
    }
    await this.#replay.flush();
    const logits = this.#replay.finished().at(-1)?.outputs["logits"];
    if (logits === undefined) throw new RuntimeFailure("program/invalid", "the decode program gives no `logits`", "compile the model again");
    return logits;
  }

  #clear(): void {
    this.#held = [];
    this.#session.plan.buffers.forEach((buffer, i) => {
      if (buffer.role === "cache") this.#session.clear(i);
    });
  }
}
