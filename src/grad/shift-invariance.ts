/**
 * @file Proves that a value does not matter: adding any δ to each element of a node leaves every output as it was. The
 * maximum that a softmax or a logsumexp subtracts is of this kind however it is written, and so has no gradient.
 *
 * Abstract interpretation over degrees. Under the shift a value v becomes v · e^(kδ) (multiplicative degree k) or v + kδ (additive
 * degree k), where δ is the one at an element that an index tells; degree 0 of either sort is an unchanged value. Degrees pass
 * through bodies and nodes until they cancel, or until something shows that the shift is visible.
 */
import type { Binary, Comp, Node, Scalar, Unary } from "../ir/graph.ts";
import { spaceOf } from "../ir/affine.ts";
import { inputsOf, nodesRead } from "../ir/node.ts";
import { axis, substitute } from "../ir/scalar.ts";
import { simplifier } from "../ir/simplify-scalar.ts";
import { positionsOf } from "../ir/sums.ts";

/** What a shift does to a value: nothing, a factor e^(kδ[at]), a term kδ[at], or something else. */
type Degree =
  | { readonly sort: "none" }
  | { readonly sort: "factor" | "term"; readonly k: number; readonly at: readonly Scalar[] }
  | { readonly sort: "visible" };

const none: Degree = { sort: "none" };
const visible: Degree = { sort: "visible" };

/** The nodes that read each node. */
export function usersOf(nodes: readonly Node[]): ReadonlyMap<Node, readonly Node[]> {
  const users = new Map<Node, Node[]>();
  for (const node of nodes) {
    for (const input of node.kind === "region" ? [node.reference] : inputsOf(node)) {
      users.set(input, [...(users.get(input) ?? []), node]);
    }
  }
  return users;
}

/** Whether shifting the elements of `node`, all else that it is computed from held fixed, changes no output. */
export function isShiftInvariant(
  node: Node,
  users: ReadonlyMap<Node, readonly Node[]>,
  outputs: ReadonlySet<Node>,
): boolean {
  if (outputs.has(node)) return false;
  const degrees = new Map<Node, Degree>([[node, { sort: "term", k: 1, at: node.axes.map((_, i) => axis(i)) }]]);
  const queue = new Set(users.get(node));
  while (queue.size > 0) {
    const next = [...queue].reduce((a, b) => (a.id < b.id ? a : b));
    queue.delete(next);
    const degree = nodeDegree(next, degrees);
    if (degree.sort === "none") continue;
    if (degree.sort === "visible" || outputs.has(next)) return false;
    degrees.set(next, degree);
    users.get(next)?.forEach((user) => queue.add(user));
  }
  return true;
}

function nodeDegree(node: Node, degrees: ReadonlyMap<Node, Degree>): Degree {
  switch (node.kind) {
    case "leaf":
      return none;
    case "region":
      return degrees.get(node.reference) ?? none;
    case "update":
      return visible;
    case "scatter":
      return nodesRead(...node.at, node.body).some((n) => degrees.has(n)) ? visible : none;
    case "comp":
      return reducedDegree(node, new BodyDegrees(node, degrees).of(node.body));
  }
}

function reducedDegree(node: Comp, degree: Degree): Degree {
  if (!node.reduce || degree.sort === "none" || degree.sort === "visible") return degree;
  const rank = node.axes.length;
  // A δ that differs along the reduced axes cannot be taken out of the reduction.
  if (degree.at.some((index) => [...positionsOf(index)].some((p) => p >= rank))) return visible;
  if (node.reduce.op !== "sum" || degree.sort === "factor") return degree;
  return { ...degree, k: degree.k * node.reduce.axes.reduce((n, a) => n * a.size, 1) };
}

class BodyDegrees {
  readonly #degrees: ReadonlyMap<Node, Degree>;
  readonly #simplify: (s: Scalar) => Scalar;
  readonly #memo = new Map<Scalar, Degree>();

  constructor(node: Comp, degrees: ReadonlyMap<Node, Degree>) {
    this.#degrees = degrees;
    this.#simplify = simplifier(spaceOf(node));
  }

  of(s: Scalar): Degree {
    const known = this.#memo.get(s);
    if (known) return known;
    const degree = this.#compute(s);
    this.#memo.set(s, degree);
    return degree;
  }

