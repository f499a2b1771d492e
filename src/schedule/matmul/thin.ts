/**
 * @file Contractions with few rows on a GPU, such as one token times a matrix: reading the matrix is all the work. The lanes of a run take turns along k, each for all rows and
 * four columns, and combine their sums with a fixed tree.
 */
import {
  add,
  and,
  bool,
  div,
  eq,
  group,
  i32,
  lane,
  literal,
  lt,
  mod,
  mul,
  register,
  variable,
} from "../../kernel/expr.ts";
import type { Array_, Expr } from "../../kernel/ir.ts";
import { assign, branch, loop, phase, reduce } from "../../kernel/statements.ts";
import type { ContractCluster } from "../../cluster/cluster.ts";
import { buildKernel } from "../build/bindings.ts";
import type { Bindings, KernelDraft } from "../build/bindings.ts";
import { Block } from "../build/block.ts";
import { shapeOf } from "../build/operand-layout.ts";
import { ContractTile, productDirections } from "./tile.ts";
import { kernelComment, kernelName } from "../build/kernel.ts";
import type { Lowered, ScalarLayout, Target } from "../build/lowered.ts";
import { ScalarLowering } from "../build/lower-scalar.ts";
import { axisGroup } from "../build/axis-mapping.ts";

const lanes = 64;

export function lowerThin(cluster: ContractCluster, target: Target, layout: ScalarLayout): Lowered {
  // A matrix whose rows lie along k is read along k; otherwise neighbouring lanes share the memory lines of neighbouring columns.
  const width = productDirections(cluster).every(({ b }) => b === "k") ? 32 : 8;
  const dispatch = buildKernel(layout, target, (bindings) => build(cluster, width, bindings));
  return {
    dispatches: [dispatch],
    workspaces: [],
    reasons: [`few rows: ${width} lanes share the sums of ${shapeOf(cluster).m}x4 outputs`],
  };
}

function build(cluster: ContractCluster, width: number, bindings: Bindings): KernelDraft {
  const shape = shapeOf(cluster);
  const runs = lanes / width;
  const stripes = Math.ceil(shape.n / 4);
  const groupsN = Math.ceil(stripes / runs);
  const start = () => {
    const block = new Block(bindings.names);
    const batch = shape.batch === 1 ? i32(0) : block.define("batch", div(group, groupsN));
    const stripe = block.define(
      "stripe",
      add(mul(shape.batch === 1 ? group : mod(group, groupsN), runs), div(lane, width)),
    );
    const code = block.child();
    const base = new ScalarLowering({
      bindings,
      block: code,
      space: [...cluster.batch, ...cluster.m, ...cluster.n, ...cluster.k],
      groups: [axisGroup(0, cluster.batch, batch)],
    });
    return {
      block,
      code,
      exists: stripes % runs === 0 ? bool(true) : lt(stripe, stripes),
      tile: new ContractTile({ cluster, base, tileM: i32(0), tileN: stripe, rows: shape.m, columns: 4 }),
    };
  };

  const registers: Array_[] = [];
  const sum = start();
  const accumulators = sum.tile.accumulators((name, element): Expr => {
    const made: Array_ = { name: bindings.names.fresh(name), element, length: 1 };
    registers.push(made);
    return register(made);
  });
  sum.block.push(...registers.map((each) => assign(each, literal(each.element, 0))));
  const counter = bindings.names.fresh("j");
  const units = shape.k / sum.tile.step;
  const steps = Math.ceil(units / width);
  const at = add(mul(variable(counter), width), mod(lane, width));
  const body = sum.code.child();
  sum.tile.accumulate(sum.tile.kStep(at, body), accumulators);
  sum.code.push(
    ...loop(counter, 0, steps, 1, branch(units % width === 0 ? bool(true) : lt(at, units), body.statements)),
  );

  const end = start();
  end.tile.write(accumulators);
  const element = registers[0]?.element;
  const scratch: Array_ = {
    name: bindings.names.fresh("scratch"),
    element: element ?? literal({ scalar: "f32", width: 1 }, 0).type,
    length: lanes,
  };
  const nodes = cluster.outputs.map((output) => output.node);
  return {
    name: kernelName("contract", nodes),
    groups: shape.batch * groupsN,
    lanes,
    shared: [scratch],
    registers,
    body: [
      phase([...sum.block.statements, ...branch(sum.exists, sum.code.statements)]),
      ...registers.map((each) => reduce("add", each, scratch, width)),
      phase([...end.block.statements, ...branch(and(end.exists, eq(mod(lane, width), 0)), end.code.statements)]),
    ],
    comment: kernelComment(nodes),
  };
}
