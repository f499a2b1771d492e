/**
 * @file Sources as they come from people, editors and generators: declarations of the repository's own files, put together and then
 * damaged token by token and line by line. The same seed gives the same text.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { globSync } from "tinyglobby";

const root = fileURLToPath(new URL("../../", import.meta.url));
const patterns = ["stdlib/*.llm", "models/**/*.llm", "docs/examples/*.llm", "tests/fixtures/**/*.llm"];

interface Corpus {
  /** Each file cut into its declarations. */
  readonly files: readonly (readonly string[])[];
  readonly words: readonly string[];
}

let loaded: Corpus | undefined;

function corpus(): Corpus {
  if (loaded) return loaded;
  const texts = globSync(patterns, { cwd: root })
    .toSorted()
    .map((name) => readFileSync(root + name, "utf8").split("\n// ---\n")[0] ?? "");
  const words = [...new Set(texts.flatMap(tokens))].filter((word) => word.trim() !== "" && !word.startsWith("//"));
  loaded = {
    files: texts.map((text) =>
      text.split(/\n(?=(?:\/\/\/|op|block|model|data|train|eval|variant|compare|import|tokenizer)\b)/),
    ),
    words,
  };
  return loaded;
}

function tokens(text: string): readonly string[] {
  return (
    text.match(/[A-Za-z_][\w']*|\d[\w.]*%?|"""[\s\S]*?"""|"[^"\n]*"|\/\/[^\n]*|\s+|->|\|>|\.\.|[=!<>]=|[^\s\w]/g) ?? []
  );
}

interface Random {
  /** A whole number from 0 to below `n`. */
  readonly below: (n: number) => number;
  readonly pick: <T>(items: readonly T[]) => T;
}

function randomOf(seed: number): Random {
  let state = (seed * 0x9e3779b1) >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (n: number): number => Math.floor(next() * n);
  return { below, pick: (items) => items[below(items.length)] as (typeof items)[number] };
}

const numbers = [
  "0",
  "1",
  "-1",
  "0.5",
  "1e400",
  "1e-400",
  "2147483647",
  "2147483648",
  "10000000000",
  "9007199254740993",
  "1e15",
  "16Gi",
  "100%",
  "7.",
  "3 steps",
  "0x10",
  "1_000",
  "NaN",
  "inf",
];
const strange = [
  "\r",
  "\r\n",
  "\t",
  "\u00a0",
  "\ufeff",
  "\0",
  "\u001b[31m",
  "\u0085",
  "\u2028",
  "\u202e",
  "\ud800",
  "é",
  "γ",
  "×",
  "≤",
  "→",
  "“",
  "日本",
  "😀",
  "'",
  "`",
  "\\",
  "@",
  "**",
  "//",
  "///",
  "//!",
  '"',
  '"""',
];
const wraps = [
  ["(", ")"],
  ["[", "]"],
  ["{", "}"],
  ["abs(", ")"],
  ["if x < 1 then ", " else 0"],
  ["-", ""],
  ["not ", ""],
  ["x ^ ", ""],
  ["x[", "]"],
  ["2 * ", ""],
  ["", " + x"],
  ["", " |> x"],
  ["a { ", " }"],
] as const;

type Mutation = (parts: string[], random: Random) => string[];

function at(parts: readonly string[], random: Random): number {
  return random.below(parts.length + 1);
}

function linesOf(parts: readonly string[]): string[] {
  return parts.join("").split("\n");
}

const replaced = (parts: readonly string[], i: number, ...by: string[]): string[] => [
  ...parts.slice(0, i),
  ...by,
  ...parts.slice(i + 1),
];

const mutations: readonly Mutation[] = [
  (parts, random) => replaced(parts, at(parts, random)),
  (parts, random) => replaced(parts, at(parts, random), random.pick(corpus().words)),
  (parts, random) => {
    const i = at(parts, random);
    return replaced(parts, i, parts[i] ?? "", random.pick(["", " "]), parts[i] ?? "");
  },
  (parts, random) => {
    const [i, j] = [at(parts, random), at(parts, random)];
    return replaced(replaced(parts, i, parts[j] ?? ""), j, parts[i] ?? "");
  },
  (parts, random) => {
    const i = at(parts, random);
    return replaced(parts, i, parts[i] ?? "", ` ${random.pick(corpus().words)} `);
  },
  (parts, random) => {
    const lines = linesOf(parts);
    const i = random.below(lines.length);
    return [
      ...tokens(
        random
          .pick([
            lines.toSpliced(i, 1),
            lines.toSpliced(i, 0, lines[i] ?? ""),
            lines.toSpliced(i, 0, random.pick(lines)),
          ])
          .join("\n"),
      ),
    ];
  },
  (parts, random) => [
    ...parts.slice(0, at(parts, random)),
    ...tokens(random.pick(random.pick(corpus().files))).slice(random.below(20)),
  ],
  (parts, random) => {
    const i = at(parts, random);
    return replaced(parts, i, parts[i] ?? "", random.pick(strange));
  },
  (parts, random) => {
    const found = parts.flatMap((part, i) => (/^\d/.test(part) ? [i] : []));
    return found.length === 0 ? parts : replaced(parts, random.pick(found), random.pick(numbers));
  },
  (parts, random) => {
    const found = parts.flatMap((part, i) => (/^[\w(]/.test(part) ? [i] : []));
    if (found.length === 0) return parts;
    const i = random.pick(found);
    const [before, after] = random.pick(wraps);
    const levels = random.pick([1, 2, 3, 10, 60, 70, 300, 3000]);
    return replaced(parts, i, before.repeat(levels), parts[i] ?? "", after.repeat(levels));
  },
  (parts, random) => parts.slice(0, at(parts, random)),
  (parts, random) => {
    const i = at(parts, random);
    return replaced(
      parts,
      i,
      parts[i] ?? "",
      random.pick([" // a comment\n", "\n// a comment\n", "\n/// documentation\n", "//x\r"]),
    );
  },
  (parts, random) =>
    parts.map((part) =>
      /^\s+$/.test(part) && random.below(3) === 0 ? random.pick([" ", "\n", "\n\n\n", "  \n  ", "\r\n"]) : part,
    ),
  (parts, random) => [...tokens(parts.join("").replaceAll("\n", random.pick(["\r", "\r\n", " "])))],
];

/** A damaged source of one to three declarations, mostly of one file. */
export function mutatedText(seed: number): string {
  const random = randomOf(seed);
  const { files } = corpus();
  const file = random.pick(files);
  const start = random.below(file.length);
  const chosen = [
    ...file.slice(start, start + 1 + random.below(3)),
    ...(random.below(4) === 0 ? [random.pick(random.pick(files))] : []),
  ];
  let parts = [...tokens(`${chosen.join("\n")}\n`)];
  const times = random.pick([1, 1, 1, 2, 3, 5]);
  for (let i = 0; i < times; i++) parts = random.pick(mutations)(parts, random);
  return parts.join("");
}
