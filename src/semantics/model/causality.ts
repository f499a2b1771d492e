/**
 * @file Decides from the index dependences of the IR whether a value at position t depends on an input beyond t. For every node: up to
 * which input positions its element depends, as upper bounds `index of an axis + offset`, and under which conditions on the indices it is a
 * known constant (what a mask leaves at -∞, then at 0). A condition such as s <= t turns a bound by s into one by t. What is shown is true; what cannot be shown may still be so.
 */
import { conditionCases } from "../values/bounds.ts";
import {
  affineOf,
  constantForm,
  formInterval,
  plus,
  scale,
  spaceOf,
  type Affine,
  type Space,
} from "../../ir/affine.ts";
import type { Node, Read, Scalar } from "../../ir/graph.ts";
import { inputsOf } from "../../ir/node.ts";
import { applyBinary, applyUnary, axis, binary, bool, operands, substitute, unary } from "../../ir/scalar.ts";
import { recombined } from "../../ir/simplify-scalar.ts";

/** An upper bound on input positions: an affine form over the positions of the node's axes. */
type PositionBound = Affine;

/** One dependence, by alternatives: its input positions are at most every one of these bounds. */
type Reach = readonly PositionBound[];

/** Where the condition fails the value is `outside` and depends on nothing. */
interface Support {
  readonly condition: Scalar;
  readonly outside: number;
}

/** What is known of a scalar: each input position it depends on is within one of the reaches. */
interface KnownReaches {
  readonly reaches: readonly Reach[];
  readonly supports: readonly Support[];
}

export type Causality =
  | { readonly kind: "proof" }
  | { readonly kind: "future"; /** The read that may see later positions. */ readonly node: Node };

/** Whether `result` along its axis `time` depends only on elements of the inputs up to the same position. */
export function causality(result: Node, time: number, dependences: Dependences): Causality {
  if (dependences.keepsToThePast(result, time)) return { kind: "proof" };
  return { kind: "future", node: dependences.firstBeyondItsIndices() ?? result };
}

/** How far nodes depend on some inputs, each along its axis of time; one without is known, and counts for nothing. What an input is computed from does not count. */
export class Dependences {
  readonly #inputs: ReadonlyMap<Node, number | undefined>;
  readonly #known = new Map<Node, KnownReaches>();

  constructor(inputs: ReadonlyMap<Node, number | undefined>) {
    this.#inputs = inputs;
  }

