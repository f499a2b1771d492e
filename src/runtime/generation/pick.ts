/** @file Choosing the next token from logits: temperature, the k most likely, the smallest set that holds a share of the probability, those near the most likely; in this order, which is that of Hugging Face's `generate`. */
import { RuntimeFailure } from "../util/failure.ts";

export interface PickOptions {
  /** 0 takes the most likely token. */
  readonly temperature: number;
  /** Keep only this many of the most likely tokens. */
  readonly topK?: number;
  /** Keep only the most likely tokens that together have at least this probability. */
  readonly topP?: number;
  /** Then keep only tokens at least this share as probable as the most likely one (Nguyen et al. 2024, arXiv:2407.01082). */
  readonly minP?: number;
}

/**
 * A reusable picker for a vocabulary of this size. Nothing is sorted: a few passes over the logits find the least likely token that is kept, so that a vocabulary of
 * fifty thousand costs well under a millisecond.
 */
export class Picker {
  readonly #options: PickOptions;
  readonly #weights: Float64Array;
  readonly #scratch: Float64Array;

  constructor(vocabulary: number, options: PickOptions) {
    const { temperature, topK, topP, minP } = options;
    if (!(temperature >= 0)) throw bad("temperature", temperature, "0 or more");
    if (topK !== undefined && !(Number.isInteger(topK) && topK >= 1))
      throw bad("top-k", topK, "a whole number, 1 or more");
    if (topP !== undefined && !(topP > 0 && topP <= 1)) throw bad("top-p", topP, "above 0 and at most 1");
    if (minP !== undefined && !(minP >= 0 && minP <= 1)) throw bad("min-p", minP, "0 to 1");
    this.#options = options;
    this.#weights = new Float64Array(vocabulary);
    this.#scratch = new Float64Array(vocabulary);
  }

  /** The token that `u`, uniform in [0, 1), falls on. Ties are broken towards lower ids. */
  pick(logits: Float32Array, u: number): number {
    const { temperature, topK, topP, minP } = this.#options;
    const weights = this.#weights;
    const n = weights.length;
    requireNumbers(logits, n);
    const best = argmax(logits, n);
    if (temperature === 0) return best;
    const highest = logits[best] as number;
    // Exponentials are most of the work: only what may be drawn has one.
    for (let i = 0; i < n; i++) weights[i] = (logits[i] as number) - highest;
    if (topK !== undefined && topK < n) this.#keep(topK, -Infinity, () => 1);
    for (let i = 0; i < n; i++)
      weights[i] = weights[i] === -Infinity ? 0 : Math.exp((weights[i] as number) / temperature);
    if (topP !== undefined) this.#keep(topP * sumOf(weights), 0, (weight) => weight);
    // The most likely token weighs 1.
    if (minP !== undefined) for (let i = 0; i < n; i++) if ((weights[i] as number) < minP) weights[i] = 0;
    return fall(weights, u);
  }

  /** Keeps the largest weights that together count at least so much; all others become `none`. */
  #keep(wanted: number, none: number, counts: (weight: number) => number): void {
    const weights = this.#weights;
    let candidates = 0;
    for (let i = 0; i < weights.length; i++)
      if ((weights[i] as number) > none) this.#scratch[candidates++] = weights[i] as number;
    const least = leastKept(this.#scratch.subarray(0, candidates), wanted, counts);
    let sum = 0;
    for (let i = 0; i < weights.length; i++) if ((weights[i] as number) > least) sum += counts(weights[i] as number);
    for (let i = 0; i < weights.length; i++) {
      const weight = weights[i] as number;
      if (weight > least) continue;
      if (weight === least && sum < wanted) sum += counts(weight);
      else weights[i] = none;
    }
  }
}

/** Minus infinity rules a token out; otherwise logits are numbers, or the weights are none. */
function requireNumbers(logits: Float32Array, n: number): void {
  for (let i = 0; i < n; i++) {
    if ((logits[i] as number) < Infinity) continue;
    throw new RuntimeFailure(
      "sample/not-finite",
      `the model gives ${logits[i]} for token ${i}, which is no number to draw by: its weights have diverged`,
      "take an earlier checkpoint, or train with a lower learning rate",
    );
  }
}

/** The weight with which the largest weights come to count so much, by partitions as in quicksort; changes their order. */
function leastKept(weights: Float64Array, wanted: number, counts: (weight: number) => number): number {
  let [low, high, before] = [0, weights.length - 1, 0];
  while (low < high) {
    const pivot = medianOfThree(weights[low] as number, weights[(low + high) >> 1] as number, weights[high] as number);
    let [i, j] = [low, high];
    while (i <= j) {
      while ((weights[i] as number) > pivot) i++;
      while ((weights[j] as number) < pivot) j--;
      if (i > j) break;
      const swapped = weights[i] as number;
      weights[i++] = weights[j] as number;
      weights[j--] = swapped;
    }
    // Now [low, j] are not below the pivot, [i, high] not above, and what is between equals it.
    let left = before;
    for (let at = low; at <= j; at++) left += counts(weights[at] as number);
    if (left >= wanted) {
      high = j;
      continue;
    }
    before = left;
    if (i - j > 1) {
      before += counts(pivot);
      if (before >= wanted) return pivot;
    }
    low = i;
  }
  return weights[Math.min(low, weights.length - 1)] as number;
}

const medianOfThree = (a: number, b: number, c: number): number =>
  Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));

function argmax(logits: Float32Array, n: number): number {
  let best = 0;
  for (let i = 1; i < n; i++) if ((logits[i] as number) > (logits[best] as number)) best = i;
  return best;
}

function sumOf(weights: Float64Array): number {
  let total = 0;
  for (let i = 0; i < weights.length; i++) total += weights[i] as number;
  return total;
}

/** The token at share `u` of all weight. */
function fall(weights: Float64Array, u: number): number {
  let left = u * sumOf(weights);
  let token = 0;
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i] as number;
    if (weight === 0) continue;
    token = i;
    left -= weight;
    if (left < 0) return token;
  }
  return token;
}

function bad(what: string, value: number, range: string): RuntimeFailure {
  return new RuntimeFailure("sample/options", `${what} is ${value}, but must be ${range}`);
}
