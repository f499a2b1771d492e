/**
 * @file Decides from the index dependences of the IR whether a value at position t depends on an input beyond t. For every node: up to
 * which input positions its element depends, as bounds `index of an axis + offset`, and under which conditions on the indices it is a
 * known constant (what a mask leaves at -∞, then at 0). A condition such as s <= t turns a bound by s into one by t.
 */
import { nonNegativeForms } from "./bounds.ts";
import { affineOf, constantForm, formInterval, plus, scale, spaceOf, type Affine, type Space } from "../ir/affine.ts";
import type { Leaf, Node, Read, Scalar } from "../ir/graph.ts";
import { inputsOf } from "../ir/node.ts";
import { applyBinary, applyUnary, axis, binary, operands, substitute, unary } from "../ir/scalar.ts";

/** An upper bound on input positions: an affine form over the positions of the node's axes. */
type Bound = Affine;

/** What is known of a scalar: every input position it depends on is at most one of the bounds. */
interface Known {
  readonly bounds: readonly Bound[];
  /** Where this condition fails the value is `outside` and depends on nothing. */
  readonly support?: { readonly condition: Scalar; readonly outside: number };
}

export type Causality =
  | { readonly kind: "proof" }
  | { readonly kind: "future"; /** The offending read. */ readonly node: Node };

/** Whether `result` along its axis `time` depends only on elements of `input` up to the same position along `inputTime`. */
export function causality(result: Node, time: number, input: Leaf, inputTime: number): Causality {
  const known = new Map<Node, Known>();
  const analysis: Analysis = { input, inputTime, known };
  for (const node of operandsFirst(result)) known.set(node, ofNode(node, analysis));
  const limit = affineOf(axis(time));
  if (boundsOf(result, known).every((b) => isAtMost(b, limit, result.axes))) return { kind: "proof" };
  // The first node that depends on more than any of its own indices reach.
  const first = [...known.keys()].find((node) => boundsOf(node, known).some((b) => node.axes.every((_, i) => !isAtMost(b, affineOf(axis(i)), node.axes))));
  return { kind: "future", node: first ?? result };
}

function boundsOf(node: Node, known: ReadonlyMap<Node, Known>): readonly Bound[] {
  return known.get(node)?.bounds ?? [];
}

interface Analysis {
  readonly input: Leaf;
  readonly inputTime: number;
  readonly known: Map<Node, Known>;
}

function operandsFirst(root: Node): readonly Node[] {
  const seen = new Set<Node>();
  const order: Node[] = [];
  const stack: { readonly node: Node; entered: boolean }[] = [{ node: root, entered: false }];
  for (let top = stack.pop(); top; top = stack.pop()) {
    if (top.entered) order.push(top.node);
    else if (!seen.has(top.node)) {
      seen.add(top.node);
      stack.push({ node: top.node, entered: true }, ...inputsOf(top.node).map((node) => ({ node, entered: false })));
    }
  }
  return order;
}

function ofNode(node: Node, analysis: Analysis): Known {
  if (node === analysis.input) return { bounds: [affineOf(axis(analysis.inputTime))] };
  if (node.kind !== "comp") return { bounds: [] };
  const space = spaceOf(node);
  const body = ofScalar(node.body, space, analysis, new Map());
  if (!node.reduce) return body;
  const rank = node.axes.length;
  const neutral = node.reduce.op === "sum" ? 0 : node.reduce.op === "max" ? -Infinity : Infinity;
  // Outside of the support the reduction adds nothing: there the body's dependences do not count.
  const inside = body.support && body.support.outside === neutral ? refine(body.bounds, body.support.condition, space, (p) => p < rank) : body.bounds;
  return { bounds: distinct(inside.map((b) => eliminate(b, rank, space))) };
}

/** Bounds by reduced axes become bounds by their last index. */
function eliminate(bound: Bound, rank: number, space: Space): Bound {
  const reduced = [...bound.terms].filter(([atom]) => atom.kind === "axis" && atom.position >= rank);
  let result = bound;
  for (const [atom, k] of reduced) {
    const { high } = formInterval({ constant: 0, terms: new Map([[atom, k]]) }, space);
    result = plus(plus(result, { constant: 0, terms: new Map([[atom, -k]]) }), constantForm(high));
  }
  return result;
}

