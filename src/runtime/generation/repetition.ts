/** @file The repetition penalty of CTRL (Keskar et al. 2019, arXiv:1909.05858, section 4.1), as Hugging Face's `RepetitionPenaltyLogitsProcessor` defines it. */
import { RuntimeFailure } from "../util/failure.ts";

/**
 * Makes tokens less likely that the prompt or the text has, however often: a positive logit is divided by the penalty, any other multiplied by it.
 * 1 changes nothing; below 1 invites repetition.
 */
export class RepetitionPenalty {
  readonly #penalty: number;
  readonly #seen: Set<number>;
  #changed = new Float32Array();

  constructor(penalty: number, prompt: Iterable<number>) {
    if (!(penalty > 0 && penalty < Infinity))
      throw new RuntimeFailure("sample/options", `repetition-penalty is ${penalty}, but must be above 0`);
    this.#penalty = penalty;
    this.#seen = new Set(prompt);
  }

  saw(token: number): void {
    this.#seen.add(token);
  }

  /** The logits with the penalty; those given stay as they are. Valid until the next call. */
  apply(logits: Float32Array): Float32Array {
    if (this.#penalty === 1) return logits;
    if (this.#changed.length !== logits.length) this.#changed = new Float32Array(logits.length);
    this.#changed.set(logits);
    for (const token of this.#seen) {
      const logit = logits[token];
      if (logit !== undefined) this.#changed[token] = logit < 0 ? logit * this.#penalty : logit / this.#penalty;
    }
    return this.#changed;
  }
}
