/** @file `npm run fuzz -- WHAT [options]`: tries what a stranger might write or meet for as long as it is given. What it finds is printed with the seed that finds it again. */
import { fuzzDecoding } from "./decode.ts";
import { fuzzFaults } from "./faults.ts";
import { fuzzCache } from "./cache.ts";
import { fuzzPrograms } from "./programs.ts";
import { fuzzSlips } from "./slips.ts";
import { fuzzTexts } from "./text.ts";

const kinds: Readonly<Record<string, (given: readonly string[]) => Promise<number>>> = {
  cache: fuzzCache,
  decode: fuzzDecoding,
  faults: fuzzFaults,
  programs: fuzzPrograms,
  slips: fuzzSlips,
  text: fuzzTexts,
};

const [what = "", ...given] = process.argv.slice(2);
const run = kinds[what];
if (run === undefined) {
  console.error(`usage: npm run fuzz -- ${Object.keys(kinds).join(" | ")} [--seed N] [--count N | --minutes N]`);
  process.exitCode = 2;
} else process.exitCode = await run(given);