function ofScalar(s: Scalar, space: Space, analysis: Analysis, memo: Map<Scalar, Known>): Known {
  const before = memo.get(s);
  if (before) return before;
  const made = compute(s, space, analysis, memo);
  memo.set(s, made);
  return made;
}

function compute(s: Scalar, space: Space, analysis: Analysis, memo: Map<Scalar, Known>): Known {
  const visit = (x: Scalar): Known => ofScalar(x, space, analysis, memo);
  switch (s.kind) {
    case "literal": case "axis": case "slot": return { bounds: [] };
    case "read": return ofRead(s, space, analysis, visit);
    case "select": {
      const condition = visit(s.condition);
      const [then, otherwise] = [visit(s.then), visit(s.else)];
      const bounds = distinct([...condition.bounds, ...refine(then.bounds, s.condition, space), ...refine(otherwise.bounds, unary("not", s.condition), space)]);
      const support = (condition.bounds.length > 0 ? undefined : supportOf(s, then, otherwise)) ?? commonSupport(s, then, otherwise);
      return { bounds, ...(support && { support }) };
    }
    case "unary": {
      const of = visit(s.of);
      return of.support ? { ...of, support: { ...of.support, outside: applyUnary(s.op, of.support.outside) } } : of;
    }
    case "cast": return visit(s.of);
    case "binary": return ofBinary(s, visit(s.left), visit(s.right), space);
    case "random": return merge(operands(s).map(visit));
  }
}

/** Where both sides are the same constant, whatever the condition says: a guard around a masked value. */
function commonSupport(s: Extract<Scalar, { kind: "select" }>, { support: a }: Known, { support: b }: Known): Known["support"] {
  if (a && s.else.kind === "literal" && s.else.value === a.outside) return a;
  if (b && s.then.kind === "literal" && s.then.value === b.outside) return b;
  return a && b && a.condition === b.condition && a.outside === b.outside ? a : undefined;
}

function supportOf(s: Extract<Scalar, { kind: "select" }>, then: Known, otherwise: Known): Known["support"] {
  if (s.else.kind === "literal") {
    const inner = then.support && then.support.outside === s.else.value ? binary("and", s.condition, then.support.condition) : s.condition;
    return { condition: inner, outside: s.else.value };
  }
  if (s.then.kind === "literal") {
    const not = unary("not", s.condition);
    const inner = otherwise.support && otherwise.support.outside === s.then.value ? binary("and", not, otherwise.support.condition) : not;
    return { condition: inner, outside: s.then.value };
  }
  return undefined;
}

function ofBinary(s: Extract<Scalar, { kind: "binary" }>, left: Known, right: Known, space: Space): Known {
  const both = merge([left, right]);
  const a = left.support;
  const b = right.support;
  const support = a && b && a.condition === b.condition
    ? { condition: a.condition, outside: applyBinary(s.op, a.outside, b.outside, s.left.dtype) }
    : (a && constantOutside(s.op, a, "left", s.right)) ?? (b && constantOutside(s.op, b, "right", s.left));
  if (!support || Number.isNaN(support.outside)) return both;
  // Where the value is constant whatever the other side is, the other side's dependences do not count.
  return { ...both, bounds: distinct(refine(both.bounds, support.condition, space)), support };
}

/** What a partly constant operand makes of the result where it is constant, if the other operand does not matter there (it is finite). */
function constantOutside(op: string, { condition, outside }: NonNullable<Known["support"]>, side: "left" | "right", other: Scalar): Known["support"] {
  const value = other.kind === "literal" ? other.value : undefined;
  if (value !== undefined) {
    const result = side === "left" ? applyBinary(op as "add", outside, value, other.dtype) : applyBinary(op as "add", value, outside, other.dtype);
    return { condition, outside: result };
  }
  if (outside === 0 && (op === "mul" || (op === "div" && side === "left"))) return { condition, outside: 0 };
  if (!Number.isFinite(outside) && op === "add") return { condition, outside };
  if (!Number.isFinite(outside) && op === "sub") return { condition, outside: side === "left" ? outside : -outside };
  return undefined;
}

