/**
 * @file What depends on nothing but axes is computed while compiling, in f64: tables of angles, slopes, positions. Only work that a
 * kernel should not repeat is worth a table: a reduction or a transcendental function. A mask stays an expression. A subexpression
 * becomes a table over its own axes, and never grows one by multiplying it with others (slope · distance stays a product).
 */
import { evaluateOne } from "../../ir/evaluate/evaluate.ts";
import type { Axis, Comp, Leaf, Node, Read, Scalar } from "../../ir/graph.ts";
import { comp, elementCount, leaf } from "../../ir/node.ts";
import type { Label } from "../../ir/node.ts";
import { axis, operands, read, rebuild, rewrite, substitute } from "../../ir/scalar.ts";
import { positionsOf } from "../../ir/sums.ts";
import { readsInRange } from "./in-range.ts";
import { labelOf } from "./rebuild.ts";

/** Larger tables cost more to store and to read than to compute. */
const mostElements = 2 ** 22;

interface Facts {
  readonly isStatic: boolean;
  /** Contains a transcendental function. */
  readonly heavy: boolean;
}

const heavyOps: ReadonlySet<string> = new Set(["exp", "log", "sqrt", "rsqrt", "sin", "cos", "tanh", "erf", "pow"]);

/** Whether a scalar's own operator is a transcendental function. */
export function isHeavy(s: Scalar): boolean {
  return (
    (s.kind === "unary" || s.kind === "binary") &&
    heavyOps.has(s.op) &&
    !(s.kind === "binary" && s.right.kind === "literal" && s.right.value === 2)
  );
}

export class ConstantTables {
  readonly #facts = new Map<Scalar, Facts>();
  readonly #staticNodes = new Set<Node>();
  readonly #tables = new Map<string, Leaf>();

  /** A node over constants alone as a constant, when that saves work; the node itself otherwise. */
  node(node: Comp): Node {
    const { isStatic, heavy } = this.#factsOf(node.body);
    if (!isStatic) return node;
    if ((heavy || node.reduce) && elementCount(node.axes) <= mostElements) return this.#table(labelOf(node), node);
    this.#staticNodes.add(node);
    return node;
  }

  /** A body with its constant subexpressions read from tables. `space` lists the axis of each position. */
  body(label: Label, body: Scalar, space: readonly Axis[]): Scalar {
    const memo = new Map<Scalar, Scalar>();
    const visit = (s: Scalar): Scalar => {
      const known = memo.get(s);
      if (known) return known;
      const made = this.#hoisted(label, s, space) ?? rebuild(s, visit);
      memo.set(s, made);
      return made;
    };
    return visit(body);
  }

  #hoisted(label: Label, s: Scalar, space: readonly Axis[]): Scalar | undefined {
    const { isStatic, heavy } = this.#factsOf(s);
    if (!isStatic || !heavy || s.dtype === "bool") return undefined;
    const own = positionsOf(s);
    if (!isHeavy(s) && !operands(s).some((o) => this.#factsOf(o).heavy && positionsOf(o).size === own.size))
      return undefined;
    return this.#throughReads(label, s) ?? this.#overAxes(label, s, space, own);
  }

  /** f(table[at]) is (f∘table)[at]: the index may be out of range where a guard does not take it, the table is not. */
  #throughReads(label: Label, s: Scalar): Scalar | undefined {
    const [first, ...others] = readsOutsideIndices(s);
    if (!first || axesOutsideReads(s)) return undefined;
    const alike = (r: Read): boolean =>
      r.at.length === first.at.length &&
      r.at.every((i, j) => i === first.at[j] && r.of.axes[j]?.size === first.of.axes[j]?.size);
    if (!others.every(alike)) return undefined;
    const place = first.of.axes.map((_, i) => axis(i));
    const inside = rewrite(s, (e) => (e.kind === "read" ? read(e.of, place) : undefined));
    return read(this.#table(label, comp(label, first.of.axes, inside)), first.at);
  }

  #overAxes(label: Label, s: Scalar, space: readonly Axis[], own: ReadonlySet<number>): Scalar | undefined {
    const positions = [...own].toSorted((a, b) => a - b);
    const axes = positions.flatMap((p) => space[p] ?? []);
    if (!readsInRange(s, space) || elementCount(axes) > mostElements) return undefined;
    const inside = substitute(
      s,
      space.map((_, p) => axis(Math.max(positions.indexOf(p), 0))),
    );
    return read(
      this.#table(label, comp(label, axes, inside)),
      positions.map((p) => axis(p)),
    );
  }

  #table(label: Label, node: Comp): Leaf {
    const key = `${sizes(node.axes)}|${node.reduce ? node.reduce.op + sizes(node.reduce.axes) : ""}|${node.body.id}`;
    const known = this.#tables.get(key);
    if (known) return known;
    const values = evaluateOne(node, (asked) => {
      throw new Error(`internal: the constant ${node.name} reads ${asked.name}`);
    });
    const made = leaf("constant", label.name, node.axes, node.dtype, { values });
    this.#tables.set(key, made);
    return made;
  }

  #factsOf(s: Scalar): Facts {
    const known = this.#facts.get(s);
    if (known) return known;
    const inner = operands(s).map((o) => this.#factsOf(o));
    const here = s.kind === "read" ? this.#isStaticNode(s.of) : s.kind !== "random" && s.kind !== "slot";
    const made = { isStatic: here && inner.every((f) => f.isStatic), heavy: isHeavy(s) || inner.some((f) => f.heavy) };
    this.#facts.set(s, made);
    return made;
  }

  #isStaticNode(node: Node): boolean {
    return (node.kind === "leaf" && node.role === "constant") || this.#staticNodes.has(node);
  }
}

function readsOutsideIndices(s: Scalar): readonly Read[] {
  if (s.kind === "read") return [s];
  return [...new Set(operands(s).flatMap(readsOutsideIndices))];
}

function axesOutsideReads(s: Scalar): boolean {
  return s.kind === "axis" || (s.kind !== "read" && operands(s).some(axesOutsideReads));
}

function sizes(axes: readonly Axis[]): string {
  return axes.map((a) => a.size).join();
}
