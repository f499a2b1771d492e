/** @file The schedule of attention: which kernels a pass needs so that each binds what it may, and how much a lane takes at once. */
import { invariant } from "../util/invariant.ts";
import { elementCount } from "../ir/node.ts";
import type { AttentionGradientForm } from "../ir/graph.ts";
import { capturedBindings } from "../optimize/attention/operands.ts";
import type { FlashCluster } from "../cluster/cluster.ts";
import { keyByRows, queryByRows } from "./attention/rows-backward.ts";
import { forwardByRows } from "./attention/rows-forward.ts";
import { pairStatistics } from "./attention/gradient.ts";
import { flashProblem } from "./attention/problem.ts";
import type { FlashKernel, FlashProblem } from "./attention/problem.ts";
import { keyByTiles, queryByTiles } from "./attention/tiles-backward.ts";
import { forwardByTiles } from "./attention/tiles-forward.ts";
import { tileRows } from "./attention/tiles.ts";
import { keyByVectors, queryByVectors } from "./attention/vector/backward.ts";
import { forwardByVectors } from "./attention/vector/forward.ts";
import { vectorShape } from "./attention/vector/shape.ts";
import { kernelComment, kernelName } from "./build/kernel.ts";
import type { Lowered, LoweredDispatch, ScalarLayout, Target } from "./build/lowered.ts";

/** The kernels of one pass of attention. */
export function lowerFlash(cluster: FlashCluster, target: Target, scalars: ScalarLayout): Lowered {
  const problem = flashProblem(cluster.form);
  const { gradient, form } = problem;
  const rows = rowsPerLane(problem, cluster.pass);
  const reasons = [howReason(problem, cluster.pass, target, rows)];
  const kernel = (roles: readonly string[], paired: boolean): FlashKernel => {
    const outputs = new Map(
      cluster.outputs.filter(({ role }) => roles.includes(role)).map(({ role, node }) => [role, node]),
    );
    const nodes = [...outputs.values()];
    return {
      name: kernelName(`flash_${cluster.pass}`, nodes),
      comment: kernelComment(nodes),
      problem,
      outputs,
      target,
      layout: scalars,
      paired,
    };
  };
  const roles = cluster.outputs.map(({ role }) => role);
  if (!gradient) {
    const forward = kernel(roles, false);
    const dispatch = target.simd
      ? forwardByVectors(forward)
      : target.staging
        ? forwardByTiles(forward)
        : forwardByRows(forward, rows);
    return { dispatches: [dispatch], workspaces: [], reasons };
  }
  const make = (one: FlashKernel): LoweredDispatch => {
    if (target.simd) return cluster.pass === "key" ? keyByVectors(one) : queryByVectors(one);
    const bins = [...one.outputs.keys()].some(isBins);
    if (cluster.pass === "key") return target.staging ? keyByTiles(one) : keyByRows(one, rows);
    return target.staging && !bins ? queryByTiles(one) : queryByRows(one, target.staging ? 1 : rows);
  };
  const parts = splitByBindings(gradient, roles, target);
  if (parts.roles.length > 1)
    reasons.push(`${parts.roles.length} kernels, because one would bind more than ${target.bindings} buffers`);
  if (parts.paired) reasons.push("lse and D are paired, which saves a binding");
  const dispatches = parts.roles.map((own) => make(kernel(own, parts.paired)));
  if (!parts.paired) return { dispatches, workspaces: [], reasons };
  const statistics = 8 * elementCount([...form.z, form.t]);
  return { dispatches: [pairStatistics(kernel(roles, true)), ...dispatches], workspaces: [statistics], reasons };
}

const isBins = (role: string): boolean => role.startsWith("bins");

function howReason(problem: FlashProblem, pass: FlashCluster["pass"], target: Target, rowsOfLane: number): string {
  const side = pass === "key" ? "keys" : "queries";
  if (target.simd) {
    const { rows, span, dotRows, panel } = vectorShape(problem, pass === "key" ? "key" : "query", target.lanes);
    return `${rows} ${side} a workgroup against ${span} of the other side at a time, products by ${dotRows} × ${panel / target.lanes} vectors`;
  }
  if (target.staging) return `tiles of ${tileRows} ${side} against ${tileRows} of the other side in shared memory`;
  return `${rowsOfLane} ${side} a lane, from global memory`;
}

interface Parts {
  /** What each kernel writes. */
  readonly roles: readonly (readonly string[])[];
  readonly paired: boolean;
}

/** All outputs in one kernel if it can bind them, else one kernel each; lse and D are paired if even that is too much. */
function splitByBindings(gradient: AttentionGradientForm, roles: readonly string[], target: Target): Parts {
  // Every kernel reads q, k, dO and the statistics; only dv does not need v.
  const buffers = (own: readonly string[], statistics: number): number => {
    const bins = own.flatMap((role) => (isBins(role) ? [gradient.bins[Number(role.slice(4))]] : []));
    const more = bins.flatMap((b) => (b ? [b.bin, b.derivative] : []));
    return (
      3 + Number(own.some((role) => role !== "dv")) + statistics + capturedBindings(gradient.forward, more) + own.length
    );
  };
  const fits = (own: readonly string[], statistics: number): boolean => buffers(own, statistics) <= target.bindings;
  // Tiles do not sum within rows: on GPUs bins have kernels of their own.
  const together = !target.staging || !roles.some(isBins) || roles.length === 1;
  if (together && fits(roles, 2)) return { roles: [roles], paired: false };
  const alone = roles.map((role) => [role]);
  const paired = !alone.every((own) => fits(own, 2));
  invariant(
    !paired || alone.every((own) => fits(own, 1)),
    "the score of an attention captures more than a kernel can bind",
  );
  return { roles: alone, paired };
}

/**
 * Rows a lane owns. More share each load, and loads are what these kernels wait for; but a kernel's code grows with what its rows keep, and the time
 * to compile it faster than its code. Measured on SwiftShader with 32 features, milliseconds of a pass for 1, 2 and 4 rows: forward 13, 9, 7;
 * query 13, 12, 9; key 17, 15, 13.
 */
function rowsPerLane({ form: { e, f }, batches, queries, keys }: FlashProblem, pass: FlashCluster["pass"]): number {
  const length = pass === "key" ? keys : queries;
  // What a row keeps: q and o; q, dO and dq; k, v, dk and dv.
  const kept = { forward: e.size + f.size, query: 2 * e.size + f.size, key: 2 * (e.size + f.size) }[pass];
  let rows = kept <= 96 ? 4 : kept <= 256 ? 2 : 1;
  // Enough lanes to keep the cores busy.
  while (rows > 1 && (rows > length || batches * Math.ceil(length / rows) < 64)) rows /= 2;
  return rows;
}
