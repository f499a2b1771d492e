/** @file The formatter: what it leaves alone, what it makes of a mess, and that it never changes what a file says. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { globSync } from "tinyglobby";
import { describe, expect, test } from "vitest";
import type { File } from "../../grammar/syntax/ast.ts";
import { parseFile } from "../../grammar/parse.ts";
import { formatText } from "../../grammar/print.ts";
import { declaration } from "../support/random-source.ts";

const root = new URL("../../", import.meta.url);
const shipped = globSync("{stdlib,models}/**/*.llm", { cwd: root.pathname });
const files = [
  "tests/fixtures/language/sample.llm",
  "tests/fixtures/language/hard-cases.llm",
  "docs/examples/curated.llm",
  ...shipped,
];

function tree(text: string): File {
  const { file, diagnostics } = parseFile({ path: "test.llm", text });
  expect(
    diagnostics.filter((diagnostic) => diagnostic.severity === "error").map((diagnostic) => diagnostic.message),
  ).toEqual([]);
  return file;
}

/** The tree without its places. */
function meaning(text: string): unknown {
  return JSON.parse(
    JSON.stringify(tree(text), (key, value: unknown) => (key === "span" || key === "bodySpan" ? undefined : value)),
  );
}

function comments(text: string): readonly string[] {
  return [...text.matchAll(/\/\/ c\d+/g)].map(([comment]) => comment).toSorted();
}

describe("whole files", () => {
  test.each(files)("%s keeps its meaning, and formatting it again changes nothing", async (name) => {
    const text = readFileSync(new URL(name, root), "utf8");
    const once = await formatText(text);
    expect(meaning(once)).toEqual(meaning(text));
    expect(await formatText(once)).toBe(once);
  });

  test("the sample is already in the canonical style", async () => {
    const text = readFileSync(new URL("tests/fixtures/language/sample.llm", root), "utf8");
    expect(await formatText(text)).toBe(text);
  });

  test.each(shipped)("%s is in the canonical style", async (name) => {
    const text = readFileSync(new URL(name, root), "utf8");
    expect(await formatText(text)).toBe(text);
  });
});

test("runs are aligned, empty lines collapse, brackets that break stay broken, commas follow the style", async () => {
  const messy = `//! File.


op f(x:[T,D],y=1)->z:[T]where T>1,D>1{a[t]=x[t,0]+1
 long[t,d]=y
 next m=a


 learn w:[D]
 learn gain:[D,D]=ones
}
op g( x )->y{y=x^2 // square
}
model M:enc( 1,2 ){data:D
 dims{
T=256 L=6
 Width=2*T
 H=8}
 embed:f(
 a,b)
 head:[a,b,] }
data D{source a{files:"x",weight:rest}split {
train:98% }}
`;
  expect(await formatText(messy)).toBe(`//! File.

op f(x: [T, D], y = 1) -> z: [T]
  where T > 1, D > 1
{
  a[t]       = x[t, 0] + 1
  long[t, d] = y
  next m = a

  learn w: [D]
  learn gain: [D, D] = ones
}
op g(x) -> y {
  y = x ^ 2 // square
}
model M: enc(1, 2) {
  data: D
  dims {
    T = 256  L = 6
    Width = 2 * T
    H     = 8
  }
  embed: f(
    a,
    b,
  )
  head:  [a, b]
}
data D {
  source a { files: "x", weight: rest }
  split {
    train: 98%
  }
}
`);
});

test("long lines break at their brackets, then before their operators", async () => {
  const term = "sum[e](left_hand_side[t, h, e] * right_hand_side[t, h, e])";
  const text = `op f(x) -> y { y[t, h] = ${term} + ${term} - ${term} }\ntrain T { schedule: [${Array.from({ length: 6 }, (_, i) => `step${i}(over: 10%, power: 2)`).join(", ")}] }\n`;
  expect(await formatText(text)).toBe(`op f(x) -> y {
  y[t, h] = ${term}
    + ${term}
    - ${term}
}
train T {
  schedule: [
${Array.from({ length: 6 }, (_, i) => `    step${i}(over: 10%, power: 2),\n`).join("")}  ]
}
`);
});

test("comments stay with what they are about", async () => {
  const text = `// before
import { a } from std // beside

/// doc
op f(
  x: [T], // first
  // second
  y = 1,
) -> z: [T] { // opened
  // own
  a = x // a's
    + 1

  // end
}
model M { // opened
  // empty follows
  dims {
    // none
  }
  a: 1 // one
  // last
}
// the end
`;
  expect(await formatText(text)).toBe(`// before
import { a } from std // beside

/// doc
op f(
  x: [T], // first
  // second
  y = 1,
) -> z: [T] {
  // opened
  // own
  a = x // a's
    + 1

  // end
}
model M {
  // opened
  // empty follows
  dims {
    // none
  }
  a: 1 // one
  // last
}
// the end
`);
});

test("a text with a syntax error is not touched", async () => {
  await expect(formatText("op f(x) -> y { y = }")).rejects.toMatchObject({ loc: { start: { line: 1, column: 20 } } });
});

/** What may stand between two words. Comments are numbered so that none can be lost unseen. */
const gap = fc.constantFrom(" ", " ", " ", " ", "  ", "\n  ", "\n\n\n ", " // c\n  ", "\n  // c\n  ");

test("any program keeps its meaning and its comments, and is stable after formatting once", async () => {
  const program = fc.array(
    fc.tuple(
      declaration,
      fc.array(gap, { minLength: 1, maxLength: 40 }),
      fc.constantFrom("\n", "\n\n\n", " // c\n", "\n// c\n"),
    ),
    { minLength: 1, maxLength: 3 },
  );
  await fc.assert(
    fc.asyncProperty(program, async (declarations) => {
      let count = 0;
      const text = declarations
        .map(
          ([words, gaps, end]) =>
            words.map((word, i) => (i === words.length - 1 ? word : word + (gaps[i % gaps.length] ?? " "))).join("") +
            end,
        )
        .join("")
        .replace(/\/\/ c$/gm, () => `// c${count++}`);
      fc.pre(parseFile({ path: "", text }).diagnostics.length === 0);
      const once = await formatText(text);
      expect(meaning(once)).toEqual(meaning(text));
      expect(comments(once)).toEqual(comments(text));
      expect(await formatText(once)).toBe(once);
    }),
    { numRuns: Number(process.env["RUNS"] ?? 100) },
  );
});
