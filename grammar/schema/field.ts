/**
 * @file How a section's fields are described. A schema is a table from names to fields; the type of the plain object that
 * `checkFields` makes follows from it. The parser knows nothing of this: a new option is a new row.
 */
import type { Diagnostic } from "../../src/diagnostics/diagnostic.ts";
import type { Span } from "../../src/diagnostics/source.ts";
import type { Expression, Field, GroupLabel, Name } from "../syntax/ast.ts";

/** Where a value stands, and where its mistakes go. */
export interface ReadContext {
  /** The field as the user knows it: `budget`, `checkpoint.every`. */
  readonly field: string;
  readonly problem: (diagnostic: Diagnostic) => void;
}

/** A sort of value: its description for people and how it is read from an expression. */
export interface ValueType<T> {
  /** After "takes": "a whole number", "one of `f32`, `f16`". */
  readonly what: string;
  /** Shown in the column "unit" of the reference. */
  readonly unit?: string;
  readonly range?: string;
  /** Words that completion offers. */
  readonly words?: readonly string[];
  /** What may be called, with its options, for the reference and for completion. */
  readonly calls?: Readonly<Record<string, Callee>>;
  /** The value, or nothing after a diagnostic; `missing` expressions give nothing without one. */
  readonly read: (value: Expression, at: ReadContext) => T | undefined;
}

/** Something that is called by name with options. */
export interface Callee<S extends Schema = Schema> {
  readonly doc: string;
  readonly schema: S;
  /** The option that may be given without its name. */
  readonly main?: string;
}

interface Described {
  /** One sentence for hover and the reference. */
  readonly doc: string;
  /** The version of the language that brought it. */
  readonly since: string;
}

/** What a field is worth when it is not written. */
export type Fallback<T> =
  | { readonly kind: "required"; readonly example: string }
  | { readonly kind: "absent" }
  | { readonly kind: "default"; readonly value: T; readonly text: string };

export interface ValueField<T> extends Described {
  readonly kind: "value";
  readonly type: ValueType<T & {}>;
  readonly fallback: Fallback<T>;
}

/** `checkpoint { … }`: at most one. When it is not written it is absent, or all its defaults hold. */
export interface GroupField<S extends Schema, Absent> extends Described {
  readonly kind: "group";
  readonly schema: S;
  readonly whenAbsent: Absent;
}

/** `source tales { … }`: any number, each with a label unless it is optional. */
export interface GroupsField<S extends Schema> extends Described {
  readonly kind: "groups";
  readonly schema: S;
  readonly label: "required" | "optional";
  /** What the label is, for messages: "a name for the source". */
  readonly labelDoc: string;
  /** Checks a label; unset where any name will do. */
  readonly checkLabel?: (label: GroupLabel, at: ReadContext) => void;
}

/** `dims { T = 256 }`: names and expressions. */
export interface EquationsField extends Described {
  readonly kind: "equations";
}

// The element types below are erased: a table mixes fields of all sorts.
export type AnyField =
  ValueField<unknown> | GroupField<Schema, "undefined" | "defaults"> | GroupsField<Schema> | EquationsField;
export type Fields = Readonly<Record<string, AnyField>>;

export interface Schema {
  readonly fields: Fields;
  /** Whether other fields are allowed; they are kept as they are, in `rest`. */
  readonly open: boolean;
  /** What no field can see alone. It runs only where every field was read. */
  readonly check?: (config: CheckedGroup, problem: (diagnostic: Diagnostic) => void) => void;
}

/** What is known about every group beside its values. */
export interface CheckedGroup {
  /** The span of the whole group. */
  readonly span: Span;
  readonly label?: GroupLabel;
  /** Where the value of a written field stands. */
  readonly spans: Readonly<Record<string, Span | undefined>>;
  /** Fields that the schema does not list, where it is open. */
  readonly rest: readonly Field[];
}

export interface DimEquation {
  readonly name: Name;
  readonly value: Expression;
  readonly span: Span;
}

/** The plain object that a schema describes. */
export type ConfigOf<S extends Schema> = CheckedGroup & {
  readonly [K in keyof S["fields"]]: FieldValue<S["fields"][K]>;
};

type FieldValue<F> =
  F extends ValueField<infer T>
    ? T
    : F extends GroupField<infer S, infer A>
      ? ConfigOf<S> | (A extends "undefined" ? undefined : never)
      : F extends GroupsField<infer S>
        ? readonly ConfigOf<S>[]
        : F extends EquationsField
          ? readonly DimEquation[]
          : never;

const since = "0.1";

/** A field that must be written. */
export function required<T>(type: ValueType<T & {}>, example: string, doc: string): ValueField<T & {}> {
  return { kind: "value", type, fallback: { kind: "required", example }, doc, since };
}

/** A field that may be left out and is then `undefined`. */
export function optional<T>(type: ValueType<T & {}>, doc: string): ValueField<T | undefined> {
  return { kind: "value", type, fallback: { kind: "absent" }, doc, since };
}

/** A field with a default: `text` is how the default would be written. */
export function withDefault<T>(type: ValueType<T & {}>, value: T & {}, text: string, doc: string): ValueField<T & {}> {
  return { kind: "value", type, fallback: { kind: "default", value, text }, doc, since };
}

export function group<S extends Schema, A extends "undefined" | "defaults">(
  whenAbsent: A,
  schema: S,
  doc: string,
): GroupField<S, A> {
  return { kind: "group", schema, whenAbsent, doc, since };
}

export function groups<S extends Schema>(
  label: "required" | "optional",
  labelDoc: string,
  schema: S,
  doc: string,
  checkLabel?: (label: GroupLabel, at: ReadContext) => void,
): GroupsField<S> {
  return { kind: "groups", label, labelDoc, schema, doc, since, ...(checkLabel ? { checkLabel } : {}) };
}

export function equations(doc: string): EquationsField {
  return { kind: "equations", doc, since };
}

/** A schema over these fields only. `check` sees the typed values. */
export function closed<F extends Fields>(
  fields: F,
  check?: (config: ConfigOf<{ fields: F; open: false }>, problem: (diagnostic: Diagnostic) => void) => void,
): { readonly fields: F; readonly open: false; readonly check?: NonNullable<Schema["check"]> } {
  return { fields, open: false, ...(check ? { check: check as NonNullable<Schema["check"]> } : {}) };
}

/** A schema that also takes fields it does not list. */
export function open<F extends Fields>(fields: F): { readonly fields: F; readonly open: true } {
  return { fields, open: true };
}
