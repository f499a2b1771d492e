/** @file No text leaves the comment that it is printed in. */
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { transformSync } from "esbuild";
import { expect, test } from "vitest";
import { commentText } from "../../codegen/text/comment.ts";

/** What ends, begins or continues comments somewhere. */
const pieces = [
  "*/",
  "/*",
  "*",
  "/",
  "//",
  "\\",
  "\\\n",
  "\\ ",
  "??/",
  "?",
  "\n",
  "\r",
  "\r\n",
  "\u2028",
  "\u2029",
  "\u0085",
  "\v",
  "\f",
  "\0",
  "\ufeff",
  "\u202e",
  "\ud800",
  "#error",
  "evil();",
  "`",
  "${evil()}",
  "</script>",
  "@ts-ignore",
  " ",
  "x",
  "é",
];
const hostile = fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((parts) => parts.join(""));
const texts = fc.sample(hostile, { numRuns: 2000, seed: 7 });

test("comments in TypeScript are comments whatever text is in them", () => {
  for (const text of texts) {
    const code = `/** ${commentText(text)} */ before();\n// ${commentText(text)}\nafter();`;
    expect(
      transformSync(code, { loader: "ts", minifyWhitespace: true, legalComments: "none" }).code,
      JSON.stringify(text),
    ).toBe("before();after();\n");
  }
});

test("comments in C are comments whatever text is in them, also where compilers know trigraphs", () => {
  const code = texts.map((text, i) => `/* ${commentText(text)} */ a${i}\n// ${commentText(text)}\nb${i}\n`).join("");
  const tokens = execFileSync("cc", ["-E", "-P", "-trigraphs", "-x", "c", "-"], { input: code, maxBuffer: 2 ** 26 })
    .toString()
    .split(/\s+/)
    .filter((token) => token !== "");
  expect(tokens).toEqual(texts.flatMap((_, i) => [`a${i}`, `b${i}`]));
});

test("a comment has no line end, no end and no beginning of a comment, which is all that WGSL looks for", () => {
  for (const text of texts) expect(commentText(text)).not.toMatch(/[\n\v\f\r\u0085\u2028\u2029\0]|\*\/|\/\*|\\/);
});

test("what is harmless stays as it is", () => {
  expect(commentText("d embed.w[V, D] = sum[t](x[t] * 2) / 3, naïve 日本")).toBe(
    "d embed.w[V, D] = sum[t](x[t] * 2) / 3, naïve 日本",
  );
});
