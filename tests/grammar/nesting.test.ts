/** @file Nesting: 60 levels of anything are read, and 10,000 are refused with a message. */
import { describe, expect, test } from "vitest";
import { formatText } from "../../grammar/print.ts";
import { checkSource } from "../support/check-source.ts";

const kinds: Readonly<Record<string, (levels: number) => string>> = {
  parentheses: (n) => `op f(x) -> y { y = ${"(".repeat(n)}x${")".repeat(n)} }`,
  calls: (n) => `op f(x) -> y { y = ${"abs(".repeat(n)}x${")".repeat(n)} }`,
  brackets: (n) => `op f(x: [T] of T) -> y: [T] { y[t] = 1.0 * ${"x[".repeat(n)}t${"]".repeat(n)} }`,
  conditions: (n) => `op f(x: [T]) -> y: [T] { y[t] = ${"if x[t] < 1 then 0 else ".repeat(n)}x[t] }`,
  "conditions inside of the first branch": (n) =>
    `op f(x: [T]) -> y: [T] { y[t] = ${"if x[t] < 1 then ".repeat(n)}x[t]${" else 0".repeat(n)} }`,
  signs: (n) => `op f(x) -> y { y = ${"-".repeat(n)}x }`,
  negations: (n) => `op f(x: [T]) -> y: [T] { y[t] = if ${"not ".repeat(n)}x[t] < 1 then 1 else 2 }`,
  powers: (n) => `op f(x: [T]) -> y: [T] { y[t] = ${"x[t] ^ ".repeat(n)}x[t] }`,
  sums: (n) => `op f(x: [T]) -> y: [T] { y[t] = ${"x[t] + ".repeat(n)}x[t] }`,
};

describe.each(Object.entries(kinds))("%s", (_kind, text) => {
  test("of 60 levels are checked and formatted", async () => {
    const source = text(60);
    expect(checkSource({ path: "deep.llm", text: source }, [])).toEqual([]);
    const once = await formatText(source);
    expect(await formatText(once)).toBe(once);
  });

  test.each(["", " zz zz"])("of 10,000 levels are refused, with or without another slip: %j", (slip) => {
    const codes = checkSource({ path: "deep.llm", text: `${text(10_000)}${slip}` }, []).map((d) => d.code);
    expect(codes.filter((code) => slip !== "" || code === "syntax/too-deep").join()).toMatch(/^syntax/);
  });
});

test("a mistake at any depth is a message", () => {
  for (let n = 1; n < 64; n++) {
    for (const text of [kinds["calls"], kinds["conditions"]]) {
      const [first] = checkSource({ path: "deep.llm", text: text?.(n).replace(/x(?=[^x]*$)/, "x y +") ?? "" }, []);
      expect(first?.code).toMatch(/^syntax/);
    }
  }
});

test("bodies in bodies are formatted in a time that grows with their number", async () => {
  const text = `model M { ${"a { ".repeat(60)}b: 1${" }".repeat(60)} }\n`;
  expect((await formatText(text)).replace(/\s+/g, " ").trim()).toBe(text.replace(/\s+/g, " ").trim());
});
