/**
 * @file IR scalars as kernel code: `ScalarLowering.lower(scalar)` gives the expression of its value where the lane stands (`axis-mapping.ts`), and puts the loads and the shared
 * subexpressions it needs as lets into the current block.
 *
 * - With a vector group, what depends on the vectorised axis is a vec4, everything else stays a scalar. Loads are vec4 where four elements lie together.
 * - A kernel's `select` evaluates both sides. A read on one side whose index may leave its node is clamped into the node: the value is not used there.
 * - `inside` starts a block within a loop: what does not depend on the loop goes to the block before it.
 */
import { invariant, unreachable } from "../../util/invariant.ts";
import { affineOf, inRange, interval } from "../../ir/affine.ts";
import type { Space } from "../../ir/affine.ts";
import { elementCount } from "../../ir/node.ts";
import { operands } from "../../ir/scalar.ts";
import type { Axis, Binary, Node, Read, Scalar, Unary } from "../../ir/graph.ts";
import {
  add,
  and,
  binary,
  bitcast,
  component,
  convert,
  div,
  i32,
  literal,
  load,
  max,
  min,
  mul,
  ne,
  or,
  random,
  select,
  splat,
  unary,
  vector,
} from "../../kernel/expr.ts";
import type { Expr, Statement } from "../../kernel/ir.ts";
import { store } from "../../kernel/statements.ts";
import type { Bindings } from "./bindings.ts";
import { storageOf } from "./bindings.ts";
import type { Block } from "./block.ts";
import { divideExactly, isMultiple, linear, plus, times, toExpr } from "./linear.ts";
import type { Linear } from "./linear.ts";
import { shortName } from "./names.ts";
import { axisIndex, groupAt, spread, stridesOf } from "./axis-mapping.ts";
import type { AxisGroup } from "./axis-mapping.ts";
import { operandsInOrder } from "./scalar-order.ts";

/** The value of `slot(index)`, or nothing when it is not known yet at this point of the kernel. */
export type Slots = (index: number) => Expr | undefined;

const noSlots: Slots = () => undefined;

export interface Scope {
  readonly bindings: Bindings;
  readonly block: Block;
  /** The axis at each position. */
  readonly space: Space;
  readonly groups: readonly AxisGroup[];
  readonly slots?: Slots;
}

export class ScalarLowering {
  readonly block: Block;
  readonly #scope: Scope;
  readonly #slots: Slots;
  readonly #parents: readonly ScalarLowering[];
  readonly #vector: AxisGroup | undefined;
  readonly #values = new Map<Scalar, Expr>();
  readonly #uses = new Map<Scalar, number>();
  readonly #available = new Set<Scalar>();
  readonly #varying = new Map<Scalar, boolean>();

  constructor(scope: Scope, parents: readonly ScalarLowering[] = []) {
    this.#scope = scope;
    this.block = scope.block;
    this.#slots = scope.slots ?? noSlots;
    this.#parents = parents;
    this.#vector = scope.groups.find((group) => group.vector);
  }

