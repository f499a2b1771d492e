/** @file The right operand of a contraction in panels: [batch][panel][step along k][column of the panel], so that a pass along k reads memory in order. Columns past the end repeat the last one. */
import { add, div, group, i32, lane, max, min, mod, mul, variable } from "../../kernel/expr.ts";
import type { Expr, Statement } from "../../kernel/ir.ts";
import { loop, phase, store } from "../../kernel/statements.ts";
import type { Scalar } from "../../ir/graph.ts";
import type { ContractCluster } from "../../cluster/cluster.ts";
import type { Bindings, KernelDraft } from "../build/bindings.ts";
import { Block } from "../build/block.ts";
import { isContiguous, shapeOf } from "../build/operand-layout.ts";
import type { Shape } from "../build/operand-layout.ts";
import { kernelName } from "../build/kernel.ts";
import { ScalarLowering } from "../build/lower-scalar.ts";
import type { PanelTile } from "./panel-sizes.ts";
import type { Steps } from "./panel-steps.ts";
import { axisGroup } from "../build/axis-mapping.ts";

/** Elements of the packed operand. */
export const packedLength = (
  { batch, n }: Pick<Shape, "batch" | "n">,
  { count }: Pick<Steps, "count">,
  panel: number,
): number => batch * Math.ceil(n / panel) * count * panel;

/**
 * The kernel that packs a right operand into a workspace. A task reads what lies together: all panels for a few steps along k, or one panel along k, where squares of
 * numbers are transposed in registers.
 */
export function packAhead(
  cluster: ContractCluster,
  right: Scalar,
  index: number,
  { panel: width, ...tile }: PanelTile,
  steps: Steps,
  bindings: Bindings,
  lanes: number,
): KernelDraft {
  const { batch, n, at } = shapeOf(cluster);
  const { count } = steps;
  const panels = Math.ceil(n / width);
  const across = isContiguous(right, at.n + cluster.n.length - 1);
  const [piece, perTask] = across ? [16, 64] : [256, 1];
  const [pieces, parts] = [Math.ceil(count / piece), Math.ceil(panels / perTask)];
  const outer = new Block(bindings.names);
  const slice = outer.define("slice", div(group, pieces));
  const batchIndex = batch === 1 ? i32(0) : outer.define("batch", div(slice, parts));
  const first = parts === 1 ? i32(0) : outer.define("first", mul(batch === 1 ? slice : mod(slice, parts), perTask));
  const from = pieces === 1 ? i32(0) : outer.define("from", mul(mod(group, pieces), piece));
  const [counter, panel, square] = [
    bindings.names.fresh("k"),
    bindings.names.fresh("panel"),
    bindings.names.fresh("u"),
  ];
  const packed = bindings.workspace(index, packedLength({ batch, n }, steps, width), "write", 1, steps.element.scalar);
  const base = new ScalarLowering({
    bindings,
    block: outer,
    space: [...cluster.batch, ...cluster.m, ...cluster.n, ...cluster.k],
    groups: [axisGroup(0, cluster.batch, batchIndex)],
  });
  /** One element: its step, and its column in the panel. */
  const element = (step: Expr, within: Expr, block: Block): void => {
    const column = add(mul(variable(panel), width), within);
    // Only the last panel can reach past the end.
    const inside = n % width === 0 ? column : block.share("column", min(column, n - 1));
    const value = steps.elementAt(step, block, (k, inner) =>
      base
        .inside({ groups: [axisGroup(at.n, cluster.n, inside), axisGroup(at.k, cluster.k, k)], block: inner })
        .lower(steps.operand(right)),
    );
    block.push(
      store(
        packed,
        add(mul(add(mul(add(mul(batchIndex, panels), variable(panel)), count), step), width), within),
        value,
      ),
    );
  };
  const vectors = Array.from({ length: width / lanes }, (_, j) => j * lanes);
  const columns = outer.child();
  for (const j of vectors) element(variable(counter), add(lane, j), columns);
  const squares = vectors.flatMap((j) => {
    const block = outer.child();
    element(add(variable(counter), lane), add(variable(square), j), block);
    return loop(square, 0, lanes, 1, block.statements);
  });
  const to = count % piece === 0 ? add(from, piece) : min(add(from, piece), count);
  const whole = across ? 0 : count - (count % lanes);
  const last =
    perTask === 1 ? add(first, 1) : panels % perTask === 0 ? add(first, perTask) : min(add(first, perTask), panels);
  const overPanels = (body: readonly Statement[]): readonly Statement[] => loop(panel, first, last, 1, body);
  outer.push(
    ...(whole > 0
      ? loop(counter, from, count === whole ? to : min(add(from, piece), whole), lanes, overPanels(squares))
      : []),
    ...(count > whole
      ? loop(counter, whole === 0 ? from : max(from, whole), to, 1, overPanels(columns.statements))
      : []),
  );
  return {
    name: kernelName(
      "pack",
      cluster.outputs.map((output) => output.node),
    ),
    groups: batch * parts * pieces,
    lanes,
    shared: [],
    registers: [],
    body: [phase(outer.statements)],
    comment: [`the right operand of tasks of ${tile.rows} rows, in panels of ${width} columns`],
  };
}
