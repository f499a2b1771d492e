/** @file Random valid `.llm` sources as lists of words, to be joined with any spaces, line breaks and comments. */
import fc from "fast-check";

/** A word may carry spaces inside; between words anything may stand that separates words. */
export type Words = readonly string[];

const name = fc.constantFrom("x", "y", "norm", "t'", "T", "D", "eval", "from", "data", "tokens", "w2", "of");
const op = fc.constantFrom("+", "-", "*", "/", "^", "div", "mod", "==", "!=", "<", "<=", ">", ">=", "and", "or", "|>");
const literal = fc.constantFrom(
  "0",
  "1.5",
  "3e-4",
  "10%",
  "4Ki",
  "2h",
  "64MiB",
  "20M tokens",
  "5000 steps",
  "1_000",
  '"a \\"b\\" // c"',
  '"""\n  one\n    two\n  """',
);

function separated(items: readonly Words[], trailing: boolean): Words {
  return items.flatMap((item, i) => (i < items.length - 1 || trailing ? [...item, ","] : item));
}

const { expression } = fc.letrec<{ expression: Words; atom: Words }>((tie) => ({
  atom: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.oneof(name, literal).map((word): Words => [word]),
    fc
      .tuple(name, fc.array(tie("expression"), { maxLength: 3 }), fc.boolean())
      .map(([f, args, comma]): Words => [f, "(", ...separated(args, comma && args.length > 0), ")"]),
    fc.tuple(name, name, tie("expression")).map(([f, key, value]): Words => [f, "(", key, ":", ...value, ")"]),
    fc
      .tuple(name, fc.array(tie("expression"), { minLength: 1, maxLength: 2 }))
      .map(([f, items]): Words => [f, "[", ...separated(items, false), "]"]),
    fc.tuple(name, tie("atom")).map(([f, over]): Words => [f, "[", "i", "in", ...over, "]"]),
    fc
      .tuple(tie("atom"), fc.constantFrom(".w", ".0"))
      .filter(([of]) => of.length > 1 || /^[a-z']+$/i.test(of[0] ?? ""))
      .map(([of, member]): Words => [...of.slice(0, -1), `${of.at(-1) ?? ""}${member}`]),
    fc
      .array(tie("expression"), { maxLength: 3 })
      .map((items): Words => ["[", ...separated(items, items.length > 0), "]"]),
    fc
      .array(tie("expression"), { minLength: 1, maxLength: 3 })
      .map((items): Words => ["(", ...separated(items, false), ")"]),
    tie("expression").map((item): Words => ["(", ...item, ",", ")"]),
    tie("atom").map((of): Words => ["-", ...of]),
  ),
  expression: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    tie("atom"),
    fc.tuple(tie("atom"), op, tie("atom")).map(([a, o, b]): Words => ["(", ...a, o, ...b, ")"]),
    fc
      .array(tie("atom"), { minLength: 2, maxLength: 5 })
      .map((atoms): Words => atoms.flatMap((atom, i) => (i === 0 ? atom : [i % 2 === 0 ? "+" : "-", ...atom]))),
    fc
      .array(tie("atom"), { minLength: 2, maxLength: 5 })
      .map((atoms): Words => atoms.flatMap((atom, i) => (i === 0 ? atom : ["*", ...atom]))),
    fc.tuple(tie("atom"), tie("atom"), tie("atom")).map(([c, a, b]): Words => ["if", ...c, "then", ...a, "else", ...b]),
    fc.tuple(tie("atom"), tie("atom")).map(([a, b]): Words => [...a, "->", ...b]),
  ),
}));

const type = fc.oneof(
  fc.array(name, { maxLength: 3 }).map((axes): Words => [
    "[",
    ...separated(
      axes.map((axis) => [axis]),
      false,
    ),
    "]",
  ]),
  fc.constantFrom<Words>(["index"], ["bool"], ["[", "T", "]", "of", "V"]),
);

const statement = fc.oneof(
  fc
    .tuple(name, type, fc.option(expression))
    .map(([n, t, init]): Words => [`learn ${n}`, ":", ...t, ...(init ? ["=", ...init] : [])]),
  fc.tuple(name, expression).map(([n, value]): Words => [`state ${n}`, "=", ...value]),
  fc.tuple(name, fc.boolean(), expression).map(([n, next, value]): Words => [next ? `next ${n}` : n, "=", ...value]),
  fc.tuple(name, expression, expression).map(([n, index, value]): Words => [n, "[", ...index, "]", "=", ...value]),
  fc
    .array(fc.tuple(name, expression), { maxLength: 4 })
    .map((entries): Words => ["dims", "{", ...entries.flatMap(([n, value]) => [n, "=", ...value]), "}"]),
);

const parameter = fc
  .tuple(name, fc.option(type), fc.option(expression))
  .map(([n, t, value]): Words => [n, ...(t ? [":", ...t] : []), ...(value ? ["=", ...value] : [])]);

const callable = fc
  .tuple(
    fc.constantFrom("op", "block"),
    name,
    fc.array(parameter, { maxLength: 4 }),
    fc.option(expression),
    fc.array(statement, { maxLength: 5 }),
  )
  .map(([kind, n, parameters, where, body]): Words => [
    `${kind} ${n}`,
    "(",
    ...separated(parameters, false),
    ")",
    "->",
    "y",
    ...(where ? ["where", ...where] : []),
    "{",
    ...body.flat(),
    "}",
  ]);

const { field } = fc.letrec<{ field: Words }>((tie) => ({
  field: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc
      .tuple(fc.constantFrom("x", "layers.norm", "layers.0.mix", "batch"), expression)
      .map(([path, value]): Words => [path, ":", ...value]),
    fc
      .array(fc.tuple(name, expression), { maxLength: 5 })
      .map((entries): Words => ["dims", "{", ...entries.flatMap(([n, value]) => [n, "=", ...value]), "}"]),
    fc
      .tuple(fc.option(fc.constantFrom("tales", '"a.*"')), fc.array(tie("field"), { maxLength: 3 }), fc.boolean())
      .map(([label, fields, comma]): Words => [
        label ? `source ${label}` : "split",
        "{",
        ...fields.flatMap((words) => (comma ? [...words, ","] : words)),
        "}",
      ]),
  ),
}));

const section = fc
  .tuple(
    fc.constantFrom("data D", "model M", "train T", "variant V of M", "model M : enc ( a )"),
    fc.array(field, { maxLength: 5 }),
  )
  .map(([head, fields]): Words => [head, "{", ...fields.flat(), "}"]);

const imports = fc.constantFrom<Words>(
  ["import {", "a", ",", "b", "} from", "std"],
  ["import {", "} from", '"./x.llm"'],
);

/** One declaration. Its first word must stand in column 0. */
export const declaration: fc.Arbitrary<Words> = fc.oneof(callable, section, imports);
