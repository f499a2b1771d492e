/**
 * @file `npm run fuzz -- faults [--only COMMAND] [--every N] [--minutes N]`: every operation of every command that changes the disk fails once in each way, or is the last
 * before the process is killed. With `--every`, one in so many, beginning at `--seed`.
 */
import { rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { faultCodes, prepare, scenarios, tryFault } from "../../tests/support/faults/try-fault.ts";

export async function fuzzFaults(given: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...given],
    options: {
      seed: { type: "string", default: "0" },
      every: { type: "string", default: "1" },
      minutes: { type: "string", default: "600" },
      only: { type: "string" },
    },
  });
  const end = performance.now() + Number(values.minutes) * 60_000;
  let [tried, wrong] = [0, 0];
  for (const scenario of scenarios) {
    if (values.only !== undefined && scenario.name !== values.only) continue;
    const prepared = prepare(scenario);
    console.log(`${scenario.name}: ${prepared.operations} operations`);
    for (
      let at = Number(values.seed);
      at < prepared.operations && performance.now() < end;
      at += Number(values.every)
    ) {
      for (const code of faultCodes) {
        const problem = tryFault(prepared, at, code);
        tried++;
        if (problem === undefined) continue;
        wrong++;
        console.log(`--- ${problem}`);
      }
    }
    rmSync(prepared.folder, { recursive: true });
  }
  console.log(`${tried} faults: ${wrong} wrong`);
  return wrong === 0 ? 0 : 1;
}
