/** @file What a model knows of the text so far: tokens go in, the logits after the last of them come out. */
import type { Replay, Session } from "../session/device.ts";
import { RuntimeFailure } from "../util/failure.ts";
import { tokenInputs } from "../session/inputs.ts";
import type { Plan } from "../../abi/plan.ts";

export interface TextContext {
  /** Logits after the last of these tokens, which follow those fed before. Valid until the next call. */
  feed(tokens: readonly number[]): Promise<Float32Array>;
}

/** An empty context, of the kind that the compiler found for the model: caches of keys and values, or all tokens each time. */
export function openContext(session: Session, seed: number): TextContext {
  return session.plan.generation?.kind === "context"
    ? new WholeContext(session, seed)
    : new DecodeContext(session, seed);
}

/** How many of the last tokens are fed again when the context is full. */
export function keptOf({ context }: Plan): number {
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
