/**
 * @file Single slips in a right spec, one of each kind: what is said is one error, of the right kind, at its place, with the help that mends it, and a fix restores what
 * was meant. `npm run fuzz -- slips` plants them at other places and in other specs.
 */
import { expect, test } from "vitest";
import { describeSlip, draw, judge } from "../support/slips/judge.ts";
import { kinds } from "../support/slips/kinds.ts";
import { specs } from "../support/slip-specs.ts";

const whole = specs.filter(({ name }) => name === "tests/fixtures/slips/whole.llm");

/** Those like others of the list are left to the script. */
const alike = new Set([
  "`]` left out",
  "`[` left out",
  "`]` twice",
  "`)` for `]`",
  "comma twice",
  "`=` left out of an equation",
  "an operator twice",
  "a misspelt op in a field",
  "a misspelt data",
  "a misspelt `else`",
  "a misspelt variant's model",
  "a misspelt model of train",
  "`None`",
  "`||`",
  "`[:, d]`",
  "`+=`",
  "`;` behind a line",
  "`\\sqrt`",
  "`%` for `mod`",
  "`const`",
  "blanks at the end of a line",
  "an index too many",
  "a parameter twice",
  "sequences for steps",
  "steps for sequences",
  "a negative size",
  "a negative rate",
  "a size of zero",
  "`5 %`",
  "`1e-3f`",
  "`1_000`",
  "`def`",
  "a small letter for a dim",
  "a misspelt data of the vocabulary",
  "an index too few",
  "no unit",
  "a number for a path",
  "a schedule for an optimizer",
]);

test.each(kinds.filter(({ name }) => !alike.has(name)))("$name is one error, and a right answer", (kind) => {
  const slips = draw(kind, whole, 1, 3);
  expect(slips).toHaveLength(1);
  for (const slip of slips) {
    const { wrong, said } = judge(slip);
    expect(wrong === undefined ? undefined : `${describeSlip(slip)}: ${wrong}\n${said}`).toBeUndefined();
  }
});
