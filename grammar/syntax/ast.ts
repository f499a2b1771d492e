/**
 * @file The syntax tree of a `.llm` file: what the parser makes and every later phase reads.
 * It keeps spans for messages and doc comments for hover and generated references; it keeps no tokens
 * and no comments (the printer finds them through the spans). The span of an expression in parentheses includes
 * the parentheses. `Missing` marks what error recovery left out: later phases stay silent about it.
 */
import type { Span } from "../../src/diagnostics/source.ts";

export interface File {
  readonly kind: "file";
  /** Text of the `//!` lines, without the marks. */
  readonly doc: string;
  readonly declarations: readonly Declaration[];
  readonly span: Span;
}

/** An empty `text` is a name that error recovery did not find: later phases stay silent about it. */
export interface Name {
  readonly text: string;
  readonly span: Span;
}

export type Declaration = Import | Callable | Section | Variant;

/** What all declarations have. */
interface Declared {
  /** Its text has a syntax error, which is reported: the tree holds only a part, so nothing more is to be said about it. */
  readonly broken: boolean;
  readonly span: Span;
}

/** `import { a, b } from std` or `import { Wiki } from "./sources.llm"`. */
export interface Import extends Declared {
  readonly kind: "import";
  readonly names: readonly Name[];
  /** `std` or the quoted path, with its span. */
  readonly from: { readonly kind: "std" | "path"; readonly text: string; readonly span: Span };
}

/** `op name[dims](params) -> results where c { body }`; a block may also `learn`. */
export interface Callable extends Declared {
  readonly kind: "op" | "block";
  readonly name: Name;
  readonly doc: string;
  /** `[H, G = H, E = D / H]` after the name: looked up in the instantiating model, or given as arguments. */
  readonly dims: readonly DimParameter[];
  readonly parameters: readonly Parameter[];
  readonly results: readonly Result[];
  readonly constraints: readonly Expression[];
  readonly body: readonly Statement[];
  /** From `{` to `}`. */
  readonly bodySpan: Span;
}

export interface DimParameter {
  readonly name: Name;
  readonly default?: Expression;
  readonly span: Span;
}

export interface Parameter {
  readonly name: Name;
  /** Absent for a parameter without annotation: a scalar lifted over every axis, an op, or a setting. */
  readonly type?: TypeExpression;
  readonly default?: Expression;
  readonly span: Span;
}

/** `-> y: [T, D]`, `-> keep: bool`, `-> next p`. */
export interface Result {
  readonly name: Name;
  readonly next: boolean;
  readonly type?: TypeExpression;
  readonly span: Span;
}

/** `[T, D]`, `[T] of V` (integers below V), `index`, `bool`. `[]` is a scalar. */
export type TypeExpression =
  | { readonly kind: "tensor"; readonly axes: readonly Axis[]; readonly of?: Expression; readonly span: Span }
  | { readonly kind: "index" | "bool"; readonly span: Span };

/** One axis of a shape: a size expression, usually a dim's name; `T'` is a second axis over T. */
export interface Axis {
  readonly size: Expression;
  readonly span: Span;
}

export type Statement = Learn | State | Equation | DimsBlock | MissingStatement;

/** `learn w: [D, E] = normal(std: 0.02)`. */
export interface Learn {
  readonly kind: "learn";
  readonly name: Name;
  readonly type: TypeExpression;
  readonly init?: Expression;
  readonly span: Span;
}

/** `state m = 0` in an optimizer. */
export interface State {
  readonly kind: "state";
  readonly name: Name;
  readonly init: Expression;
  readonly span: Span;
}

/** `name[indices] = expr`, `next m = expr`. An index position may be affine (`y[t, p + P] = …`). */
export interface Equation {
  readonly kind: "equation";
  readonly next: boolean;
  readonly name: Name;
  /** Absent when the left side is a bare name: its axes are those of the right side. */
  readonly indices?: readonly Expression[];
  readonly value: Expression;
  readonly span: Span;
}

/** `dims { P = E / 2 }`. */
export interface DimsBlock {
  readonly kind: "dims";
  readonly entries: readonly DimEntry[];
  readonly span: Span;
}

export interface DimEntry {
  readonly name: Name;
  readonly value: Expression;
  readonly span: Span;
}

export interface MissingStatement {
  readonly kind: "missing";
  readonly span: Span;
}

