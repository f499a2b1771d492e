/**
 * @file Windows of a text, each with its anchor: a part of it that follows from what the window holds, so that equal windows have equal anchors (winnowing;
 * Schleimer, Wilkerson, Aiken 2003). Neighbours share anchors, so there are far fewer of them than windows.
 */
import { mix } from "../../abi/random.ts";

/** Any odd number that spreads bits. */
const base = 0x01000193;

/**
 * Calls `visit` for each window of `length` bytes with where its anchor of `part` bytes begins: the one with the least hash, the last of equal ones.
 * Anchors do not go back, so the same anchor comes in a row.
 */
export function eachWindow(
  bytes: Uint8Array,
  length: number,
  part: number,
  visit: (start: number, anchor: number) => void,
): void {
  /** Anchors that a window may have, and their hashes: those of the last window alone are kept. */
  const choices = length - part + 1;
  const ranks = new Uint32Array(choices);
  let power = 1;
  for (let i = 1; i < part; i++) power = Math.imul(power, base);
  let rolling = 0;
  let [best, least] = [-1, 0];
  for (let end = 1; end <= bytes.length; end++) {
    if (end > part) rolling = (rolling - Math.imul(power, bytes[end - part - 1] ?? 0)) | 0;
    rolling = (Math.imul(rolling, base) + (bytes[end - 1] ?? 0)) | 0;
    const at = end - part;
    if (at < 0) continue;
    const rank = (ranks[at % choices] = mix(rolling));
    if (best < 0 || rank <= least) [best, least] = [at, rank];
    else if (best <= at - choices) {
      best = at - choices + 1;
      least = ranks[best % choices] ?? 0;
      for (let i = best + 1; i <= at; i++) {
        const other = ranks[i % choices] ?? 0;
        if (other <= least) [best, least] = [i, other];
      }
    }
    if (end >= length) visit(end - length, best);
  }
}
