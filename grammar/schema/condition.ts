/** @file Conditions on the other fields of a document, for the steps `keep` and `drop`: `int_score >= 3 and one_of(language, ["en", "de"])`. */
import type { CallExpression, Expression } from "../syntax/ast.ts";
import type { ReadContext, ValueType } from "./field.ts";
import { number, wrongType } from "./types.ts";

export type Literal = string | number | boolean;
export type Comparison = "==" | "!=" | "<" | "<=" | ">" | ">=";

/** A field is named whole or by a path along dots, such as `metadata.stars`. Plain data, sent to workers. */
export type Condition =
  | { readonly kind: "all" | "any"; readonly of: readonly Condition[] }
  | { readonly kind: "not"; readonly of: Condition }
  | { readonly kind: "compare"; readonly field: string; readonly op: Comparison; readonly value: Literal }
  /** The values are all of one type. */
  | { readonly kind: "one_of"; readonly field: string; readonly values: readonly Literal[] }
  /** A list that has the value, or a text that has the text in it. */
  | { readonly kind: "contains"; readonly field: string; readonly value: Literal }
  | { readonly kind: "exists"; readonly field: string };

const conditionWhat = 'a condition on fields such as `int_score >= 3` or `one_of(language, ["en", "de"])`';

const fieldWhat = 'a field such as `int_score`, `metadata.stars` or `field("a-name")`';

/** The three functions of conditions, as they are written. */
const functions = {
  one_of: 'one_of(language, ["en", "de"])',
  contains: 'contains(tags, "code")',
  exists: "exists(score)",
} as const;

export const condition: ValueType<Condition> = {
  what: conditionWhat,
  words: Object.keys(functions),
  read: readCondition,
};

function readCondition(value: Expression, at: ReadContext): Condition | undefined {
  switch (value.kind) {
    case "binary":
      return readBinary(value, at);
    case "unary": {
      if (value.op !== "not") return wrongType(value, conditionWhat, at);
      const of = readCondition(value.of, at);
      return of && { kind: "not", of };
    }
    case "call":
      return isField(value) ? truth(value, at) : readCall(value, at);
    case "name":
    case "member":
      return isLiteral(value) ? wrongType(value, conditionWhat, at) : truth(value, at);
    case "tuple": {
      const [only, ...more] = value.items;
      return only && more.length === 0 ? readCondition(only, at) : wrongType(value, conditionWhat, at);
    }
    default:
      return wrongType(value, conditionWhat, at);
  }
}

/** A field alone is one of yes or no. */
function truth(value: Expression, at: ReadContext): Condition | undefined {
  const field = readField(value, at);
  return field === undefined ? undefined : { kind: "compare", field, op: "==", value: true };
}

const mirrored: Readonly<Record<Comparison, Comparison>> = {
  "==": "==",
  "!=": "!=",
  "<": ">",
  "<=": ">=",
  ">": "<",
  ">=": "<=",
};
const isComparison = (op: string): op is Comparison => Object.hasOwn(mirrored, op);

function readBinary(value: Extract<Expression, { readonly kind: "binary" }>, at: ReadContext): Condition | undefined {
  const { op, left, right } = value;
  if (op === "and" || op === "or") {
    const kind = op === "and" ? "all" : "any";
    const [first, second] = [readCondition(left, at), readCondition(right, at)];
    if (!first || !second) return undefined;
    return {
      kind,
      of: [first, second].flatMap((part): readonly Condition[] => (part.kind === kind ? part.of : [part])),
    };
  }
  if (!isComparison(op))
    return wrongType(value, conditionWhat, at, {
      help: "a condition compares a field with a number, a text, `true` or `false`; it does not compute",
    });
  if (isLiteral(left) === isLiteral(right)) {
    const fixes =
      right.kind === "name" && !isLiteral(right)
        ? [{ title: `write \`"${right.text}"\``, edits: [{ span: right.span, text: `"${right.text}"` }] }]
        : [];
    return wrongType(value, "a comparison of a field with a number, a text, `true` or `false`", at, { fixes });
  }
  const [of, to, written] = isLiteral(right) ? [left, right, op] : [right, left, mirrored[op]];
  const [field, literal] = [readField(of, at), readLiteral(to, at)];
  if (field === undefined || literal === undefined) return undefined;
  if (typeof literal === "boolean" && written !== "==" && written !== "!=")
    return wrongType(value, "`==` or `!=` before `true` and `false`", at);
  return { kind: "compare", field, op: written, value: literal };
}

function readCall(value: CallExpression, at: ReadContext): Condition | undefined {
  const name = value.of.kind === "name" ? value.of.text : "";
  const [first, second, ...more] = value.arguments;
  const wrong = (form: keyof typeof functions): undefined => wrongType(value, `\`${functions[form]}\``, at);
  switch (name) {
    case "exists": {
      if (!first || first.name || second) return wrong(name);
      const field = readField(first.value, at);
      return field === undefined ? undefined : { kind: name, field };
    }
    case "contains": {
      if (!first || !second || first.name || second.name || more.length > 0) return wrong(name);
      const [field, literal] = [readField(first.value, at), readLiteral(second.value, at)];
      return field === undefined || literal === undefined ? undefined : { kind: name, field, value: literal };
    }
    case "one_of": {
      if (!first || second?.value.kind !== "list" || first.name || second.name || more.length > 0) return wrong(name);
      const [field, values] = [readField(first.value, at), second.value.items.map((item) => readLiteral(item, at))];
      const known = values.filter((one) => one !== undefined);
      if (field === undefined || known.length < values.length) return undefined;
      if (known.length === 0 || known.some((one) => typeof one !== typeof known[0]))
        return wrongType(second.value, "a list of numbers, or a list of texts", at);
      return { kind: name, field, values: known };
    }
    default:
      return wrongType(value, conditionWhat, at, {
        help: `functions of conditions are ${Object.keys(functions)
          .map((one) => `\`${one}\``)
          .join(", ")}; a field whose name is no plain word is \`field("name")\``,
      });
  }
}

const isField = (value: Expression): value is CallExpression =>
  value.kind === "call" && value.of.kind === "name" && value.of.text === "field";

/** A field alone, which may stand in quotes as the `field` of a source does. */
export const fieldName: ValueType<string> = {
  what: fieldWhat,
  read: (value, at) => (value.kind === "string" && value.text !== "" ? value.text : readField(value, at)),
};

/** A name, a path of names, or `field("any name")`. */
function readField(value: Expression, at: ReadContext): string | undefined {
  if (value.kind === "name") return value.text;
  if (value.kind === "member") {
    const of = readField(value.of, at);
    return of === undefined ? undefined : `${of}.${value.name.text}`;
  }
  const [only, ...more] = isField(value) ? value.arguments : [];
  if (only && more.length === 0 && !only.name && only.value.kind === "string" && only.value.text !== "")
    return only.value.text;
  return wrongType(value, fieldWhat, at);
}

function isLiteral(value: Expression): boolean {
  return (
    value.kind === "number" ||
    value.kind === "string" ||
    (value.kind === "unary" && value.op === "-") ||
    (value.kind === "name" && (value.text === "true" || value.text === "false"))
  );
}

function readLiteral(value: Expression, at: ReadContext): Literal | undefined {
  if (value.kind === "string") return value.text;
  if (value.kind === "name" && isLiteral(value)) return value.text === "true";
  return isLiteral(value) ? number().read(value, at) : wrongType(value, "a number, a text, `true` or `false`", at);
}
