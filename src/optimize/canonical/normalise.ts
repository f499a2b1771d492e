/**
 * @file The graph before clustering, in normal form: equal nodes are one, sums of products are split into contractions of two operands, scatters
 * are bins or sums, constants are tables. Values do not change beyond the order of rounding; what is fused is decided later.
 */
import type { Axis, Comp, Node, Scalar } from "../../ir/graph.ts";
import { comp } from "../../ir/node.ts";
import { axis, int, mul, read, rewrite, substitute } from "../../ir/scalar.ts";
import { simplifyScalar } from "../../ir/simplify-scalar.ts";
import { SumBuilder } from "../../ir/sums.ts";
import { ConstantTables } from "./constants.ts";
import { contractionOf, productFactors, productOf, splitFactors } from "./contraction.ts";
import type { Factor } from "./contraction.ts";
import { LinearSums } from "./linear-sums.ts";
import { labelOf, rebuildGraph } from "./rebuild.ts";
import { binsFormOf, scatterAsSum } from "./scatters.ts";
import { SharedBodies } from "./shared-bodies.ts";

/** The roots in normal form, in order. Distinct roots stay distinct nodes only where they differ. */
export function normalise(roots: readonly Node[]): readonly Node[] {
  const builder = new SumBuilder();
  const tables = new ConstantTables();
  const extrema = new Map<string, Comp>();
  const planned = new Map<Node, Node>();
  const linear = new LinearSums();
  const bodies = new SharedBodies();
  const numbers = new Map<Node, Scalar>();

  const renewed = rebuildGraph(roots, (old, renew) => {
    switch (old.kind) {
      case "comp": {
        const space = [...old.axes, ...(old.reduce?.axes ?? [])];
        const body = bodies.withDrawnNodes(
          labelOf(old),
          tables.body(labelOf(old), withNumbers(renew.scalar(old.body)), space),
          space,
          old.reduce !== undefined,
        );
        return settled(buildComp(old, body));
      }
      case "scatter": {
        const form = binsFormOf(old);
        return form ? undefined : settled(scatterAsSum(renewedScatter(old, renew), builder));
      }
      default:
        return undefined;
    }
  });
  return roots.map(renewed);

  /** Reads of nodes that are one number throughout, as that number. */
  function withNumbers(s: Scalar): Scalar {
    return numbers.size === 0 ? s : rewrite(s, (e) => (e.kind === "read" ? numbers.get(e.of) : undefined));
  }

  function buildComp(old: Comp, body: Scalar): Node {
    if (!old.reduce) {
      const made = builder.pointwise(labelOf(old), old.axes, body);
      if (made.kind === "comp" && !made.reduce) {
        bodies.remember(made);
        if (made.body.kind === "literal") numbers.set(made, made.body);
      }
      return made;
    }
    if (old.reduce.op !== "sum" || old.dtype !== "f32") return extremum(old, body);
    const over = old.reduce.axes;
    const known = linear.pointwise(old.axes, over, body);
    if (known) return buildComp(comp(labelOf(old), old.axes, known), known);
    const made = builder.sum(labelOf(old), old.axes, over, bodies.find(body, [...old.axes, ...over]) ?? body);
    linear.remember(made);
    return made;
  }

  /** Maxima, minima and integer sums: no algebra, but equal ones are shared and axes of one element vanish. */
  function extremum(old: Comp, body: Scalar): Node {
    const rank = old.axes.length;
    const over = old.reduce?.axes ?? [];
    const kept = over.filter((a) => a.size !== 1);
    let next = rank;
    const by = [...old.axes, ...over].map((a, p) => (p < rank ? axis(p) : a.size === 1 ? int(0) : axis(next++)));
    const inner = simplifyScalar(substitute(body, by), [...old.axes, ...kept]);
    if (kept.length === 0) return builder.pointwise(labelOf(old), old.axes, inner);
    const key = `${old.reduce?.op}|${[old.axes, kept].map((list) => list.map((a) => a.size).join()).join("|")}|${inner.id}`;
    const made = extrema.get(key) ?? comp(labelOf(old), old.axes, inner, { op: old.reduce?.op ?? "max", axes: kept });
    extrema.set(key, made);
    return made;
  }

  function settled(node: Node): Node {
    if (node.kind !== "comp") return node;
    const known = planned.get(node);
    if (known) return known;
    const made = tables.node(node) === node ? planContraction(node, builder) : tables.node(node);
    planned.set(node, made);
    return made;
  }
}

function renewedScatter(
  old: Extract<Node, { kind: "scatter" }>,
  renew: { readonly scalar: (s: Scalar) => Scalar },
): typeof old {
  return { ...old, at: old.at.map(renew.scalar), body: renew.scalar(old.body) };
}

/**
 * A sum of three or more factors that is no contraction as it stands (an expert's weight, its input and a cotangent share axes in
 * a ring) contracts the cheapest pair first.
 */
function planContraction(node: Comp, builder: SumBuilder): Node {
  if (node.reduce?.op !== "sum" || node.dtype !== "f32") return node;
  const all = productFactors(node.body);
  const factors = all.filter((f) => f.axes.size > 0);
  if (factors.length < 3 || contractionOf(node)) return node;
  const rank = node.axes.length;
  const space = [...node.axes, ...node.reduce.axes];
  const best = pairs(factors)
    .flatMap((pair) => {
      const others = factors.filter((f) => !pair.includes(f));
      const summed = space.flatMap((_, p) =>
        p >= rank && pair.some((f) => f.axes.has(p)) && !others.some((f) => f.axes.has(p)) ? [p] : [],
      );
      const kept = space.flatMap((_, p) => (pair.some((f) => f.axes.has(p)) && !summed.includes(p) ? [p] : []));
      if (summed.length === 0) return [];
      const part = pairSum(pair, kept, summed, space);
      return part.contracts ? [{ part, others, kept, summed }] : [];
    })
    .toSorted((a, b) => a.part.work - b.part.work)[0];
  if (!best) return node;
  const inner = builder.sum(labelOf(node), best.part.axes, best.part.over, best.part.body);
  const rest = productOf(all.filter((f) => best.others.includes(f) || f.axes.size === 0));
  const left = space.flatMap((a, p) => (p >= rank && !best.summed.includes(p) ? [{ a, p }] : []));
  const by = space.map((_, p) =>
    axis(
      p < rank
        ? p
        : rank +
            Math.max(
              left.findIndex((l) => l.p === p),
              0,
            ),
    ),
  );
  const body = substitute(
    mul(
      read(
        inner,
        best.kept.map((p) => axis(p)),
      ),
      rest,
    ),
    by,
  );
  const over = left.map((l) => l.a);
  return over.length === 0
    ? builder.pointwise(labelOf(node), node.axes, body)
    : builder.sum(labelOf(node), node.axes, over, body);
}

function pairSum(pair: readonly Factor[], kept: readonly number[], summed: readonly number[], space: readonly Axis[]) {
  const order = [...kept, ...summed];
  const by = space.map((_, p) => axis(Math.max(order.indexOf(p), 0)));
  const sizes = order.flatMap((p) => space[p] ?? []);
  const body = substitute(productOf(pair), by);
  return {
    axes: sizes.slice(0, kept.length),
    over: sizes.slice(kept.length),
    body,
    contracts: splitFactors(productFactors(body), sizes, kept.length) !== undefined,
    work: sizes.reduce((w, a) => w * a.size, 1),
  };
}

function pairs<T>(items: readonly T[]): readonly (readonly [T, T])[] {
  return items.flatMap((a, i) => items.slice(i + 1).map((b) => [a, b] as const));
}
