/** @file The two messages that the design of the language promises, letter by letter. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { renderDiagnostics } from "../../src/diagnostics/render-terminal.ts";
import { checkSource } from "../support/check-source.ts";

const folder = new URL("../fixtures/language/", import.meta.url);
const sample = readFileSync(new URL("sample.llm", folder), "utf8");

function messages(from: string, to: string): string {
  const text = sample.replace(from, to);
  expect(text).not.toBe(sample);
  const source = text.replace('"./sources.llm"', `"${new URL("sources.llm", folder).pathname}"`);
  return renderDiagnostics(checkSource({ path: "models/tiny.llm", text: source }, [""]));
}

test("swapped indices are named, with the axes, their sizes, where the size was set, and the mend", () => {
  expect(messages("wo[h, e, d]", "wo[h, d, e]")).toBe(
    `
error[shape/axis-mismatch]: \`d\` and \`e\` are swapped in \`wo[h, d, e]\`
   ┌─ models/tiny.llm:44:39
   │
39 │   learn wo: [H, E, D] = normal(std: 0.02 / sqrt(2 * L))
   │             ───────── declared here
   ·
44 │   y[t, d]    = sum[h, e](o[t, h, e] * wo[h, d, e])
   │                                       ^^^^^^^^^^^ axis 2 is E = 32, but \`d\` ranges over D = 192
     declared  H  E   D
     indexed   h  d   e
     sizes     6  32  192
   help: write \`wo[h, e, d]\`                      (llmc check --fix)
   in   Tiny → layers → layer → mix: attention    (D = 192 set at :55)`.trimStart(),
  );
});

test("a constraint between sizes shows both of them, and which values would do", () => {
  expect(messages("G = 2  E", "G = 4  E")).toBe(
    `
error[shape/constraint]: \`attend\` needs H to be a multiple of G, but 6 mod 4 = 2
   ┌─ models/tiny.llm:55:37
   │
27 │   where H mod G == 0
   │         ──────────── \`attend\` requires this
   ·
55 │     T = 256  L = 6  D = 192  H = 6  G = 4  E = D / H
   │                              ─────  ^^^^^
   │                              H = 6
   help: G can be 1, 2, 3 or 6; or set H to 4, 8 or 12`.trimStart(),
  );
});

test("the sample says nothing against itself", () => {
  expect(messages("data/tales/*.txt", "data/tales/*.txt ")).toBe("");
});
