/**
 * @file Maxima and minima that are differentiated: their gradient asks which elements equal the extremum, bit by bit, and the same expression computed in
 * another kernel may be rounded otherwise (fused multiply-adds). So what they go over is a value of its own, and a value that is compared for
 * equality is stored and read, never computed again.
 */
import { differentiatedExtrema } from "../../grad/gradients.ts";
import type { Leaf, Node } from "../../ir/graph.ts";
import { comp } from "../../ir/node.ts";
import { axis, read, subexpressions } from "../../ir/scalar.ts";
import { labelOf, rebuildGraph } from "./rebuild.ts";

/** The graph of a loss, with the values under each extremum that has a gradient as nodes of their own. The other roots follow. */
export function withExtremaRead<const Roots extends readonly [loss: Node, ...others: Node[]]>(
  roots: Roots,
  wrt: readonly Leaf[],
): Roots {
  const computed = new Set([...differentiatedExtrema([roots[0]], wrt)].filter((node) => node.body.kind !== "read"));
  if (computed.size === 0) return roots;
  const renewed = rebuildGraph(roots, (old, renew) => {
    if (old.kind !== "comp" || !old.reduce || !computed.has(old)) return undefined;
    const space = [...old.axes, ...old.reduce.axes];
    const values = comp({ ...labelOf(old), name: `${old.name}.values` }, space, renew.scalar(old.body));
    return comp(
      labelOf(old),
      old.axes,
      read(
        values,
        space.map((_, i) => axis(i)),
      ),
      old.reduce,
    );
  });
  return roots.map(renewed) as unknown as Roots;
}

/** Whether a node compares another's values for equality: then they must be the very bits that were made once. */
export const comparesBits = (reader: Node, of: Node): boolean =>
  reader.kind === "comp" &&
  subexpressions(reader.body).some(
    (s) =>
      s.kind === "binary" &&
      (s.op === "eq" || s.op === "ne") &&
      [s.left, s.right].some((side) => side.kind === "read" && side.of === of && side.dtype === "f32"),
  );
