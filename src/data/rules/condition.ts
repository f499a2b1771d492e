/**
 * @file Keeping and dropping documents by their other fields. As in SQL, a condition on a field that a document does not have is neither true nor false; the step says
 * what happens to such a document.
 */
import type { Comparison, Condition, Literal } from "../../../grammar/schema/condition.ts";
import { missing, valueAt } from "../read/stream/item.ts";
import type { DocumentRule } from "./rule.ts";

export interface ConditionOptions {
  readonly where: Condition;
  /** What happens to a document of which the condition says nothing: a field is missing, null, or of another type. */
  readonly missing: "keep" | "drop";
}
export const keepDefaults: Omit<ConditionOptions, "where"> = { missing: "drop" };
export const dropDefaults: Omit<ConditionOptions, "where"> = { missing: "keep" };

/** Why a condition is neither true nor false. */
interface Undecided {
  readonly reason: "missing_field" | "wrong_type";
  readonly detail: string;
}
type Truth = boolean | Undecided;

/** Documents for which the condition holds stay. The reason of the others is the first part of it that does not hold. */
export function keepWhere(options: Pick<ConditionOptions, "where"> & Partial<ConditionOptions>): DocumentRule {
  const { where, missing: undecided } = { ...keepDefaults, ...options };
  const parts = where.kind === "all" ? where.of : [where];
  return (text, _, metadata) => {
    const fields = parseFields(metadata);
    let unknown: Undecided | undefined;
    for (const part of parts) {
      const holds = truthOf(part, fields);
      if (holds === false) return { kind: "drop", reason: textOf(part, true), ...shownOf(part, fields) };
      if (holds !== true) unknown ??= holds;
    }
    return unknown === undefined || undecided === "keep" ? { kind: "keep", text } : { kind: "drop", ...unknown };
  };
}

/** Documents for which the condition holds go. The reason is the first part of it that holds. */
export function dropWhere(options: Pick<ConditionOptions, "where"> & Partial<ConditionOptions>): DocumentRule {
  const { where, missing: undecided } = { ...dropDefaults, ...options };
  const parts = where.kind === "any" ? where.of : [where];
  return (text, _, metadata) => {
    const fields = parseFields(metadata);
    let unknown: Undecided | undefined;
    for (const part of parts) {
      const holds = truthOf(part, fields);
      if (holds === true) return { kind: "drop", reason: textOf(part, false), ...shownOf(part, fields) };
      if (holds !== false) unknown ??= holds;
    }
    return unknown === undefined || undecided === "keep" ? { kind: "keep", text } : { kind: "drop", ...unknown };
  };
}

let parsed: { readonly metadata: string; readonly fields: object } | undefined;

/** The other fields of a document; several steps ask for those of one document in a row. */
export function parseFields(metadata: string | undefined): object {
  if (metadata === undefined) return {};
  if (parsed?.metadata !== metadata) parsed = { metadata, fields: JSON.parse(metadata) as object };
  return parsed.fields;
}

function truthOf(of: Condition, fields: object): Truth {
  switch (of.kind) {
    case "all":
      return first(of.of, fields, false);
    case "any":
      return first(of.of, fields, true);
    case "not": {
      const holds = truthOf(of.of, fields);
      return typeof holds === "boolean" ? !holds : holds;
    }
    case "exists":
      return !isMissing(valueAt(fields, of.field));
    case "compare": {
      const value = comparable(valueAt(fields, of.field), of.value, of.field);
      return isUndecided(value) ? value : compare(value, of.op, of.value);
    }
    case "one_of": {
      const value = comparable(valueAt(fields, of.field), of.values[0] as Literal, of.field);
      return isUndecided(value) ? value : of.values.includes(value);
    }
    case "contains": {
      const value = valueAt(fields, of.field);
      if (Array.isArray(value)) return value.some((item) => comparable(item, of.value, of.field) === of.value);
      if (typeof value === "string" && typeof of.value === "string") return value.includes(of.value);
      return isMissing(value) ? lacking(of.field) : mistyped(value, of.field);
    }
  }
}

