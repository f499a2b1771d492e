/** @file Numbers made from a document's id: a choice about a document is then the same in any order, on any number of workers. */
import { mix } from "../../abi/random.ts";

/** A 32-bit hash of a key, different for each purpose. */
export function keyedHash(key: string, purpose: string): number {
  let hash = 0x811c9dc5;
  for (const part of [purpose, "\0", key])
    for (let i = 0; i < part.length; i++) hash = Math.imul(hash ^ part.charCodeAt(i), 0x01000193);
  return mix(hash >>> 0);
}

/** A number in [0, 1) with 53 random bits. */
export const keyedUniform = (key: string, purpose: string): number =>
  ((keyedHash(key, purpose) >>> 5) * 2 ** 26 + (keyedHash(key, `${purpose}+`) >>> 6)) / 2 ** 53;
