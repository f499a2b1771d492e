/**
 * @file Tensor IR: index notation all the way. Five node kinds; a node's value at an index is a scalar expression over its axes.
 * Reshape, transpose, broadcast, slice and concat do not exist: they are index expressions inside reads.
 *
 * Axes are positional. A comp's body sees its output axes as positions 0…n-1 and its reduced axes as n…n+m-1, so that
 * reading node N at indices `at` is substitution of position i by `at[i]`, and equal computations have equal bodies.
 * Sizes are plain numbers here: dims were resolved while elaborating. The batch axis, which the language never writes, is
 * axis 0 (named `B`) of every node that depends on an input.
 */
import type { Span } from "../diagnostics/source.ts";

export type DType = "f32" | "i32" | "bool";

export interface Axis {
  /** The dim's name as written, for printing: `T`, `D`, `T'`. */
  readonly name: string;
  readonly size: number;
}

export type Node = Leaf | Comp | Scatter | Region | Update;

interface NodeBase {
  /** Unique in the process, increasing: operands are older than their users. */
  readonly id: number;
  /** Where the value comes from, for printing and for comments in kernels: `layers.0.mix.q`. */
  readonly name: string;
  readonly axes: readonly Axis[];
  readonly dtype: DType;
  /** The source expression that computes it; gradients carry the span of what they are the adjoint of. */
  readonly origin?: Span;
}

/**
 * - parameter: learned, lives in the parameter arena; `name` is its path in checkpoints (`layers.0.mix.wq`).
 * - state: persists between steps (optimizer moments, key/value caches).
 * - input: written by the host before each step (token ids, and what the host derives from them).
 * - constant: values known at compile time, in `values`, row-major.
 * - scalar: a rank-0 number the host sets each step: `step`, `lr`, `seed`, `position`, … and hoisted host expressions.
 */
export interface Leaf extends NodeBase {
  readonly kind: "leaf";
  readonly role: "parameter" | "state" | "input" | "constant" | "scalar";
  readonly values?: Float64Array;
  /** For integer inputs: values are in [0, below). */
  readonly below?: number;
}

/** `out[axes] = reduce over reduce.axes of body`, or `out[axes] = body` without a reduction. */
export interface Comp extends NodeBase {
  readonly kind: "comp";
  readonly reduce?: Reduction;
  readonly body: Scalar;
}

export interface Reduction {
  readonly op: "sum" | "max" | "min";
  readonly axes: readonly Axis[];
}

/**
 * The adjoint of a data-dependent read: starts at zero, then for every point of `over`, `out[at] += body`. Positions in
 * `at` and `body` number the `over` axes 0…n-1. Points with `at` outside the output are dropped.
 */
export interface Scatter extends NodeBase {
  readonly kind: "scatter";
  readonly over: readonly Axis[];
  readonly at: readonly Scalar[];
  readonly body: Scalar;
}

/**
 * A value that a structured schedule computes (flash attention, chunked linear + cross-entropy), together with
 * the plain definition it must equal. The evaluator uses `reference`; clustering uses `form`.
 * Regions with the same `form` object are outputs of one computation.
 */
export interface Region extends NodeBase {
  readonly kind: "region";
  readonly form: RegionForm;
  /** Which output of the form: `o`, `lse`, `dq`, … */
  readonly role: string;
  readonly reference: Node;
}

/** Replace the value of a parameter or state after everything of the step was read. The only effect. */
export interface Update extends NodeBase {
  readonly kind: "update";
  readonly target: Leaf;
  readonly value: Node;
}

export type RegionForm = AttentionForm | AttentionGradientForm;

/**
 * o[z, t, f] = Σ_s P[z, t, s] · weight · v(z, s, f),  P = softmax over s of (mask ? score : -inf); a row with no key gives zeros.
 * Roles: `o`, over z, t, f in the order of `outputAxes`, and `lse`, over z, t: the logarithm of the softmax's sum (0 without a key).
 * Positions in every scalar below: the z axes first (0…nz-1), then t at nz, s at nz+1, e at nz+2 (e is the feature that q·k sums
 * over; in `v` position nz+2 is the value feature f). `slot(0)` in `score` is the dot product Σ_e q·k.
 */
export interface AttentionForm {
  readonly kind: "attention";
  /** Batch-like axes: batch, head. */
  readonly z: readonly Axis[];
  readonly t: Axis;
  readonly s: Axis;
  readonly e: Axis;
  readonly f: Axis;
  /** Reads (with a pointwise prologue allowed): q over z,t,e; k over z,s,e; v over z,s,f. With grouped heads k and v use `h div r` of z. */
  readonly q: Scalar;
  readonly k: Scalar;
  readonly v: Scalar;
  /** The score before masking, over z, t, s and slot(0). Scale, bias, softcap are all in here. */
  readonly score: Scalar;
  /** Keep predicate over z, t, s; absent means every key. */
  readonly mask?: Scalar;
  /** A factor on P over z, t, s that has no gradient (dropout). */
  readonly weight?: Scalar;
  /** The position of each axis of `o`, in its order: a permutation of the z positions, t (nz) and f (nz+2). */
  readonly outputAxes: readonly number[];
}

