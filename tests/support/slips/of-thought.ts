/** @file What is thought wrongly, and files that are cut or changed as a whole. */
import { at, type Edit, type Kind, syntax, word } from "./kind.ts";

export const meaning: readonly Kind[] = [
  {
    name: "two indices swapped",
    places: at(/= .*?\b(?!sum|max|min|mean)\w+\[(?<at>([a-z]), ([a-z]))\]/, (_, m) => `${m[3] ?? ""}, ${m[2] ?? ""}`),
    codes: ["shape/", "model/future"],
    elsewhere: true,
  },
  {
    name: "an index too few",
    places: at(/= .*\w\[[a-z](?<at>, [a-z])\]/, ""),
    codes: ["shape/rank", "call/along"],
    says: word("ax"),
  },
  {
    name: "an index too many",
    places: at(/= .*[^m]\b(?!sum|max|min|mean)\w+\[[a-z], [a-z](?<at>)\]/, () => ", t"),
    codes: ["shape/rank", "call/along", "names/unknown"],
  },
  {
    name: "a reduction without an index",
    places: at(/\b(?:sum|mean)(?<at>\[[a-z]\])\(/, ""),
    codes: ["call/no-index"],
    says: word("["),
  },
  {
    name: "an index bound nowhere",
    places: at(/\b(?:sum|mean)\[(?<at>[a-z])\]\(/, (found) => (found === "z" ? undefined : "z")),
    codes: ["shape/unknown-index", "shape/unbound-index", "shape/", "names/unknown"],
    says: word("`z`"),
  },
  {
    name: "an axis too many in `learn`",
    places: at(/^ +learn \w+: \[[A-Z](?<at>)\]/, () => ", T"),
    codes: ["shape/rank", "shape/undeclared-dim"],
    elsewhere: true,
    says: word("T"),
  },
  {
    name: "an op that learns",
    places: at(/^block(?= [^{]*\{\n(?: +[^\n]*\n)*? +learn)/, "op"),
    codes: ["learn/in-op"],
    elsewhere: true,
    says: word("block"),
  },
  {
    name: "the future",
    places: at(/\b(?:t'|s) <= t\b(?=[^]*\nmodel )/, (found) => found.replace("<=", ">=")),
    codes: ["model/future", "shape/out-of-range"],
    elsewhere: true,
  },
  {
    name: "a mask that sees all",
    places: at(/attention\((?<at>)(?!mask)/, () => "mask: full, "),
    codes: ["model/future", "call/repeated-argument"],
    elsewhere: true,
  },
  {
    name: "a call of itself",
    places: at(
      /^(?:op|block) (\w+).*\{\n(?: .*\n)*? +\w+(?:\[[^\]\n]*\])? += .*?\b(?<at>[a-z]\w{3,})(?=\()/,
      (_, m) => m[1],
    ),
    codes: ["names/recursion"],
    elsewhere: true,
    says: word("itself"),
  },
  {
    name: "a field twice",
    places: at(
      /^ {2}(?:data|embed|layers|head|budget|batch|optimizer|clip|tokenizer|models|every):.*\n/,
      (found) => found + found,
    ),
    codes: ["field/duplicate", "call/repeated-argument", "model/"],
    says: word("twice"),
  },
  {
    name: "an argument twice",
    places: at(/\((?<at>\w+: [\w.-]+)[,)]/, (found) => `${found}, ${found}`),
    codes: ["call/repeated-argument", "field/duplicate", "names/duplicate", "field/type"],
  },
  {
    name: "a parameter twice",
    places: at(/^(?:op|block) \w+(?:\[[^\]\n]*\])?\((?<at>\w+: \[[^\]\n]*\])/, (found) => `${found}, ${found}`),
    codes: ["names/duplicate"],
    says: word("twice"),
  },
  {
    name: "a declaration twice",
    places: (code) =>
      [...code.matchAll(/^(?:op|block|data|model|train|variant) [^]*?\n\}\n/gm)]
        .filter((m) => !/\n\S/.test(m[0].slice(0, -3)))
        .map((m): Edit => ({ start: m.index + m[0].length, end: m.index + m[0].length, text: `\n${m[0]}` })),
    codes: ["names/duplicate", "field/duplicate"],
    says: word("twice"),
  },
  {
    name: "a field left out",
    places: at(/^ {2}(?:budget|optimizer|models):[^\n]*\n(?!    )/, ""),
    codes: ["field/missing", "model/missing-field"],
    elsewhere: true,
    says: (found) => [/\w+/.exec(found)?.[0] ?? ""],
  },
  {
    name: "a text for a number",
    places: at(/^ +(?:clip|every|size|batch|budget): +(?<at>[^\n]+)/, '"many"'),
    codes: ["field/type"],
    says: word("text"),
  },
  {
    name: "a number for a path",
    places: (_, text) =>
      [...text.matchAll(/files: +("[^"]*")/g)].map((m): Edit => ({
        start: m.index + m[0].length - (m[1] ?? "").length,
        end: m.index + m[0].length,
        text: "3",
      })),
    codes: ["field/type"],
    says: word("text"),
  },
  {
    name: "steps for sequences",
    places: at(/\d (?<at>sequences)/, "steps"),
    codes: ["field/unit"],
    says: word("sequences"),
  },
  {
    name: "sequences for steps",
    places: at(/\d[kMB]? (?<at>steps)/, "sequences"),
    codes: ["field/unit"],
    says: word("steps"),
  },
  {
    name: "no unit",
    places: at(/\d[kMB]?(?<at> (?:steps|tokens|sequences))/, ""),
    codes: ["field/unit"],
    says: (found) => [found.trim()],
  },
  {
    name: "a size of zero",
    places: at(/\bdims \{.*\b[A-Z] = (?<at>\d+)\b/, "0"),
    codes: ["shape/not-whole", "type/repetition", "shape/"],
    says: word("0"),
  },
  {
    name: "a negative size",
    places: at(/\bdims \{.*\b[A-Z] = (?<at>\d+)\b/, (found) => `-${found}`),
    codes: ["shape/not-whole", "type/repetition", "shape/"],
    says: word("-"),
  },
  {
    name: "a huge size",
    places: at(/\bdims \{.*\b[A-Z] = (?<at>\d+)\b/, "1e15"),
    codes: ["shape/too-large", "type/too-many"],
    says: word("at most"),
  },
  {
    name: "a negative rate",
    places: at(/\blr: (?<at>[\d.e-]+)/, (found) => `-${found}`),
    codes: ["optimizer/bad-rate"],
    says: word("negative"),
  },
  {
    name: "more than 100%",
    places: at(/\b\d+%/, (found) => `${found.slice(0, -1)}00%`),
    codes: ["field/range", "field/weights", "field/", "schedule/", "type/"],
    says: word("100%"),
  },
  { name: "`5 %`", places: at(/\d(?<at>)%/, () => " "), codes: ["syntax/detached-suffix"], says: word("touch") },
  {
    name: "a schedule for an optimizer",
    places: at(/^ +optimizer: +(?<at>\w+\(.*\))/, "cosine(1 -> 0.1)"),
    codes: ["optimizer/"],
    says: word("optimizer"),
  },
  {
    name: "an optimizer for a schedule",
    places: at(/\bschedule: +(?<at>cosine\([^)\n]*\))/, "adamw(lr: 1e-3)"),
    codes: ["schedule/shape"],
    says: word("schedule"),
  },
  {
    name: "a comparison of one",
    places: at(/^ +models: +\[\w+(?<at>, [^\]\n]*)\]/, ""),
    codes: ["compare/", "field/"],
    says: word("two"),
  },
  {
    name: "a chained comparison",
    places: at(/\bif (?<at>)[a-z] (?:<|<=) /, () => "0 <= "),
    codes: ["syntax/chained-comparison"],
    says: word("and"),
  },
];

/** The start of the line on which an offset lies, and its end. */
const lineAt = (text: string, offset: number): readonly [number, number] => [
  text.lastIndexOf("\n", offset - 1) + 1,
  (text.indexOf("\n", offset) + text.length + 1) % (text.length + 1),
];

/** Whether brackets are left open. */
const isOpen = (text: string): boolean => (text.match(/[([{]/g)?.length ?? 0) > (text.match(/[)\]}]/g)?.length ?? 0);

export const files: readonly Kind[] = [
  {
    name: "a line cut in half",
    later: true,
    places: (code) =>
      [...code.matchAll(/^ +\S.{20,}$/gm)]
        .filter(({ 0: line }) => isOpen(line.slice(0, Math.floor(line.length / 2))))
        .map((m): Edit => ({ start: m.index + Math.floor(m[0].length / 2), end: lineAt(code, m.index)[1], text: "" })),
    codes: ["syntax/", "names/", "shape/", "call/", "field/", "model/", "learn/"],
  },
  {
    name: "the end cut off",
    later: true,
    places: (code) =>
      [...code.matchAll(/^ +\S.*$/gm)]
        .slice(-8)
        .map((m): Edit => ({ start: m.index + m[0].length, end: code.length, text: "\n" })),
    codes: syntax,
  },
  {
    name: "a text without its end",
    places: (_, text) =>
      [...text.matchAll(/"[^"\\\n]+(")(?!")/g)]
        .filter(
          (m) => !/\/\/.*$/.test(text.slice(text.lastIndexOf("\n", m.index) + 1, m.index)) && text[m.index - 1] !== '"',
        )
        .map((m): Edit => ({ start: m.index + m[0].length - 1, end: m.index + m[0].length, text: "" })),
    codes: ["syntax/unterminated-string"],
    says: word('"'),
  },
  {
    name: "line ends of Windows",
    harmless: true,
    places: (code) => [{ start: 0, end: code.length, text: "\r\n" }],
    codes: [],
  },
];