  #compute(s: Scalar): Degree {
    switch (s.kind) {
      case "literal":
      case "axis":
        return none;
      case "slot":
        return visible;
      case "random":
        return this.of(s.counter);
      case "cast":
        return this.of(s.of).sort === "none" ? none : visible;
      case "read": {
        if (s.at.some((index) => this.of(index).sort !== "none")) return visible;
        const degree = this.#degrees.get(s.of) ?? none;
        if (degree.sort === "none" || degree.sort === "visible") return degree;
        return { ...degree, at: degree.at.map((index) => this.#simplify(substitute(index, s.at))) };
      }
      case "unary":
        return unaryDegree(s, this.of(s.of));
      case "binary":
        return this.#binary(s);
      case "select": {
        if (this.of(s.condition).sort !== "none") return visible;
        return alike(s.then, this.of(s.then), s.else, this.of(s.else));
      }
    }
  }

  #binary(s: Binary): Degree {
    const [a, b] = [this.of(s.left), this.of(s.right)];
    if (a.sort === "visible" || b.sort === "visible") return visible;
    if (a.sort === "none" && b.sort === "none") return none;
    switch (s.op) {
      case "add":
        return combine(a, b, 1, "term") ?? alike(s.left, a, s.right, b);
      case "sub":
        return combine(a, b, -1, "term") ?? alike(s.left, a, s.right, b);
      case "mul":
        return combine(a, b, 1, "factor") ?? scaledTerm(a, s.right, 1) ?? scaledTerm(b, s.left, 1) ?? visible;
      case "div":
        return combine(a, b, -1, "factor") ?? scaledTerm(a, s.right, -1) ?? visible;
      case "pow":
        return a.sort === "factor" && s.right.kind === "literal"
          ? degree("factor", a.k * s.right.value, a.at)
          : visible;
      case "min":
      case "max":
        return alike(s.left, a, s.right, b);
      case "lt":
      case "le":
      case "eq":
      case "ne":
        return alike(s.left, a, s.right, b).sort === "visible" ? visible : none;
      default:
        return visible;
    }
  }
}

function degree(sort: "factor" | "term", k: number, at: readonly Scalar[]): Degree {
  return k === 0 ? none : { sort, k, at };
}

/** The degree of a sum of terms, or of a product of factors; undefined if the operands are not of that sort. */
function combine(a: Degree, b: Degree, sign: 1 | -1, sort: "factor" | "term"): Degree | undefined {
  if (a.sort === "none" && b.sort === sort) return degree(sort, sign * b.k, b.at);
  if (b.sort === "none" && a.sort === sort) return a;
  if (a.sort !== sort || b.sort !== sort || !sameElement(a.at, b.at)) return undefined;
  return degree(sort, a.k + sign * b.k, a.at);
}

/** Two values that change together: their choice, extremum, and comparison are the ones of before; sums of factors too. */
function alike(left: Scalar, a: Degree, right: Scalar, b: Degree): Degree {
  if (a.sort === "none" && b.sort === "none") return none;
  if (a.sort === "visible" || b.sort === "visible") return visible;
  if (a.sort === "none") return unmoved(left, b) ? b : visible;
  if (b.sort === "none") return unmoved(right, a) ? a : visible;
  return a.sort === b.sort && a.k === b.k && sameElement(a.at, b.at) ? a : visible;
}

/** 0 is 0 times any factor, an infinity stays itself under any finite term. */
function unmoved(s: Scalar, by: Degree): boolean {
  return s.kind === "literal" && (by.sort === "factor" ? s.value === 0 : Math.abs(s.value) === Infinity);
}

function scaledTerm(a: Degree, by: Scalar, power: 1 | -1): Degree | undefined {
  return a.sort === "term" && by.kind === "literal" ? degree("term", a.k * by.value ** power, a.at) : undefined;
}

function unaryDegree(s: Unary, a: Degree): Degree {
  if (a.sort === "none" || a.sort === "visible") return a;
  if (s.op === "neg") return a.sort === "term" ? degree("term", -a.k, a.at) : a;
  if (a.sort === "term") return s.op === "exp" ? degree("factor", a.k, a.at) : visible;
  switch (s.op) {
    case "log":
      return degree("term", a.k, a.at);
    case "sqrt":
      return degree("factor", a.k / 2, a.at);
    case "rsqrt":
      return degree("factor", -a.k / 2, a.at);
    case "abs":
      return a;
    case "sign":
      return none;
    default:
      return visible;
  }
}

function sameElement(a: readonly Scalar[], b: readonly Scalar[]): boolean {
  return a.length === b.length && a.every((s, i) => s === b[i]);
}
