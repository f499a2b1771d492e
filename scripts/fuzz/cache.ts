/** @file `npm run fuzz -- cache [--seed N] [--count N | --minutes N]`: flips a bit of the cache, of kernels as of text, and looks whether it is noticed and everything as before. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { cacheToFlip } from "../../tests/support/flip-cache.ts";

export async function fuzzCache(given: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...given],
    options: {
      seed: { type: "string", default: "0" },
      count: { type: "string" },
      minutes: { type: "string", default: "5" },
    },
  });
  const first = Number(values.seed);
  const count = values.count === undefined ? Infinity : Number(values.count);
  const end = performance.now() + (values.count === undefined ? Number(values.minutes) * 60_000 : Infinity);
  const folder = mkdtempSync(join(tmpdir(), "llmc-flips-"));
  process.env["XDG_CACHE_HOME"] = join(folder, "cache");
  let found = 0;
  let seed = first;
  try {
    const cache = await cacheToFlip(folder);
    for (; seed < first + count && performance.now() < end; seed++) {
      if (seed > first && seed % 100 === 0) console.error(`seed ${seed}: ${found} found`);
      const problem = await cache.flip(seed);
      if (problem === undefined) continue;
      found++;
      console.log(`--- seed ${seed}: ${problem}`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(`seeds ${first} to ${seed - 1}: ${found} found`);
  return found === 0 ? 0 : 1;
}
