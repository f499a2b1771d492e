/**
 * @file The contraction engine for adapters where caches do the staging: every lane computes a tile of rows x columns in registers straight from memory, without shared
 * memory and barriers. Four elements are loaded at once along whichever axis lies contiguous.
 */
import { add, and, bool, div, group, i32, lane, literal, lt, mod, mul, variable } from "../../kernel/expr.ts";
import { branch, declare, loop, phase } from "../../kernel/statements.ts";
import type { ContractCluster } from "../../cluster/cluster.ts";
import { buildKernel } from "../build/bindings.ts";
import type { Bindings, KernelDraft } from "../build/bindings.ts";
import { Block } from "../build/block.ts";
import { shapeOf } from "../build/operand-layout.ts";
import { ContractTile } from "./tile.ts";
import { registerTile } from "./tile-sizes.ts";
import type { RegisterTile } from "./tile-sizes.ts";
import { kernelComment, kernelName } from "../build/kernel.ts";
import type { Lowered, ScalarLayout, Target } from "../build/lowered.ts";
import { ScalarLowering } from "../build/lower-scalar.ts";
import { axisGroup } from "../build/axis-mapping.ts";

export function lowerInRegisters(cluster: ContractCluster, target: Target, layout: ScalarLayout): Lowered {
  const tile = registerTile({ ...shapeOf(cluster), accumulators: cluster.accumulators });
  const dispatch = buildKernel(layout, target, (bindings) => build(cluster, tile, bindings));
  return { dispatches: [dispatch], workspaces: [], reasons: [tile.reason] };
}

function build(
  cluster: ContractCluster,
  { rows, columns, lanesM, lanesN }: RegisterTile,
  bindings: Bindings,
): KernelDraft {
  const shape = shapeOf(cluster);
  const tilesM = Math.ceil(shape.m / rows);
  const tilesN = Math.ceil(shape.n / columns);
  const groupsM = Math.ceil(tilesM / lanesM);
  const groupsN = Math.ceil(tilesN / lanesN);

  const block = new Block(bindings.names);
  const batch = shape.batch === 1 ? i32(0) : block.define("batch", div(group, groupsN * groupsM));
  const groupM = shape.batch === 1 ? div(group, groupsN) : mod(div(group, groupsN), groupsM);
  const tileM = block.define("tile_m", add(mul(groupM, lanesM), div(lane, lanesN)));
  const tileN = block.define("tile_n", add(mul(mod(group, groupsN), lanesN), mod(lane, lanesN)));
  const code = block.child();
  const space = [...cluster.batch, ...cluster.m, ...cluster.n, ...cluster.k];
  const base = new ScalarLowering({ bindings, block: code, space, groups: [axisGroup(0, cluster.batch, batch)] });
  const tile = new ContractTile({ cluster, base, tileM, tileN, rows, columns });

  const accumulators = tile.accumulators((name, type) => {
    const fresh = bindings.names.fresh(name);
    code.push(declare(fresh, literal(type, 0)));
    return variable(fresh, type);
  });
  const counter = bindings.names.fresh(tile.step === 4 ? "k4" : "k");
  const body = code.child();
  tile.accumulate(tile.kStep(variable(counter), body), accumulators);
  code.push(...loop(counter, 0, shape.k / tile.step, 1, body.statements));
  tile.write(accumulators);

  const inM = tilesM % lanesM === 0 ? bool(true) : lt(tileM, tilesM);
  const inN = tilesN % lanesN === 0 ? bool(true) : lt(tileN, tilesN);
  block.push(...branch(and(inM, inN), code.statements));
  const nodes = cluster.outputs.map((output) => output.node);
  return {
    name: kernelName("contract", nodes),
    groups: shape.batch * groupsM * groupsN,
    lanes: lanesM * lanesN,
    shared: [],
    registers: [],
    body: [phase(block.statements)],
    comment: kernelComment(nodes),
  };
}
