/**
 * @file What expressions of the language are worth while a model is elaborated. A tensor is a function of named axes: an IR scalar over
 * index variables. Variables that are not among its axes are free: the tensor is lifted over them. The batch axis is just such a variable.
 */
import type { Callable, Section } from "../../../grammar/syntax/ast.ts";
import type { Span } from "../../diagnostics/source.ts";
import type { Scalar } from "../../ir/graph.ts";
import type { Scope } from "../load/scope.ts";
import { atom, constant, type Polynomial } from "./size.ts";

export type Value =
  | NumberValue
  | TensorValue
  | FunctionValue
  | RampValue
  | RangeValue
  | SequenceValue
  | SectionValue
  | { readonly kind: "bool"; readonly value: boolean }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "poison" };

/** A number known while compiling. */
export interface NumberValue {
  readonly kind: "number";
  readonly value: number;
  /** Present for integers and what polynomials make of them: only such a number can be a size. */
  readonly exact?: Polynomial;
}

/** A size as the user knows it: a dim's name or the text that was written, its canonical form, its value. */
export interface Size {
  readonly text: string;
  readonly exact: Polynomial;
  readonly value: number;
  /** Where the value was set: `dims { H = 6 }` or an argument. */
  readonly origin?: Span;
}

export interface TensorAxis {
  /** `T`, `D`, `T'`. */
  readonly name: string;
  readonly size: Size;
  /** The index variable that stands for this axis in the body. */
  readonly variable: number;
}

export interface TensorValue {
  readonly kind: "tensor";
  readonly axes: readonly TensorAxis[];
  readonly body: Scalar;
  /** For integers such as token ids: they lie in [0, below). */
  readonly below?: Size;
  /** Where it was declared, for the second half of a shape conflict. */
  readonly declared?: Span;
}

/** Evaluates an argument when it is needed; `dynamic` holds what an architecture passes by name to the fields it calls. */
export interface Thunk {
  readonly span: Span;
  readonly force: (dynamic: Dynamic) => Value;
}

export type Dynamic = ReadonlyMap<string, Thunk>;

export type FunctionValue = PartialFunction | Composition | Repetition | Instance;

/** An op or block with some arguments given: a recipe that each call in a body instantiates anew. */
export interface PartialFunction {
  readonly kind: "function";
  readonly form: "partial";
  readonly callable: Callable;
  readonly scope: Scope;
  /** By the name of a parameter or of a dim in brackets. */
  readonly given: ReadonlyMap<string, Thunk>;
  readonly span: Span;
}

export interface Composition {
  readonly kind: "function";
  readonly form: "composition";
  readonly stages: readonly FunctionValue[];
}

export interface Repetition {
  readonly kind: "function";
  readonly form: "repetition";
  readonly count: number;
  readonly of: FunctionValue;
}

/** A field of a model: one set of parameters however often it is called. */
export interface Instance {
  readonly kind: "function";
  readonly form: "instance";
  readonly path: readonly string[];
  readonly of: FunctionValue;
}

/** `0 -> 1`. */
export interface RampValue {
  readonly kind: "ramp";
  readonly from: Value;
  readonly to: Value;
}

/** `1..3`, both ends included. */
export interface RangeValue {
  readonly kind: "range";
  readonly from: number;
  readonly to: number;
}

export interface SequenceValue {
  readonly kind: "tuple" | "list";
  readonly items: readonly Value[];
}

/** A data, tokenizer or other declaration that a value refers to by name. */
export interface SectionValue {
  readonly kind: "section";
  readonly section: Section;
  readonly scope: Scope;
}

export const poison: Value = { kind: "poison" };

export function number(value: number, exact?: Polynomial): NumberValue {
  // 8 / 3 * 192 is 512: what is whole in the exact form must not miss it by a rounding.
  if (exact)
    return {
      kind: "number",
      value: Math.abs(value - Math.round(value)) < 1e-9 && Math.abs(value) > 0.5 ? Math.round(value) : value,
      exact,
    };
  return Number.isSafeInteger(value) ? { kind: "number", value, exact: constant(value) } : { kind: "number", value };
}

export function scalarValue(body: Scalar): TensorValue {
  return { kind: "tensor", axes: [], body };
}

export function sizeNumber(size: Size): NumberValue {
  return { kind: "number", value: size.value, exact: size.exact };
}

/** A dim that equals only itself. */
export function dimSize(name: string, value: number, origin?: Span): Size {
  return { text: name, exact: atom(name), value, ...(origin && { origin }) };
}

/** `E = 32`, or `64` when the size was written as that number. */
export function describeSize(size: Size): string {
  return size.text === String(size.value) || Number.isNaN(size.value) ? size.text : `${size.text} = ${size.value}`;
}

/** What kind of thing a value is, for messages. */
export function describeKind(value: Value): string {
  switch (value.kind) {
    case "number":
      return "a number";
    case "tensor":
      if (value.axes.length > 0) return `a tensor over ${value.axes.map((a) => a.name).join(", ")}`;
      return value.body.dtype === "bool" ? "a condition" : value.body.dtype === "i32" ? "an index" : "a number";
    case "function":
      return value.form === "partial" ? `the ${value.callable.kind} \`${value.callable.name.text}\`` : "an op or block";
    case "ramp":
      return "a ramp";
    case "range":
      return "a range";
    case "tuple":
      return "a tuple";
    case "list":
      return "a list";
    case "section":
      return `the ${value.section.keyword} \`${value.section.name.text}\``;
    case "bool":
      return "a condition";
    case "text":
      return "a text";
    case "poison":
      return "nothing";
  }
}

/** The name by which a function appears in paths. */
export function functionName(value: FunctionValue): string {
  switch (value.form) {
    case "partial":
      return value.callable.name.text;
    case "composition":
      return value.stages[0] ? functionName(value.stages[0]) : "none";
    case "repetition":
    case "instance":
      return functionName(value.of);
  }
}
