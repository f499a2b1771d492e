/**
 * @file Bodies that read more tensors than a kernel can bind are split: parts of them become nodes of their own, which other kernels compute. Runs on the
 * normal form, so that whatever is fused later, every node alone fits a kernel.
 */
import { spaceOf } from "../../ir/affine.ts";
import type { Axis, Node, Scalar } from "../../ir/graph.ts";
import { comp, nodesRead, scatter } from "../../ir/node.ts";
import type { Label } from "../../ir/node.ts";
import { axis, binary, int, operands, read, rebuild, rewrite, select, substitute } from "../../ir/scalar.ts";
import { positionsOf } from "../../ir/sums.ts";
import { readsInRange } from "./in-range.ts";
import { labelOf, rebuildGraph } from "./rebuild.ts";

/** Bindings besides what a body reads: the result and the words of the host; a scatter's points come in the order of their bins. */
const besides = { comp: 2, scatter: 4 } as const;

/** The tensors among what a scalar reads: rank-0 scalars of the host are not bound. */
export function tensorsRead(...scalars: readonly Scalar[]): readonly Node[] {
  return nodesRead(...scalars).filter((n) => n.kind !== "leaf" || n.role !== "scalar");
}

/** The roots, with no body left that reads more tensors than kernels with so many bindings can. */
export function splitWideBodies(roots: readonly Node[], bindings: number): readonly Node[] {
  const renewed = rebuildGraph(roots, (old, renew) => {
    if (old.kind !== "comp" && old.kind !== "scatter") return undefined;
    const most = bindings - besides[old.kind];
    if (tensorsRead(old.body).length <= most) return undefined;
    const body = narrowed(renew.scalar(old.body), most, labelOf(old), spaceOf(old));
    return old.kind === "comp"
      ? comp(labelOf(old), old.axes, body, old.reduce)
      : scatter(labelOf(old), old.axes, old.over, old.at.map(renew.scalar), body);
  });
  return roots.map(renewed);
}

/** From the innermost expression that reads too much on, the operands that read most become nodes until the rest fits. */
function narrowed(body: Scalar, most: number, label: Label, space: readonly Axis[]): Scalar {
  const memo = new Map<Scalar, Scalar>();
  const visit = (s: Scalar): Scalar => {
    const known = memo.get(s);
    if (known) return known;
    let made = rebuild(s, visit);
    while (tensorsRead(made).length > most) {
      const [widest] = operands(made).toSorted((a, b) => tensorsRead(b).length - tensorsRead(a).length);
      if (!widest || tensorsRead(widest).length < 2) break;
      const part = readOfPart(widest, label, space);
      made = rebuild(made, (operand) => (operand === widest ? part : operand));
    }
    memo.set(s, made);
    return made;
  };
  return visit(body);
}

/** A read of a new node with the value of an expression, over the axes that the expression has. Conditions are stored as numbers. */
function readOfPart(part: Scalar, label: Label, space: readonly Axis[]): Scalar {
  const positions = [...positionsOf(part)].toSorted((a, b) => a - b);
  const value = part.dtype === "bool" ? select(part, int(1), int(0)) : part;
  const own = substitute(
    safe(value, space),
    space.map((_, p) => axis(Math.max(positions.indexOf(p), 0))),
  );
  const node = comp(
    { ...label, name: `${label.name}.part` },
    positions.flatMap((p) => space[p] ?? []),
    own,
  );
  const stored = read(
    node,
    positions.map((p) => axis(p)),
  );
  return part.dtype === "bool" ? binary("ne", stored, int(0)) : stored;
}

const clamp = (index: Scalar, size: number): Scalar => binary("max", binary("min", index, int(size - 1)), int(0));

/** What guards around an expression kept in range is clamped: where they do not hold nothing reads the value. */
function safe(part: Scalar, space: readonly Axis[]): Scalar {
  const visit = (s: Scalar): Scalar =>
    rewrite(s, (e) => {
      if (e.kind !== "read" || readsInRange(e, space)) return undefined;
      return read(
        e.of,
        e.at.map((index, i) => clamp(visit(index), e.of.axes[i]?.size ?? 1)),
      );
    });
  return visit(part);
}
