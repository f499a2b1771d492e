/**
 * @file Kernel IR: what one dispatch does, with no barriers in the source. Two levels:
 *
 * - Uniform statements are run alike by all lanes of a workgroup: loops with uniform bounds, uniform branches, phases, collectives.
 * - A phase is code that every lane runs by itself. Between phases with a dependence through a shared array (loop back edges
 *   included) the compiler inserts the barrier (`barriers.ts`), so control flow around barriers is uniform by construction.
 *
 * Printers: WGSL prints phases with `workgroupBarrier()` between them, CUDA `__syncthreads()`, C a loop over lanes (or vector code).
 * The interpreter runs it with shadow memory and finds races, out-of-bounds and uninitialised reads.
 *
 * The grid is one-dimensional: `group` runs over [0, groups). A kernel decodes its tile from it with div/mod by constants;
 * the device folds more than 65,535 groups into two dimensions. All index arithmetic is i32.
 */

export type ScalarType = "f32" | "i32" | "u32" | "bool";
export type Width = 1 | 2 | 4;

/** A scalar (width 1) or a vector. */
export interface ValueType {
  readonly scalar: ScalarType;
  readonly width: Width;
}

export interface Kernel {
  /** A readable identifier, unique in a plan: `contract_q_k_v`. */
  readonly name: string;
  readonly groups: number;
  readonly lanes: number;
  readonly bindings: readonly Binding[];
  readonly shared: readonly Array_[];
  /** Per-lane variables that live across phases; printed as named scalars when `length` is 1, else as arrays. */
  readonly registers: readonly Array_[];
  readonly body: readonly UniformStatement[];
  /** Lines for the comment above the kernel: the source equations it computes, one each. */
  readonly comment: readonly string[];
}

/** A storage buffer. `length` counts elements of the element type (a vec4 binding of 64 floats has length 16). */
export interface Binding {
  readonly name: string;
  readonly access: "read" | "write" | "read_write";
  readonly element: ValueType;
  readonly length: number;
}

export interface Array_ {
  readonly name: string;
  readonly element: ValueType;
  readonly length: number;
}

export type UniformStatement =
  /** lo, hi, step are uniform expressions (literals, `group`, enclosing uniform loop variables). */
  | {
      readonly kind: "for";
      readonly variable: string;
      readonly from: Expr;
      readonly to: Expr;
      readonly step: number;
      readonly body: readonly UniformStatement[];
    }
  | {
      readonly kind: "if";
      readonly condition: Expr;
      readonly then: readonly UniformStatement[];
      readonly else: readonly UniformStatement[];
    }
  | { readonly kind: "phase"; readonly name?: string; readonly body: readonly Statement[] }
  /**
   * Combines one register of all lanes (of each run of `width` neighbouring lanes when given) with a fixed tree and leaves the result in the same
   * register of every lane of the run. `scratch` names a shared array of at least `lanes` elements. Deterministic.
   */
  | {
      readonly kind: "reduce";
      readonly op: "add" | "max" | "min";
      readonly register: string;
      readonly scratch: string;
      readonly width?: number;
    };

export type Statement =
  | { readonly kind: "let"; readonly name: string; readonly value: Expr }
  /** Assigns a register (with `index` when it is an array), or a `var` declared in this phase. */
  | { readonly kind: "set"; readonly target: string; readonly index?: Expr; readonly value: Expr }
  | { readonly kind: "var"; readonly name: string; readonly value: Expr }
  | {
      readonly kind: "for";
      readonly variable: string;
      readonly from: Expr;
      readonly to: Expr;
      readonly step: number;
      readonly body: readonly Statement[];
    }
  | {
      readonly kind: "if";
      readonly condition: Expr;
      readonly then: readonly Statement[];
      readonly else: readonly Statement[];
    }
  | { readonly kind: "store"; readonly array: string; readonly index: Expr; readonly value: Expr };

export type Expr =
  | { readonly kind: "literal"; readonly type: ValueType; readonly value: number }
  /** A let, var, loop variable or register of length 1. */
  | { readonly kind: "variable"; readonly type: ValueType; readonly name: string }
  /** An element of a register array. */
  | { readonly kind: "element"; readonly type: ValueType; readonly name: string; readonly index: Expr }
  /** i32: the lane in its workgroup, or the workgroup. */
  | { readonly kind: "builtin"; readonly type: ValueType; readonly name: "lane" | "group" }
  /** Element `index` of a binding or shared array. */
  | { readonly kind: "load"; readonly type: ValueType; readonly array: string; readonly index: Expr }
  | { readonly kind: "unary"; readonly type: ValueType; readonly op: UnaryOp; readonly of: Expr }
  | {
      readonly kind: "binary";
      readonly type: ValueType;
      readonly op: BinaryOp;
      readonly left: Expr;
      readonly right: Expr;
    }
  /** Both sides are evaluated: guard loads with `if` statements or clamp their index. */
  | {
      readonly kind: "select";
      readonly type: ValueType;
      readonly condition: Expr;
      readonly then: Expr;
      readonly else: Expr;
    }
  /** a · b + c; fused where the device can. */
  | { readonly kind: "fma"; readonly type: ValueType; readonly a: Expr; readonly b: Expr; readonly c: Expr }
  /** As fma, over the two bfloat16 in the words (u32) a and b: a.high · b.high + a.low · b.low + c, in f32. Processors with such an instruction round no more often. */
  | { readonly kind: "dot"; readonly type: ValueType; readonly a: Expr; readonly b: Expr; readonly c: Expr }
  /** Numeric conversion. */
  | { readonly kind: "convert"; readonly type: ValueType; readonly of: Expr }
  /** The same bits as another type. */
  | { readonly kind: "bitcast"; readonly type: ValueType; readonly of: Expr }
  /** A scalar copied to all components. */
  | { readonly kind: "splat"; readonly type: ValueType; readonly of: Expr }
  | { readonly kind: "vector"; readonly type: ValueType; readonly of: readonly Expr[] }
  | { readonly kind: "component"; readonly type: ValueType; readonly of: Expr; readonly index: number }
  /** 31 random bits as an i32, those of abi/random.ts; seed, step, stream are u32, counter i32. */
  | {
      readonly kind: "random";
      readonly type: ValueType;
      readonly seed: Expr;
      readonly step: Expr;
      readonly stream: Expr;
      readonly counter: Expr;
    };

/** Floats unless said: `idiv`-like operators are in BinaryOp. `finite` gives bool: false for NaN and infinities, by bits. `bf16` rounds to bfloat16. */
export type UnaryOp =
  | "neg"
  | "exp"
  | "log"
  | "sqrt"
  | "rsqrt"
  | "sin"
  | "cos"
  | "tanh"
  | "erf"
  | "abs"
  | "floor"
  | "ceil"
  | "round"
  | "sign"
  | "not"
  | "finite"
  | "bf16";

/** `div` on i32 and `mod` are for operands ≥ 0 only, where floor and truncation agree; `idiv`/`imod` floor for any sign. Comparisons give bool. `pair` rounds two floats to bfloat16 and puts them in a u32, the first in its low half. */
export type BinaryOp =
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "mod"
  | "idiv"
  | "imod"
  | "pow"
  | "min"
  | "max"
  | "pair"
  | "lt"
  | "le"
  | "eq"
  | "ne"
  | "and"
  | "or";
