/** Formulas of plans: computed as JavaScript would, and able to do nothing else. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseArithmetic } from "../../src/runtime/session/arithmetic.ts";
import { scalarValues } from "../../src/runtime/session/derived.ts";

const names = ["step", "lr", "host1"];

const { expression } = fc.letrec<{ expression: string; operand: string }>((tie) => ({
  expression: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    tie("operand"),
    fc.tuple(fc.constantFrom("-", "!"), tie("operand")).map(([sign, a]) => `${sign}${a}`),
    fc.tuple(tie("operand"), fc.constantFrom("+", "-", "*", "/", "**"), tie("operand")).map((parts) => parts.join(" ")),
    fc
      .array(fc.tuple(tie("operand"), fc.constantFrom("+", "-", "*", "/")), { minLength: 1, maxLength: 4 })
      .chain((all) => tie("operand").map((last) => `${all.flat().join(" ")} ${last}`)),
    fc
      .tuple(tie("operand"), fc.constantFrom("<", "<=", "===", "!=="), tie("operand"))
      .map(([a, op, b]) => `Number(${a}) ${op} Number(${b}) ? ${b} : ${a}`),
    fc
      .tuple(tie("operand"), fc.constantFrom("&&", "||"), tie("operand"))
      .map(([a, op, b]) => `(${a} < 1) ${op} (${b} < 1) ? ${a} : -${b}`),
  ),
  operand: fc.oneof(
    fc.constantFrom(...names, "Math.PI"),
    fc
      .double({ noNaN: true, noDefaultInfinity: true, min: 0, max: 1e30 })
      .filter((x) => !Object.is(x, -0))
      .map(String),
    fc
      .tuple(
        fc.constantFrom("sqrt", "exp", "log", "sin", "cos", "tanh", "abs", "sign", "floor", "ceil", "trunc"),
        tie("expression"),
      )
      .map(([f, a]) => `Math.${f}(${a})`),
    fc
      .tuple(fc.constantFrom("min", "max"), tie("expression"), tie("expression"))
      .map(([f, a, b]) => `Math.${f}(${a}, ${b})`),
    tie("expression").map((a) => `(${a})`),
  ),
}));

test("gives what JavaScript gives, bit for bit", () => {
  fc.assert(
    fc.property(expression, fc.tuple(fc.double(), fc.double(), fc.integer()), (text, values) => {
      // oxlint-disable-next-line no-new-func -- what it is compared with
      const expected: unknown = new Function(...names, `"use strict"; return Number(${text});`)(...values);
      expect(parseArithmetic(text, names)?.(values)).toBe(expected);
    }),
    { numRuns: 500 },
  );
});

test.each([
  "process.exit(1)",
  "globalThis",
  "step.constructor",
  "(() => 1)()",
  "step = 2",
  "this",
  "`x`",
  "'x'",
  "Math.constructor",
  "Math.random()",
  "Math[0]",
  "import('fs')",
  "1; 2",
  "step // 1",
  "step /* 1 */",
  "new Date",
  "Math.sqrt",
  "Number.constructor(1)",
  "constructor",
  "__proto__",
  "toString()",
  "other + 1",
  "-2 ** 2",
  "",
  "(",
  "1 +",
  "a\u2028b",
])("refuses %s", (text) => refuses(text));

test("refuses what is nested or goes on without end", () => {
  for (const [open, close] of [
    ["(", ")"],
    ["-", ""],
    ["1 + ", ""],
    ["Math.abs(", ")"],
    ["2 ** ", ""],
    ["1 ? 1 : ", ""],
  ])
    refuses(`${open?.repeat(20_000)}1${close?.repeat(20_000)}`);
});

function refuses(text: string): void {
  expect(() =>
    scalarValues(
      [
        { name: "step", dtype: "u32" },
        { name: "evil", dtype: "f32", expression: text },
      ],
      "train",
    ),
  ).toThrow("the plan's expression for the scalar `evil` is not arithmetic");
}

test("computes scalars in order, from those given and those before", () => {
  const values = new Float64Array(3);
  scalarValues(
    [
      { name: "step", dtype: "u32" },
      { name: "left", dtype: "f32", expression: "1 - 0.9 ** step" },
      { name: "rate", dtype: "f32", expression: "1 / left" },
    ],
    "train",
  )({ step: 2 }, values);
  expect([...values]).toEqual([2, 1 - 0.9 ** 2, 1 / (1 - 0.9 ** 2)]);
  expect(() => scalarValues([{ name: "constructor", dtype: "f32" }], "train")({}, values)).toThrow(
    "without its scalar `constructor`",
  );
});
