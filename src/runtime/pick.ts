/** @file Choosing the next token from logits: temperature, the k most likely, the smallest set that holds a share of the probability. */
import { RuntimeFailure } from "./failure.ts";

export interface PickOptions {
  /** 0 takes the most likely token. */
  readonly temperature: number;
  /** Keep only this many of the most likely tokens. */
  readonly topK?: number;
  /** Keep only the most likely tokens that together have at least this probability. */
  readonly topP?: number;
}

/** A reusable picker for a vocabulary of this size. */
export class Picker {
  readonly #options: PickOptions;
  readonly #order: Uint32Array;
  readonly #weights: Float64Array;

  constructor(vocabulary: number, options: PickOptions) {
    const { temperature, topK, topP } = options;
    if (!(temperature >= 0)) throw bad("temperature", temperature, "0 or more");
    if (topK !== undefined && !(Number.isInteger(topK) && topK >= 1)) throw bad("top-k", topK, "a whole number, 1 or more");
    if (topP !== undefined && !(topP > 0 && topP <= 1)) throw bad("top-p", topP, "above 0 and at most 1");
    this.#options = options;
    this.#order = new Uint32Array(vocabulary);
    this.#weights = new Float64Array(vocabulary);
  }

  /** The token that `u`, uniform in [0, 1), falls on. Ties are broken towards lower ids. */
  pick(logits: Float32Array, u: number): number {
    const { temperature, topK, topP } = this.#options;
    const n = this.#order.length;
    const best = argmax(logits, n);
    if (temperature === 0) return best;
    const highest = logits[best] as number;
    const weights = this.#weights;
    for (let i = 0; i < n; i++) weights[i] = Math.exp(((logits[i] as number) - highest) / temperature);
    if (topK === undefined && topP === undefined) return fall(weights, undefined, n, u);
    const order = this.#order;
    for (let i = 0; i < n; i++) order[i] = i;
    order.sort((a, b) => (weights[b] as number) - (weights[a] as number) || a - b);
    let kept = Math.min(topK ?? n, n);
    if (topP !== undefined) kept = nucleus(weights, order, kept, topP);
    return fall(weights, order, kept, u);
  }
}

function argmax(logits: Float32Array, n: number): number {
  let best = 0;
  for (let i = 1; i < n; i++) if ((logits[i] as number) > (logits[best] as number)) best = i;
  return best;
}

/** How many of the first tokens in `order` reach the share `topP` of the first `count`. */
function nucleus(weights: Float64Array, order: Uint32Array, count: number, topP: number): number {
  let total = 0;
  for (let i = 0; i < count; i++) total += weights[order[i] as number] as number;
  let sum = 0;
  for (let i = 0; i < count; i++) {
    sum += weights[order[i] as number] as number;
    if (sum >= topP * total) return i + 1;
  }
  return count;
}

/** The token at share `u` of the weight of the first `count` tokens, in `order` if given. */
function fall(weights: Float64Array, order: Uint32Array | undefined, count: number, u: number): number {
  let total = 0;
  for (let i = 0; i < count; i++) total += weights[order === undefined ? i : (order[i] as number)] as number;
  let left = u * total;
  let token = 0;
  for (let i = 0; i < count; i++) {
    token = order === undefined ? i : (order[i] as number);
    left -= weights[token] as number;
    if (left < 0) return token;
  }
  return token;
}

function bad(what: string, value: number, range: string): RuntimeFailure {
  return new RuntimeFailure("sample/options", `${what} is ${value}, but must be ${range}`);
}