  /**
   * A point within this one, where more is known: further groups, further slots. Its code goes to `block` (by default a block of its own), except for what needs
   * none of that, which is computed here, or in one of the `also` points (their groups are part of the new point's) if they know all it needs.
   */
  inside(more: {
    readonly groups?: readonly AxisGroup[];
    readonly slots?: Slots;
    readonly block?: Block;
    readonly also?: readonly ScalarLowering[];
  }): ScalarLowering {
    const { block, groups } = this.#scope;
    const also = more.also ?? [];
    const slots: Slots = (index) => more.slots?.(index) ?? this.#slots(index);
    const inner = [
      ...groups,
      ...also.flatMap((point) => point.#scope.groups.filter((group) => !groups.includes(group))),
      ...(more.groups ?? []),
    ];
    return new ScalarLowering({ ...this.#scope, block: more.block ?? block.child(), groups: inner, slots }, [
      this,
      ...also,
    ]);
  }

  /** A branch: it sees what was computed here, and computes nothing here, where its condition may not hold. */
  branch(): ScalarLowering {
    const branch = new ScalarLowering({ ...this.#scope, block: this.block.child() });
    branch.#adopt(this);
    return branch;
  }

  #adopt(outer: ScalarLowering): void {
    outer.#parents.forEach((parent) => this.#adopt(parent));
    for (const [scalar, value] of outer.#values) this.#values.set(scalar, value);
  }

  /** The values of several scalars; subexpressions they share are computed once. */
  lowerAll(roots: readonly Scalar[]): Expr[] {
    const seen = new Set<Scalar>();
    const count = (s: Scalar): void => {
      this.#uses.set(s, (this.#uses.get(s) ?? 0) + 1);
      if (seen.has(s)) return;
      seen.add(s);
      operands(s).forEach(count);
    };
    roots.forEach(count);
    return roots.map((root) => this.#value(root, false));
  }

  lower(root: Scalar): Expr {
    return this.lowerAll([root])[0] as Expr;
  }

  /** As `lower`, and the value has a name: it may be used any number of times. */
  lowerNamed(root: Scalar): Expr {
    this.#uses.set(root, 2);
    return this.lower(root);
  }

  /** The statements that write `value` to element `at` of a node (by default the element at the node's own positions). */
  store(node: Node, value: Expr, at: readonly Scalar[]): readonly Statement[] {
    const { base, step, varying } = this.#address(node.axes, at, false);
    const stored = convert(value, storageOf(node.dtype));
    const { bindings } = this.#scope;
    if (this.#vector === undefined) return [store(bindings.writing(node, 1), toExpr(base), stored)];
    invariant(varying === undefined && step !== 0, `${node.name} is written more than once by one lane`);
    const place = node.kind === "update" ? node.target : node;
    if (step === 1 && isMultiple(base, 4) && bindings.wide(place))
      return [store(bindings.writing(node, 4), toExpr(divideExactly(base, 4)), splat(stored, 4))];
    const width4 = splat(this.block.define(shortName(node.name), stored), 4);
    const binding = bindings.writing(node, 1);
    return [0, 1, 2, 3].map((i) => store(binding, add(toExpr(base), i * step), component(width4, i)));
  }

  /** Evaluates a scalar, at the outermost block where everything it needs is known. */
  #value(s: Scalar, guarded: boolean): Expr {
    const known = this.#values.get(s);
    if (known) return known;
    const parent = this.#parents.find((candidate) => candidate.knows(s));
    if (parent) {
      // A value of an outer block that is used in a loop deserves a name there.
      parent.#uses.set(s, 2);
      const outer = parent.#value(s, guarded);
      this.#values.set(s, outer);
      return outer;
    }
    const made = this.#compute(s, guarded);
    const named =
      s.kind === "read" || ((this.#uses.get(s) ?? 1) > 1 && s.kind !== "slot")
        ? this.block.define(hintOf(s), made)
        : made;
    this.#values.set(s, named);
    return named;
  }

  /** Whether a scalar needs nothing but this block's groups and slots. */
  knows(s: Scalar, missing = new Set<Scalar>()): boolean {
    if (this.#available.has(s)) return true;
    if (missing.has(s)) return false;
    let known: boolean;
    if (s.kind === "axis")
      known = this.#scope.groups.some(({ first, sizes }) => first <= s.position && s.position < first + sizes.length);
    else if (s.kind === "slot") known = this.#slots(s.index) !== undefined;
    else known = operands(s).every((operand) => this.knows(operand, missing));
    // Only what is known stays as it is: a slot may be computed later.
    (known ? this.#available : missing).add(s);
    return known;
  }

  #compute(s: Scalar, guarded: boolean): Expr {
    const value = (operand: Scalar): Expr => this.#value(operand, guarded);
    switch (s.kind) {
      case "literal":
        return literal({ scalar: s.dtype, width: 1 }, s.value);
      case "axis":
        return this.#axis(s.position);
      case "slot": {
        const slot = this.#slots(s.index);
        invariant(slot, `slot ${s.index} is used before it is computed`);
        return slot;
      }
      case "read":
        return this.#read(s, guarded);
      case "cast":
        return convert(value(s.of), s.dtype);
      case "unary":
        return this.#unary(s, value(s.of));
      case "binary":
        return this.#binary(s, value);
      case "select":
        return this.#select(s, guarded);
      case "random": {
        const { bindings } = this.#scope;
        const [seed, step] = [this.block.share("seed", bindings.word(0)), this.block.share("step_", bindings.word(1))];
        const [stream, counter] = [bitcast(value(s.stream), "u32"), value(s.counter)];
        const bits = vector(
          Array.from({ length: counter.type.width }, (_, i) => random(seed, step, stream, component(counter, i))),
        );
        invariant(s.law !== "gaussian", "normally distributed numbers are made of bits by now");
        // 24 bits, which are exact.
        return s.law === "bits" ? bits : mul(convert(div(bits, 2 ** 7), "f32"), 2 ** -24);
      }
      default:
        return unreachable(s);
    }
  }

  readonly #name = (expr: Expr): Expr => this.block.share("at", expr);

  #axis(position: number): Expr {
    const index = axisIndex(this.#scope.groups, position, this.#name);
    return this.#isVector(position) ? add(splat(index, 4), vector([0, 1, 2, 3].map((i) => i32(i)))) : index;
  }

  #isVector(position: number): boolean {
    return this.#vector !== undefined && position === this.#vector.first + this.#vector.sizes.length - 1;
  }

  /** Whether a scalar has different values along the vectorised axis. */
  #varies(s: Scalar): boolean {
    if (this.#vector === undefined) return false;
    let varies = this.#varying.get(s);
    if (varies === undefined) {
      if (s.kind === "axis") varies = this.#isVector(s.position);
      else if (s.kind === "slot") varies = (this.#slots(s.index)?.type.width ?? 1) > 1;
      else varies = operands(s).some((operand) => this.#varies(operand));
      this.#varying.set(s, varies);
    }
    return varies;
  }

  #select(s: Extract<Scalar, { kind: "select" }>, guarded: boolean): Expr {
    const condition = this.#value(s.condition, guarded);
    const [then, otherwise] = [this.#value(s.then, true), this.#value(s.else, true)];
    // A vector of conditions chooses between vectors.
    return select(
      condition,
      then.type.width < condition.type.width ? splat(then, condition.type.width) : then,
      otherwise,
    );
  }

  #unary(s: Unary, of: Expr): Expr {
    // The gradient is derived already, and nothing is left of it.
    return s.op === "stop" ? of : unary(s.op, of);
  }

  #binary(s: Binary, value: (s: Scalar) => Expr): Expr {
    if (s.op === "pow" && s.right.kind === "literal" && Number.isInteger(s.right.value) && Math.abs(s.right.value) <= 8)
      return this.#power(value(s.left), s.right.value);
    const [first, second] = operandsInOrder(s);
    const [left, right] = [value(first), value(second)];
    switch (s.op) {
      case "idiv":
      case "mod": {
        // Plain division is cheaper, and floors as well when nothing is negative.
        const natural = interval(s.left, this.#scope.space).low >= 0 && interval(s.right, this.#scope.space).low >= 0;
        return binary(s.op === "idiv" ? (natural ? "div" : "idiv") : natural ? "mod" : "imod", left, right);
      }
      case "min":
        return s.dtype === "bool" ? and(left, right) : binary("min", left, right);
      case "max":
        return s.dtype === "bool" ? or(left, right) : binary("max", left, right);
      default:
        return binary(s.op, left, right);
    }
  }

  /** An integer power by multiplications: `pow` is not defined for negative bases. */
  #power(base: Expr, exponent: number): Expr {
    if (exponent < 0)
      return binary(
        "div",
        splat(literal({ scalar: "f32", width: 1 }, 1), base.type.width),
        this.#power(base, -exponent),
      );
    const named = this.block.define("base", base);
    let power: Expr | undefined;
    let square = named;
    for (let rest = exponent; rest > 0; rest >>= 1) {
      if (rest & 1) power = power ? mul(power, square) : square;
      if (rest > 1) square = this.block.define("square", mul(square, square));
    }
    invariant(power, "the zeroth power is folded earlier");
    return power;
  }

  #read(s: Read, guarded: boolean): Expr {
    const { of: node } = s;
    const { bindings, space } = this.#scope;
    if (node.kind === "leaf" && node.role === "scalar") return asDType(bindings.scalar(node), node.dtype);
    const clamp = guarded && !s.at.every((index, i) => inRange(index, node.axes[i]?.size ?? 0, space));
    const { base, step, varying } = this.#address(node.axes, s.at, guarded);
    const last = elementCount(node.axes) - 1;
    const one = (at: Expr): Expr => load(bindings.reading(node, 1), clamp ? max(min(at, last), 0) : at);
    const loaded = (): Expr => {
      if (varying) return vector([0, 1, 2, 3].map((i) => one(add(toExpr(base), add(component(varying, i), i * step)))));
      if (step === 0) return one(toExpr(base));
      if (step === 1 && !clamp && isMultiple(base, 4) && bindings.wide(node))
        return load(bindings.reading(node, 4), toExpr(divideExactly(base, 4)));
      return vector([0, 1, 2, 3].map((i) => one(add(toExpr(base), i * step))));
    };
    const value = loaded();
    return node.dtype === "bool" ? ne(value, 0) : value;
  }

  /**
   * The row-major address of an element: `base`, to which component i of a vector adds `i · step` and, when an index is data-dependent or not affine, component
   * i of `varying`.
   */
  #address(
    axes: readonly Axis[],
    at: readonly Scalar[],
    guarded: boolean,
  ): { readonly base: Linear; readonly step: number; readonly varying?: Expr } {
    const strides = stridesOf(axes);
    const form = mergeSplits(at.map((index, i) => ({ index, by: strides[i] ?? 0 })));
    const byGroup = new Map<AxisGroup, number[]>();
    let base: Linear = { constant: form.constant, terms: new Map() };
    let step = 0;
    let varying: Expr | undefined;
    for (const [atom, by] of form.terms) {
      if (atom.kind === "axis") {
        const group = groupAt(this.#scope.groups, atom.position);
        const coefficients = byGroup.get(group) ?? group.sizes.map(() => 0);
        coefficients[atom.position - group.first] = by;
        byGroup.set(group, coefficients);
        if (this.#isVector(atom.position)) step = by;
      } else if (this.#varies(atom)) {
        const term = mul(this.#value(atom, guarded), by);
        varying = varying ? add(varying, term) : term;
      } else base = plus(base, times(linear(this.#value(atom, guarded)), by));
    }
    for (const [group, coefficients] of byGroup) base = plus(base, spread(group, coefficients, this.#name));
    return { base, step, ...(varying && { varying }) };
  }
}

/** Σ by · index as one affine form, with `(a idiv c) · c·k + (a mod c) · k` put together as `a · k`: the two halves of a split axis. */
function mergeSplits(indices: readonly { readonly index: Scalar; readonly by: number }[]): {
  readonly constant: number;
  readonly terms: ReadonlyMap<Scalar, number>;
} {
  let constant = 0;
  const terms = new Map<Scalar, number>();
  const put = (atom: Scalar, by: number): void => {
    const sum = (terms.get(atom) ?? 0) + by;
    if (sum === 0) terms.delete(atom);
    else terms.set(atom, sum);
  };
  const putAffine = (s: Scalar, by: number): void => {
    const form = affineOf(s);
    constant += form.constant * by;
    for (const [atom, k] of form.terms) put(atom, k * by);
  };
  for (const { index, by } of indices) putAffine(index, by);
  for (let merged = true; merged;) {
    merged = false;
    for (const [atom, by] of terms) {
      if (atom.kind !== "binary" || atom.op !== "mod" || atom.right.kind !== "literal") continue;
      const { left, right } = atom;
      const quotient = [...terms.keys()].find(
        (other) => other.kind === "binary" && other.op === "idiv" && other.left === left && other.right === right,
      );
      if (quotient === undefined || terms.get(quotient) !== by * right.value) continue;
      terms.delete(atom);
      terms.delete(quotient);
      putAffine(left, by);
      merged = true;
      break;
    }
  }
  return { constant, terms };
}

/** A word of the scalars buffer as a value. */
function asDType(word: Expr, dtype: Scalar["dtype"]): Expr {
  return dtype === "bool" ? ne(bitcast(word, "i32"), 0) : bitcast(word, dtype);
}

function hintOf(s: Scalar): string {
  if (s.kind === "read") return shortName(s.of.name);
  return s.dtype === "i32" ? "i" : s.dtype === "bool" ? "keep" : "v";
}
