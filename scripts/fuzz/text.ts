/**
 * @file `npm run fuzz -- text [--seed N] [--count N | --minutes N]`: damaged sources through parser, checker, fixes and formatter. Each finding is
 * printed with its seed and its text.
 */
import { parseArgs } from "node:util";
import { mutatedText } from "../../tests/support/mutate-text.ts";
import { problemWith } from "../../tests/support/try-text.ts";

/** Of the processor's time, so that a busy machine finds nothing that is not there. */
const slowest = 5000;

export async function fuzzTexts(given: readonly string[]): Promise<number> {
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
  let found = 0;
  let seed = first;
  for (; seed < first + count && performance.now() < end; seed++) {
    if (seed > first && seed % 1000 === 0) console.error(`seed ${seed}: ${found} found`);
    const text = mutatedText(seed);
    const before = process.cpuUsage();
    const problem = await problemWith(text);
    const { user, system } = process.cpuUsage(before);
    const spent = (user + system) / 1000;
    const why = problem ?? (spent > slowest ? `took ${Math.round(spent)} ms` : undefined);
    if (why === undefined) continue;
    found++;
    console.log(`--- seed ${seed}: ${why}\n${JSON.stringify(text.length > 4000 ? `${text.slice(0, 4000)}…` : text)}`);
  }
  console.log(`seeds ${first} to ${seed - 1}: ${found} found`);
  return found === 0 ? 0 : 1;
}