/**
 * The adjoint of an attention form: dq (over z,t,e), dk and dv (over the axes of the node that k and v read: with grouped heads the
 * gradient sums the group). `output` and `lse` are the forward regions, `cotangent` is dO, over the axes of `output`, `dot` is
 * D = Σ_f dO·O over z, t. q, k and v are plain reads here, each of a node of its own.
 * Roles: `dq`, `dk`, `dv`, and `bins0`, `bins1`, … Each `reference` is the plain adjoint.
 */
export interface AttentionGradientForm {
  readonly kind: "attention-gradient";
  readonly forward: AttentionForm;
  readonly output: Region;
  readonly lse: Region;
  readonly cotangent: Node;
  readonly dot: Node;
  readonly bins: readonly AttentionBins[];
}

/**
 * What the gradient of a tensor captured by the score needs, summed within each query row: role `bins{i}`, over z, t, axis,
 * is Σ_s [bin = r] · dScore · derivative.
 */
export interface AttentionBins {
  readonly axis: Axis;
  /** i32 over z, t, s, in [0, axis.size). */
  readonly bin: Scalar;
  /** ∂score/∂(captured value), over z, t, s and slot(0). */
  readonly derivative: Scalar;
}

/** Hash-consed: two structurally equal scalars are the same object. Build them only with `scalar.ts`. */
export type Scalar = Literal | AxisValue | Read | Unary | Binary | Select | Cast | Random | Slot;

interface ScalarBase {
  readonly id: number;
  readonly dtype: DType;
}

export interface Literal extends ScalarBase {
  readonly kind: "literal";
  /** -Infinity and Infinity occur (masks, starts of maxima); kernels print finite sentinels. Booleans are 0 and 1. */
  readonly value: number;
}

/** The index value of the axis at a position: i32. */
export interface AxisValue extends ScalarBase {
  readonly kind: "axis";
  readonly position: number;
}

/** Element of a node. An index may be any i32 scalar: affine, div/mod, or itself a read. Out-of-range only under an untaken `select`. */
export interface Read extends ScalarBase {
  readonly kind: "read";
  readonly of: Node;
  readonly at: readonly Scalar[];
}

/** `finite` gives bool: false for NaN and the infinities. `stop` is its operand, through which no gradient flows. */
const unaryOps = [
  "neg",
  "exp",
  "log",
  "sqrt",
  "rsqrt",
  "sin",
  "cos",
  "tanh",
  "erf",
  "abs",
  "floor",
  "ceil",
  "round",
  "sign",
  "not",
  "finite",
  "bf16",
  "stop",
] as const;
export type UnaryOp = (typeof unaryOps)[number];

export interface Unary extends ScalarBase {
  readonly kind: "unary";
  readonly op: UnaryOp;
  readonly of: Scalar;
}

/** `idiv` and `mod` are floored division and its remainder on i32. Comparisons give bool. */
const binaryOps = [
  "add",
  "sub",
  "mul",
  "div",
  "pow",
  "min",
  "max",
  "idiv",
  "mod",
  "lt",
  "le",
  "eq",
  "ne",
  "and",
  "or",
] as const;
export type BinaryOp = (typeof binaryOps)[number];

export interface Binary extends ScalarBase {
  readonly kind: "binary";
  readonly op: BinaryOp;
  readonly left: Scalar;
  readonly right: Scalar;
}

/** Only the taken side is evaluated: reads of the other side may be out of range. */
export interface Select extends ScalarBase {
  readonly kind: "select";
  readonly condition: Scalar;
  readonly then: Scalar;
  readonly else: Scalar;
}

export interface Cast extends ScalarBase {
  readonly kind: "cast";
  readonly of: Scalar;
}

/** How a random number is distributed: uniform in [0, 1), standard normal, or 31 bits as an i32, of which the first two are made in kernels. */
export type Law = "uniform" | "gaussian" | "bits";

/**
 * A random number: the counter-based generator of abi/random.ts at (seed, step, stream, counter). `stream` (i32) is the hash of the
 * declaration's path, `counter` (i32) the row-major index of the element there.
 */
export interface Random extends ScalarBase {
  readonly kind: "random";
  readonly law: Law;
  readonly stream: Scalar;
  readonly counter: Scalar;
}

/**
 * A value computed earlier in the same kernel: an accumulator, a row statistic, the dot product of a score. Occurs only in clusters and region
 * forms, never in a node's body.
 */
export interface Slot extends ScalarBase {
  readonly kind: "slot";
  readonly index: number;
}

/** A learned tensor with its initialiser: a scalar over the parameter's axes, evaluated once on the host in f64. */
export interface Parameter {
  readonly leaf: Leaf;
  readonly init: Scalar;
  /** The initialiser as declared, with the numbers it got: `normal(std: 0.02)`. For people. */
  readonly declared?: string;
}
