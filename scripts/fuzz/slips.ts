/** @file `npm run fuzz -- slips [--seed N] [--count N a kind] [--kind NAME] [--specs PATTERN]`: plants single slips in right specs and judges what `llmc check` says of each. */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { globSync } from "tinyglobby";
import { describeSlip, draw, judge } from "../../tests/support/slips/judge.ts";
import { kinds } from "../../tests/support/slips/kinds.ts";
import { specs as usual } from "../../tests/support/slip-specs.ts";

export function fuzzSlips(given: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...given],
    options: {
      seed: { type: "string", default: "0" },
      count: { type: "string", default: "2" },
      kind: { type: "string" },
      specs: { type: "string" },
      said: { type: "boolean", default: false },
      all: { type: "boolean", default: false },
    },
  });
  const specs =
    values.specs === undefined
      ? usual
      : globSync(values.specs, { absolute: true }).map((name) => ({ name, text: readFileSync(name, "utf8") }));
  const total = { slips: 0, wrong: 0 };
  for (const kind of kinds) {
    if (values.kind !== undefined && !kind.name.includes(values.kind)) continue;
    const slips = draw(kind, specs, Number(values.count), Number(values.seed));
    if (slips.length === 0) console.error(`nowhere to plant: ${kind.name}`);
    for (const slip of slips) {
      const { wrong, said } = judge(slip);
      total.slips++;
      if (wrong !== undefined) total.wrong++;
      if (wrong !== undefined || values.all)
        console.log(`${wrong ?? "right"}: ${describeSlip(slip)}${values.said ? `\n${said}\n` : ""}`);
    }
  }
  console.log(`${total.slips} slips: ${total.slips - total.wrong} answered right, ${total.wrong} not`);
  return Promise.resolve(total.wrong === 0 ? 0 : 1);
}
