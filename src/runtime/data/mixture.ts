/**
 * @file Which source sample i comes from, and which of that source's samples it is. Samples are dealt in blocks: each block holds every source in exact proportion
 * (what rounding owes is carried over) in a random order. Weights that change over the run change from block to block. Any sample is found without
 * going through those before it.
 */
import { RuntimeFailure } from "../util/failure.ts";
import { mix } from "../../abi/random.ts";
import { permute } from "./permutation.ts";

/** A share of the samples: constant, linear over the run, or what the others leave. */
export type Weight = number | { readonly from: number; readonly to: number } | "rest";

export interface Draw {
  source: number;
  /** How many samples of the source came before. */
  ordinal: number;
}

const smallestBlock = 1024;
const mostBlocks = 65_536;

export class Mixture {
  readonly #sources: number;
  readonly #blocks: number;
  readonly #blockSize: number;
  readonly #key: number;
  /** Samples of each source before each block, [blocks + 1][sources]. */
  readonly #before: Float64Array;

  /** `total` is the number of samples of the run: where ramps end. */
  constructor(weights: readonly Weight[], total: number, seed: number) {
    this.#sources = weights.length;
    this.#blockSize = smallestBlock * Math.ceil(Math.max(1, total) / (smallestBlock * mostBlocks));
    this.#blocks = Math.max(1, Math.ceil(total / this.#blockSize));
    this.#key = mix((seed ^ 0x6d697865) >>> 0);
    this.#before = new Float64Array((this.#blocks + 1) * this.#sources);
    this.#deal(weights, total);
  }

  /** Writes the draw of sample `index` to `out`. Beyond the end of the run the last block's shares go on. */
  draw(index: number, out: Draw): void {
    if (this.#sources === 1) {
      // Nothing to deal: samples come in the source's own order.
      out.source = 0;
      out.ordinal = index;
      return;
    }
    const block = Math.floor(index / this.#blockSize);
    const row = Math.min(block, this.#blocks - 1);
    const place = permute(index - block * this.#blockSize, this.#blockSize, mix((this.#key + block) >>> 0));
    let from = 0;
    for (let source = 0; source < this.#sources; source++) {
      const before = this.#before[row * this.#sources + source] as number;
      const share = (this.#before[(row + 1) * this.#sources + source] as number) - before;
      if (place < from + share) {
        out.source = source;
        out.ordinal = before + (block - row) * share + place - from;
        return;
      }
      from += share;
    }
  }

  #deal(weights: readonly Weight[], total: number): void {
    const n = this.#sources;
    const owed = new Float64Array(n);
    for (let block = 0; block < this.#blocks; block++) {
      const progress = Math.min(1, ((block + 0.5) * this.#blockSize) / Math.max(1, total));
      const shares = sharesAt(weights, progress);
      let left = this.#blockSize;
      const counts = shares.map((share, source) => {
        owed[source] = (owed[source] as number) + share * this.#blockSize;
        const count = Math.max(0, Math.min(left, Math.floor(owed[source] as number)));
        owed[source] = (owed[source] as number) - count;
        left -= count;
        return count;
      });
      // What rounding left goes to those owed most.
      const most = counts.map((_, source) => source).toSorted((a, b) => (owed[b] as number) - (owed[a] as number));
      for (let i = 0; left > 0; i = (i + 1) % n, left--) {
        const source = most[i] as number;
        counts[source] = (counts[source] as number) + 1;
        owed[source] = (owed[source] as number) - 1;
      }
      for (let source = 0; source < n; source++) {
        this.#before[(block + 1) * n + source] =
          (this.#before[block * n + source] as number) + (counts[source] as number);
      }
    }
  }
}

/** The share of each source at a point of the run; they add up to 1. */
export function sharesAt(weights: readonly Weight[], progress: number): readonly number[] {
  const given = weights.map((weight) =>
    weight === "rest" ? 0 : typeof weight === "number" ? weight : weight.from + (weight.to - weight.from) * progress,
  );
  const sum = given.reduce((total, share) => total + share, 0);
  const takers = weights.filter((weight) => weight === "rest").length;
  const valid = given.every((share) => share >= 0) && (takers === 0 ? Math.abs(sum - 1) < 1e-6 : sum <= 1 + 1e-6);
  if (!valid) {
    const percent = (100 * sum).toFixed(1);
    throw new RuntimeFailure(
      "data/weights",
      `the weights of the sources add up to ${percent}% at ${Math.round(100 * progress)}% of the run`,
      "make them add up to 100%, or give one source the weight `rest`",
    );
  }
  return given.map((share, i) => (weights[i] === "rest" ? Math.max(0, 1 - sum) / takers : share));
}