function ofRead(s: Read, space: Space, analysis: Analysis, visit: (x: Scalar) => Known): Known {
  const of = analysis.known.get(s.of) ?? { bounds: [] };
  const indices = s.at.map(visit);
  const own = of.bounds.map((bound) => substituteBound(bound, s.at));
  const bounds = distinct([...own, ...indices.flatMap((i) => i.bounds)].map((b) => upper(b, space)));
  const support = of.support && indices.every((i) => i.bounds.length === 0) ? { condition: substitute(of.support.condition, s.at), outside: of.support.outside } : undefined;
  return { bounds, ...(support && { support }) };
}

function substituteBound(bound: Bound, at: readonly Scalar[]): Bound {
  let result = constantForm(bound.constant);
  for (const [atom, k] of bound.terms) {
    const index = atom.kind === "axis" ? at[atom.position] : undefined;
    result = plus(result, scale(index ? affineOf(index) : { constant: 0, terms: new Map([[atom, 1]]) }, k));
  }
  return result;
}

/** A bound over axes alone: atoms such as clamps and divisions are replaced by something at least as large. */
function upper(bound: Bound, space: Space): Bound {
  let result = bound;
  for (const [atom, k] of bound.terms) {
    if (atom.kind === "axis") continue;
    const larger = k > 0 ? largerForm(atom, space) : undefined;
    const { high } = formInterval({ constant: 0, terms: new Map([[atom, k]]) }, space);
    const without = plus(result, { constant: 0, terms: new Map([[atom, -k]]) });
    result = larger ? plus(without, scale(larger, k)) : plus(without, constantForm(high));
  }
  return result;
}

/** An affine form that an atom never exceeds: min is at most either side, a floored quotient at most its dividend. */
function largerForm(atom: Scalar, space: Space): Affine | undefined {
  if (atom.kind !== "binary") return undefined;
  const low = (x: Scalar): number => formInterval(affineOf(x), space).low;
  if (atom.op === "min") return upper(affineOf(atom.left.kind === "literal" ? atom.right : atom.left), space);
  if (atom.op === "max" && atom.right.kind === "literal" && low(atom.left) >= atom.right.value) return upper(affineOf(atom.left), space);
  if ((atom.op === "idiv" || atom.op === "mod") && low(atom.left) >= 0) return upper(affineOf(atom.left), space);
  return undefined;
}

/**
 * Bounds where a condition holds: `s <= t` lets a bound by s be one by t. Only towards earlier axes, so that a window's `t - s < n` does not
 * turn a bound by t into one by s; a reduction takes only axes that stay.
 */
function refine(bounds: readonly Bound[], condition: Scalar, space: Space, stays: (position: number) => boolean = () => true): readonly Bound[] {
  // Where either of two conditions holds, one of their bounds does.
  if (condition.kind === "binary" && condition.op === "or") return distinct([condition.left, condition.right].flatMap((c) => refine(bounds, c, space, stays)));
  const facts = nonNegativeForms(condition, true);
  if (facts.length === 0) return bounds;
  return bounds.map((bound) => {
    for (const fact of facts) {
      // fact >= 0, so bound <= bound + fact; take it where it gets rid of a reduced or bounded-from-above axis.
      const looser = plus(bound, fact);
      const gone = [...bound.terms].filter(([atom, k]) => atom.kind === "axis" && k > 0 && !looser.terms.has(atom));
      const added = [...looser.terms].filter(([atom, k]) => atom.kind === "axis" && k > 0 && !bound.terms.has(atom));
      const latest = Math.max(-1, ...gone.map(([atom]) => (atom.kind === "axis" ? atom.position : -1)));
      if (added.every(([atom]) => atom.kind === "axis" && stays(atom.position) && atom.position < latest) && gone.length > 0 && looser.terms.size <= bound.terms.size) return upper(looser, space);
    }
    return bound;
  });
}

function isAtMost(bound: Bound, limit: Affine, space: Space): boolean {
  return formInterval(plus(limit, scale(bound, -1)), space).low >= 0;
}

function merge(parts: readonly Known[]): Known {
  return { bounds: distinct(parts.flatMap((p) => p.bounds)) };
}

function distinct(bounds: readonly Bound[]): readonly Bound[] {
  const seen = new Map<string, Bound>();
  for (const bound of bounds) seen.set(`${bound.constant}:${[...bound.terms].map(([atom, k]) => `${k}*${atom.id}`).toSorted().join("+")}`, bound);
  return [...seen.values()];
}

