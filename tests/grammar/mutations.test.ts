/** @file Damaged sources through parser, checker, fixes and formatter: the first ones of `npm run fuzz -- text`, on fixed seeds. */
import { expect, test } from "vitest";
import { mutatedText } from "../support/mutate-text.ts";
import { problemWith } from "../support/try-text.ts";

const seeds = Array.from({ length: 8 }, (_, i) => i);
const each = 50;

test.each(seeds)(
  "sources %i fifties on",
  async (part) => {
    const found: string[] = [];
    for (let seed = part * each; seed < (part + 1) * each; seed++) {
      const problem = await problemWith(mutatedText(seed));
      if (problem !== undefined) found.push(`seed ${seed}: ${problem}`);
    }
    expect(found).toEqual([]);
  },
  120_000,
);