/** `model Tiny: encoder_decoder { … }`, `data Stories { … }`, `train Tiny { … }`. */
export interface Section extends Declared {
  readonly kind: "section";
  readonly keyword: SectionKeyword;
  readonly name: Name;
  /** After the colon: the architecture of a model. */
  readonly base?: Expression;
  readonly doc: string;
  readonly body: Body;
}

export const sectionKeywords = ["data", "tokenizer", "model", "train", "eval", "prompt", "compare"] as const;
export type SectionKeyword = (typeof sectionKeywords)[number];

/** `variant Wide of Tiny { dims.D: 384 }`. */
export interface Variant extends Declared {
  readonly kind: "variant";
  readonly name: Name;
  readonly of: Name;
  readonly doc: string;
  readonly body: Body;
}

export interface Body {
  readonly fields: readonly Field[];
  readonly span: Span;
}

/** `path.to.name: value`, `name = value` (in dims), or `name label { fields }`. */
export interface Field {
  readonly path: readonly Name[];
  readonly doc: string;
  readonly content: FieldContent;
  readonly span: Span;
}

export type FieldContent =
  | { readonly kind: "value"; readonly value: Expression }
  | { readonly kind: "equation"; readonly value: Expression }
  | { readonly kind: "group"; readonly label?: GroupLabel; readonly body: Body };

/** `tales` in `source tales { … }`; a quoted label is a pattern over paths, as in `group "layers.*" { … }`. */
export interface GroupLabel extends Name {
  readonly quoted: boolean;
}

export type BinaryOperator =
  | "+"
  | "-"
  | "*"
  | "/"
  | "^"
  | "div"
  | "mod"
  | "=="
  | "!="
  | "<"
  | "<="
  | ">"
  | ">="
  | "and"
  | "or"
  | "|>"
  | "->"
  | "..";

export type Expression =
  | NumberLiteral
  | { readonly kind: "string"; readonly text: string; readonly span: Span }
  | { readonly kind: "name"; readonly text: string; readonly span: Span }
  | { readonly kind: "unary"; readonly op: "-" | "not"; readonly of: Expression; readonly span: Span }
  | {
      readonly kind: "binary";
      readonly op: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
      readonly span: Span;
    }
  | {
      readonly kind: "if";
      readonly condition: Expression;
      readonly then: Expression;
      readonly else: Expression;
      readonly span: Span;
    }
  | IndexExpression
  | CallExpression
  | { readonly kind: "member"; readonly of: Expression; readonly name: Name; readonly span: Span }
  | { readonly kind: "tuple"; readonly items: readonly Expression[]; readonly span: Span }
  | { readonly kind: "list"; readonly items: readonly Expression[]; readonly span: Span }
  | { readonly kind: "missing"; readonly span: Span };

/** `8`, `3e-4`, `10%`, `4Ki`, `64MiB`, `2h`, `20M tokens`. */
export interface NumberLiteral {
  readonly kind: "number";
  /** With the suffix applied: `10%` is 0.1, `4Ki` 4096, `2h` 7200 (seconds), `64MiB` bytes. */
  readonly value: number;
  readonly suffix:
    "" | "%" | "k" | "M" | "B" | "T" | "Ki" | "Mi" | "Gi" | "KiB" | "MiB" | "GiB" | "ms" | "s" | "min" | "h" | "d";
  /** The counted noun after a space: `tokens`, `steps`, `epochs`, `sequences`, `docs`, `bytes`, `params`, `flops`. */
  readonly noun?: string;
  readonly span: Span;
}

/** `x[t, d]`, `sum[d](…)` is a call whose callee is an index expression; `i in T` names an index freely. */
export interface IndexExpression {
  readonly kind: "index";
  readonly of: Expression;
  readonly indices: readonly IndexItem[];
  readonly span: Span;
}

/** `t`, `t - 1`, `kv[h]`, or `i in T` (`over` is then T). */
export interface IndexItem {
  readonly value: Expression;
  readonly over?: Expression;
  readonly span: Span;
}

export interface CallExpression {
  readonly kind: "call";
  readonly of: Expression;
  readonly arguments: readonly Argument[];
  readonly span: Span;
}

export interface Argument {
  readonly name?: Name;
  readonly value: Expression;
  readonly span: Span;
}