  /** Whether the node along its axis `time` depends on inputs up to the same position only. An input is asked about what it is computed from. */
  keepsToThePast(node: Node, time: number): boolean {
    const computed = node.kind === "comp" && this.#inputs.has(node);
    for (const operand of operandsFirst(
      node,
      (n) => (n !== node || !computed) && (this.#known.has(n) || this.#inputs.has(n)),
    )) {
      if (operand !== node && !this.#known.has(operand)) this.#known.set(operand, this.#ofNode(operand));
    }
    const known = computed ? ofBody(node, this.#known) : (this.#known.get(node) ?? this.#ofNode(node));
    if (!computed) this.#known.set(node, known);
    const limit = affineOf(axis(time));
    return known.reaches.every((reach) => reach.some((b) => isAtMost(b, limit, node.axes)));
  }

  /** Of the nodes looked at, operands first, the first that depends on a position that none of its own indices is shown to reach. */
  firstBeyondItsIndices(): Node | undefined {
    return [...this.#known].find(([{ axes }, { reaches }]) => {
      const limits = axes.map((_, i) => affineOf(axis(i)));
      return reaches.some((reach) => !reach.some((bound) => limits.some((limit) => isAtMost(bound, limit, axes))));
    })?.[0];
  }

  #ofNode(node: Node): KnownReaches {
    const time = this.#inputs.get(node);
    if (time === undefined && this.#inputs.has(node)) return nothing;
    return time === undefined ? ofBody(node, this.#known) : { reaches: [[affineOf(axis(time))]], supports: [] };
  }
}

function operandsFirst(root: Node, stops: (node: Node) => boolean): readonly Node[] {
  const seen = new Set<Node>();
  const order: Node[] = [];
  const stack: { readonly node: Node; entered: boolean }[] = [{ node: root, entered: false }];
  for (let top = stack.pop(); top; top = stack.pop()) {
    if (top.entered) order.push(top.node);
    else if (!seen.has(top.node)) {
      seen.add(top.node);
      const below = stops(top.node) ? [] : inputsOf(top.node);
      stack.push({ node: top.node, entered: true }, ...below.map((node) => ({ node, entered: false })));
    }
  }
  return order;
}

const nothing: KnownReaches = { reaches: [], supports: [] };

function ofBody(node: Node, known: ReadonlyMap<Node, KnownReaches>): KnownReaches {
  if (node.kind !== "comp") return nothing;
  const space = spaceOf(node);
  const body = ofScalar(node.body, space, known, new Map());
  if (!node.reduce) return { ...body, reaches: distinct(body.reaches.map((r) => r.map((b) => upper(b, space)))) };
  const rank = node.axes.length;
  const neutral = node.reduce.op === "sum" ? 0 : node.reduce.op === "max" ? -Infinity : Infinity;
  // Outside of the support the reduction adds nothing: there the body's dependences do not count.
  const inside = body.supports
    .filter((s) => s.outside === neutral)
    .reduce((reaches, s) => refine(reaches, s.condition, space), body.reaches);
  return {
    reaches: distinct(inside.map((reach) => reach.map((b) => eliminate(upper(b, space), rank, space)))),
    supports: [],
  };
}

/** Bounds by reduced axes become bounds by their last index. */
function eliminate(bound: PositionBound, rank: number, space: Space): PositionBound {
  const reduced = [...bound.terms].filter(([atom]) => atom.kind === "axis" && atom.position >= rank);
  let result = bound;
  for (const [atom, k] of reduced) {
    const { high } = formInterval({ constant: 0, terms: new Map([[atom, k]]) }, space);
    result = plus(plus(result, { constant: 0, terms: new Map([[atom, -k]]) }), constantForm(high));
  }
  return result;
}

function ofScalar(
  s: Scalar,
  space: Space,
  nodes: ReadonlyMap<Node, KnownReaches>,
  memo: Map<Scalar, KnownReaches>,
): KnownReaches {
  const before = memo.get(s);
  if (before) return before;
  const made = compute(s, space, nodes, memo);
  memo.set(s, made);
  return made;
}

function compute(
  s: Scalar,
  space: Space,
  nodes: ReadonlyMap<Node, KnownReaches>,
  memo: Map<Scalar, KnownReaches>,
): KnownReaches {
  const visit = (x: Scalar): KnownReaches => ofScalar(x, space, nodes, memo);
  switch (s.kind) {
    case "literal":
    case "axis":
    case "slot":
      return nothing;
    case "read":
      return ofRead(s, nodes.get(s.of) ?? nothing, visit);
    case "select": {
      const condition = visit(s.condition);
      const [then, otherwise] = [visit(s.then), visit(s.else)];
      const reaches = distinct([
        ...condition.reaches,
        ...refine(then.reaches, s.condition, space),
        ...refine(otherwise.reaches, unary("not", s.condition), space),
      ]);
      return { reaches, supports: supportsOfSelect(s, then, otherwise, condition.reaches.length === 0) };
    }
    case "unary": {
      const of = visit(s.of);
      return {
        ...of,
        supports: of.supports.map((support) => ({ ...support, outside: applyUnary(s.op, support.outside) })),
      };
    }
    case "cast":
      return visit(s.of);
    case "binary":
      return ofBinary(s, visit(s.left), visit(s.right), space);
    case "random":
      return { reaches: distinct(operands(s).flatMap((x) => visit(x).reaches)), supports: [] };
  }
}

/** By each constant that either side has somewhere: where the condition and both sides say that the value is it. */
function supportsOfSelect(
  s: Extract<Scalar, { kind: "select" }>,
  then: KnownReaches,
  otherwise: KnownReaches,
  ofIndices: boolean,
): readonly Support[] {
  const inside = (side: Scalar, known: KnownReaches, value: number): Scalar =>
    side.kind === "literal" && side.value === value
      ? bool(false)
      : (known.supports.find((support) => support.outside === value)?.condition ?? bool(true));
  const values = new Set([
    ...[s.then, s.else].flatMap((side) => (side.kind === "literal" ? [side.value] : [])),
    ...[then, otherwise].flatMap((k) => k.supports.map((support) => support.outside)),
  ]);
  return [...values].slice(0, mostAlternatives).flatMap((outside): readonly Support[] => {
    const [a, b] = [inside(s.then, then, outside), inside(s.else, otherwise, outside)];
    // A condition on values of inputs says nothing of indices: whatever it says, one of the sides is taken.
    const condition = ofIndices ? either(both(s.condition, a), both(unary("not", s.condition), b)) : either(a, b);
    return condition.kind === "literal" ? [] : [{ condition, outside }];
  });
}

function both(a: Scalar, b: Scalar): Scalar {
  if (a.kind === "literal") return a.value === 0 ? a : b;
  if (b.kind === "literal") return b.value === 0 ? b : a;
  return binary("and", a, b);
}

function either(a: Scalar, b: Scalar): Scalar {
  if (a === b) return a;
  if (a.kind === "literal") return a.value === 0 ? b : a;
  if (b.kind === "literal") return b.value === 0 ? a : b;
  return binary("or", a, b);
}

function ofBinary(
  s: Extract<Scalar, { kind: "binary" }>,
  left: KnownReaches,
  right: KnownReaches,
  space: Space,
): KnownReaches {
  const shared = left.supports.flatMap((a) =>
    right.supports
      .filter((b) => a.condition === b.condition)
      .map((b): Support => ({
        condition: a.condition,
        outside: applyBinary(s.op, a.outside, b.outside, s.left.dtype),
      })),
  );
  const supports = [
    ...shared,
    ...left.supports.flatMap((a) => constantOutside(s.op, a, "left", s.right) ?? []),
    ...right.supports.flatMap((b) => constantOutside(s.op, b, "right", s.left) ?? []),
  ]
    .filter((support) => !Number.isNaN(support.outside))
    .slice(0, mostAlternatives);
  // Where the value is constant whatever the other side is, the other side's dependences do not count.
  const reaches = supports.reduce(
    (r, support) => refine(r, support.condition, space),
    distinct([...left.reaches, ...right.reaches]),
  );
  return { reaches: distinct(reaches), supports };
}

/** What a partly constant operand makes of the result where it is constant, if the other operand does not matter there (it is finite). */
function constantOutside(
  op: string,
  { condition, outside }: Support,
  side: "left" | "right",
  other: Scalar,
): Support | undefined {
  const value = other.kind === "literal" ? other.value : undefined;
  if (value !== undefined) {
    const result =
      side === "left"
        ? applyBinary(op as "add", outside, value, other.dtype)
        : applyBinary(op as "add", value, outside, other.dtype);
    return { condition, outside: result };
  }
  if (outside === 0 && (op === "mul" || (op === "div" && side === "left"))) return { condition, outside: 0 };
  if (!Number.isFinite(outside) && op === "add") return { condition, outside };
  if (!Number.isFinite(outside) && op === "sub") return { condition, outside: side === "left" ? outside : -outside };
  return undefined;
}

function ofRead(s: Read, of: KnownReaches, visit: (x: Scalar) => KnownReaches): KnownReaches {
  const indices = s.at.map(visit);
  const own = of.reaches.map((reach) => reach.map((bound) => substituteBound(bound, s.at)));
  const reaches = distinct([...own, ...indices.flatMap((i) => i.reaches)]);
  const supports = indices.every((i) => i.reaches.length === 0)
    ? of.supports.map(({ condition, outside }) => ({ condition: substitute(condition, s.at), outside }))
    : [];
  return { reaches, supports };
}

function substituteBound(bound: PositionBound, at: readonly Scalar[]): PositionBound {
  let result = constantForm(bound.constant);
  for (const [atom, k] of bound.terms) {
    const index = atom.kind === "axis" ? at[atom.position] : undefined;
    result = plus(result, scale(index ? affineOf(index) : { constant: 0, terms: new Map([[atom, 1]]) }, k));
  }
  return recombined(result);
}

/** A bound over axes alone: atoms such as clamps and divisions are replaced by something at least as large. */
function upper(bound: PositionBound, space: Space): PositionBound {
  let result = bound;
  for (const [atom, k] of bound.terms) {
    if (atom.kind === "axis") continue;
    const single = { constant: 0, terms: new Map([[atom, k]]) };
    const without = plus(result, scale(single, -1));
    const { low, high } = formInterval(single, space);
    result = plus(without, (low < high ? largerForm(atom, k, space) : undefined) ?? constantForm(high));
  }
  return result;
}

/** An affine form that `k` times an atom never exceeds: min is at most either side, a floored quotient at most the quotient. */
function largerForm(atom: Scalar, k: number, space: Space): Affine | undefined {
  if (atom.kind !== "binary") return undefined;
  const times = (form: Affine): Affine => upper(scale(form, k), space);
  if (atom.op === "idiv" && atom.right.kind === "literal" && atom.right.value > 0 && k % atom.right.value === 0) {
    const c = atom.right.value;
    // x - (c - 1) <= c · (x div c) <= x.
    return upper(scale(plus(affineOf(atom.left), constantForm(k > 0 ? 0 : 1 - c)), k / c), space);
  }
  if (k < 0) return undefined;
  const low = (x: Scalar): number => formInterval(affineOf(x), space).low;
  if (atom.op === "min") return times(affineOf(atom.left.kind === "literal" ? atom.right : atom.left));
  if (atom.op === "max" && atom.right.kind === "literal" && Number.isFinite(low(atom.left)))
    return times(plus(affineOf(atom.left), constantForm(Math.max(0, atom.right.value - low(atom.left)))));
  if ((atom.op === "idiv" || atom.op === "mod") && low(atom.left) >= 0) return times(affineOf(atom.left));
  return undefined;
}

/** Alternatives that are kept of one bound, and constants of one value: more were never of use. */
const mostAlternatives = 8;

/** Reaches where a condition holds: s <= t lets a bound by s be one by t. Each case of the condition has a reach of its own. */
function refine(reaches: readonly Reach[], condition: Scalar, space: Space): readonly Reach[] {
  if (reaches.length === 0) return reaches;
  const cases = conditionCases(condition).map((facts) => facts.flatMap((fact) => [fact, linear(fact, space)]));
  if (cases.length === 0) return [];
  return distinct(cases.flatMap((facts) => reaches.map((reach) => tighter(reach, facts, space))));
}

/** A fact over axes alone: what is at least as large as it is not negative either. */
function linear(fact: Affine, space: Space): Affine {
  const divisors = [...fact.terms.keys()].flatMap((a) =>
    a.kind === "binary" && a.op === "idiv" && a.right.kind === "literal" && a.right.value > 0 ? [a.right.value] : [],
  );
  return upper(
    scale(
      fact,
      divisors.reduce((product, c) => (product % c === 0 ? product : product * c), 1),
    ),
    space,
  );
}

/** With what follows from facts that are not negative: a bound is at most itself and any of them. */
function tighter(reach: Reach, facts: readonly Affine[], space: Space): Reach {
  if (facts.length === 0) return reach;
  let all = distinctBounds([...reach, ...reach.map((b) => upper(b, space))]);
  // Twice, for what is bounded by something that is bounded.
  for (let round = 0; round < 2; round++) {
    const made = all.flatMap((bound) =>
      facts.flatMap((fact) =>
        bound.terms.size === 0
          ? [plus(bound, fact)]
          : [...bound.terms].flatMap(([atom, k]) => {
              const by = -(fact.terms.get(atom) ?? 0);
              if (k <= 0 || by <= 0 || k % by !== 0) return [];
              const next = recombined(plus(bound, scale(fact, k / by)));
              return next.terms.size <= bound.terms.size ? [next] : [];
            }),
      ),
    );
    all = distinctBounds([...all, ...made]);
  }
  return all;
}

function isAtMost(bound: PositionBound, limit: Affine, space: Space): boolean {
  return formInterval(plus(limit, scale(bound, -1)), space).low >= 0;
}

const indexKeys = new WeakMap<PositionBound, string>();

/** The indices of a bound with their factors, without its constant. */
function indexKey(bound: PositionBound): string {
  const known = indexKeys.get(bound);
  if (known !== undefined) return known;
  const made = [...bound.terms]
    .map(([atom, k]) => `${k}*${atom.id}`)
    .toSorted()
    .join("+");
  indexKeys.set(bound, made);
  return made;
}

/** Of bounds by the same indices the least. */
function distinctBounds(bounds: readonly PositionBound[]): Reach {
  if (bounds.length < 2) return bounds;
  const least = new Map<string, PositionBound>();
  for (const bound of bounds) {
    const key = indexKey(bound);
    const known = least.get(key);
    if (!known || bound.constant < known.constant) least.set(key, bound);
  }
  return [...least.values()].slice(0, mostAlternatives);
}

/** Of reaches by the same indices the farthest; where they differ in more than that, all. */
function distinct(reaches: readonly Reach[]): readonly Reach[] {
  if (reaches.length < 2) return reaches;
  const farthest = new Map<string, Reach>();
  for (const given of reaches) {
    const reach =
      given.length < 2 ? given : distinctBounds(given).toSorted((a, b) => (indexKey(a) < indexKey(b) ? -1 : 1));
    const key = reach.map(indexKey).join(";");
    const known = farthest.get(key);
    farthest.set(
      key,
      known ? reach.map((b, i) => ((known[i]?.constant ?? -Infinity) > b.constant ? (known[i] ?? b) : b)) : reach,
    );
  }
  return [...farthest.values()];
}
