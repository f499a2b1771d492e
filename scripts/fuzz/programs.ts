/**
 * @file `npm run fuzz -- programs [--seed N] [--count N | --minutes N] [--all] [--text] [--shrink]`: random valid programs, compiled whole and compared with the f64
 * evaluator on every machine. Each finding is printed with its seed and its text.
 */
import { parseArgs } from "node:util";
import { randomProgram } from "../../tests/support/random-program.ts";
import { shrink } from "../../tests/support/shrink-program.ts";
import { everywhere, tryProgram } from "../../tests/support/try-program.ts";

export async function fuzzPrograms(given: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...given],
    options: {
      seed: { type: "string", default: "0" },
      count: { type: "string" },
      minutes: { type: "string", default: "5" },
      all: { type: "boolean", default: false },
      text: { type: "boolean", default: false },
      shrink: { type: "boolean", default: false },
    },
  });
  const first = Number(values.seed);
  const count = values.count === undefined ? Infinity : Number(values.count);
  const end = performance.now() + (values.count === undefined ? Number(values.minutes) * 60_000 : Infinity);
  const totals = { right: 0, invalid: 0, wrong: 0 };
  let seed = first;
  for (; seed < first + count && performance.now() < end; seed++) {
    const program = randomProgram(seed);
    if (values.text) console.log(program.text);
    if (seed > first && seed % 100 === 0)
      console.error(`seed ${seed}: ${totals.right} right, ${totals.wrong} wrong, ${totals.invalid} refused`);
    // WebGPU and one width of vectors each time, the software adapter's kernels now and then: a dozen programs see them all.
    const machines = everywhere.filter(
      (_, i) => values.all || i === 0 || i === 2 + (seed % 3) || (i === 1 && seed % 4 === 0),
    );
    const result = await tryProgram(program, machines);
    totals[result.kind]++;
    if (result.kind !== "wrong") continue;
    console.log(
      `--- seed ${seed}, batch ${program.batch}${program.memory === undefined ? "" : `, memory ${program.memory}`}\n${result.why}\n${program.text}`,
    );
    if (!values.shrink) continue;
    // What is left must be wrong in the same way: programs without a finite loss are wrong in others.
    const failed = machines.filter(({ name }) => result.why.startsWith(name));
    const alike = /allowed [\d.e-]+/.exec(result.why)?.[0] ?? "Error";
    console.log(
      `--- shrunken:\n${await shrink(program.text, async (text) => {
        const again = await tryProgram({ ...program, text }, failed);
        return again.kind === "wrong" && again.why.includes(alike);
      })}`,
    );
  }
  console.log(
    `seeds ${first} to ${seed - 1}: ${totals.right} right, ${totals.wrong} wrong, ${totals.invalid} refused with a message`,
  );
  return totals.wrong === 0 ? 0 : 1;
}