/** `decisive` if a part is; otherwise what is not decided, if anything is. */
function first(parts: readonly Condition[], fields: object, decisive: boolean): Truth {
  let unknown: Undecided | undefined;
  for (const part of parts) {
    const holds = truthOf(part, fields);
    if (holds === decisive) return decisive;
    if (typeof holds !== "boolean") unknown ??= holds;
  }
  return unknown ?? !decisive;
}

const isMissing = (value: unknown): boolean => value === missing || value === null || value === undefined;
const isUndecided = (value: Literal | Undecided): value is Undecided => typeof value === "object";
const lacking = (field: string): Undecided => ({ reason: "missing_field", detail: field });
const mistyped = (value: unknown, field: string): Undecided => ({
  reason: "wrong_type",
  detail: `${field} is ${short(value)}`,
});

/** The number that a text writes, as tables hold them. */
export function numberIn(text: string): number | undefined {
  return /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i.test(text) ? Number(text) : undefined;
}

/** The value as one of the type of `like`: tables have numbers, yes and no as texts, and an empty text for none. */
function comparable(value: unknown, like: Literal, field: string): Literal | Undecided {
  if (isMissing(value)) return lacking(field);
  if (typeof value === typeof like) return value as Literal;
  if (typeof value !== "string" || typeof like === "string") return mistyped(value, field);
  if (value.trim() === "") return lacking(field);
  const read =
    typeof like === "number"
      ? numberIn(value)
      : /^true$/i.test(value)
        ? true
        : /^false$/i.test(value)
          ? false
          : undefined;
  return read ?? mistyped(value, field);
}

/** Whether a value can be compared with one of the type of `like`. */
export const isOfType = (value: unknown, like: Literal): boolean => !isUndecided(comparable(value, like, ""));

/** Texts are ordered by their code units, in which dates of ISO 8601 are in the order of time. */
function compare(value: Literal, op: Comparison, to: Literal): boolean {
  switch (op) {
    case "==":
      return value === to;
    case "!=":
      return value !== to;
    case "<":
      return value < to;
    case "<=":
      return value <= to;
    case ">":
      return value > to;
    case ">=":
      return value >= to;
  }
}

const opposite: Readonly<Record<Comparison, Comparison>> = {
  "==": "!=",
  "!=": "==",
  "<": ">=",
  "<=": ">",
  ">": "<=",
  ">=": "<",
};

/** A condition as it is written, or its opposite. */
export function textOf(of: Condition, negated = false): string {
  switch (of.kind) {
    case "all":
    case "any": {
      const joined = of.of
        .map((part) => (part.kind === "all" || part.kind === "any" ? `(${textOf(part)})` : textOf(part)))
        .join(of.kind === "all" ? " and " : " or ");
      return negated ? `not (${joined})` : joined;
    }
    case "not":
      return negated ? textOf(of.of) : textOf(of.of, true);
    case "compare":
      return `${of.field} ${negated ? opposite[of.op] : of.op} ${JSON.stringify(of.value)}`;
    case "one_of":
      return `${negated ? "not " : ""}one_of(${of.field}, [${of.values.map((value) => JSON.stringify(value)).join(", ")}])`;
    case "contains":
      return `${negated ? "not " : ""}contains(${of.field}, ${JSON.stringify(of.value)})`;
    case "exists":
      return `${negated ? "not " : ""}exists(${of.field})`;
  }
}

/** What the field of a simple condition holds, for people. */
function shownOf(of: Condition, fields: object): { readonly detail?: string } {
  switch (of.kind) {
    case "all":
    case "any":
    case "exists":
      return {};
    case "not":
      return shownOf(of.of, fields);
    case "compare":
    case "one_of":
    case "contains":
      return { detail: `${of.field} is ${short(valueAt(fields, of.field))}` };
  }
}

function short(value: unknown): string {
  const json = JSON.stringify(value);
  return json.length > 60 ? `${json.slice(0, 60)}…` : json;
}
