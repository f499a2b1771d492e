/** @file Which nodes compute the same: recognisers compare expressions by identity, and two spellings of a row's maximum must not differ. */
import type { Node, Scalar } from "../../ir/graph.ts";
import { read, rewrite } from "../../ir/scalar.ts";

const sizes = (axes: Node["axes"]): string => axes.map((a) => a.size).join();

/** Maps every comp to the oldest one that computes the same from the same. */
export function representatives(nodes: readonly Node[]): (node: Node) => Node {
  const oldest = new Map<string, Node>();
  const chosen = new Map<Node, Node>();
  const representative = (node: Node): Node => chosen.get(node) ?? node;
  const memo = new Map<Scalar, Scalar>();
  const canonical = (s: Scalar): Scalar =>
    rewrite(
      s,
      (e) =>
        e.kind === "read" && representative(e.of) !== e.of
          ? read(representative(e.of), e.at.map(canonical))
          : undefined,
      memo,
    );
  for (const node of nodes) {
    if (node.kind !== "comp") continue;
    const key = `${sizes(node.axes)}|${node.reduce ? `${node.reduce.op} ${sizes(node.reduce.axes)}` : ""}|${canonical(node.body).id}`;
    const known = oldest.get(key);
    if (known) chosen.set(node, known);
    else oldest.set(key, node);
  }
  return representative;
}
