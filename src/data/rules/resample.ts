/**
 * @file Documents drawn as often as a number in one of their other fields says: upsampling of what is good, and downsampling of what is not (FineWeb-2 repeats documents so by the
 * size of their clusters of duplicates). Weight 2.3 gives two copies, and a third with probability 0.3, decided by the document's id.
 */
import { missing as absent, valueAt } from "../read/stream/item.ts";
import { keyedUniform } from "../text/keyed.ts";
import { numberIn, parseFields } from "./condition.ts";
import type { DocumentRule } from "./rule.ts";

export interface ResampleOptions {
  /** The field with the weight, whole or as a path. */
  readonly by: string;
  /** What the weight is multiplied by. */
  readonly times: number;
  /** The largest weight, after that; at most 16, since the copies of a shard are in memory. */
  readonly atMost: number;
  /** What happens to a document without a number there: it stays once, or goes. */
  readonly missing: "keep" | "drop";
}
export const resampleDefaults: Omit<ResampleOptions, "by"> = { times: 1, atMost: 4, missing: "keep" };

export function resample(options: Pick<ResampleOptions, "by"> & Partial<ResampleOptions>): DocumentRule {
  const { by, times, atMost, missing } = { ...resampleDefaults, ...options };
  return (text, id, metadata) => {
    const value = valueAt(parseFields(metadata), by);
    const number = typeof value === "string" ? numberIn(value) : value;
    if (typeof number !== "number") {
      if (missing === "keep") return { kind: "keep", text, counts: { "without a weight": 1 } };
      const none = value === absent || value === null || (typeof value === "string" && value.trim() === "");
      return { kind: "drop", reason: none ? "missing_field" : "wrong_type", detail: by };
    }
    const detail = `${by} is ${number}`;
    if (number < 0) return { kind: "drop", reason: "negative_weight", detail };
    const weight = Math.min(number * times, atMost);
    const copies = Math.floor(weight) + (keyedUniform(id, "resample") < weight % 1 ? 1 : 0);
    return copies === 0
      ? { kind: "drop", reason: "not_drawn", detail }
      : { kind: "keep", text, copies, ...(copies > 1 ? { counts: { copies: copies - 1 } } : {}) };
  };
}
