/**
 * @file `npm run fuzz -- decode [--seed N] [--count N | --minutes N]`: random models, and random index programs as architectures, generated from by every way that the compiler finds for
 * them and compared with the forward pass at every position. Each finding is printed with its seed and its text.
 */
import { parseArgs } from "node:util";
import { tryDecoding } from "../../tests/support/try-decoding.ts";

export async function fuzzDecoding(given: readonly string[]): Promise<number> {
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
  const totals = { incremental: 0, context: 0, refused: 0, invalid: 0, wrong: 0 };
  let seed = first;
  for (; seed < first + count && performance.now() < end; seed++) {
    if (seed > first && seed % 100 === 0) console.error(`seed ${seed}: ${totals.wrong} wrong`);
    const result = tryDecoding(seed);
    totals[result.kind]++;
    if (result.kind === "wrong") console.log(`--- seed ${seed}\n${result.why}\n${result.text}`);
  }
  const { incremental, context, refused, invalid, wrong } = totals;
  console.log(
    `seeds ${first} to ${seed - 1}: ${incremental} token by token, ${context} by the whole context, ${refused} not generated from, ${invalid} refused with a message, ${wrong} wrong`,
  );
  return wrong === 0 ? 0 : 1;
}
