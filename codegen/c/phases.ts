/**
 * @file Dispatches that may run side by side: consecutive ones that touch nothing of each other's, or the links of a chain, which run block by block. Threads wait for each
 * other only between such phases.
 */
import type { Dispatch, Plan } from "../../src/abi/plan.ts";

export interface Phase {
  /** The first of its dispatches, and the one after the last. */
  readonly from: number;
  readonly to: number;
  /** Blocks of rows when it is a chain, else 0. */
  readonly blocks: number;
}

interface Use {
  readonly buffer: number;
  readonly from: number;
  readonly to: number;
  readonly writes: boolean;
}

export function phasesOf(plan: Plan, dispatches: readonly Dispatch[]): readonly Phase[] {
  const phases: { from: number; to: number; blocks: number; chain: number | undefined }[] = [];
  let uses: Use[] = [];
  dispatches.forEach((dispatch, at) => {
    const mine = usesOf(plan, dispatch);
    const chain = dispatch.rows?.chain;
    const last = phases.at(-1);
    const joins =
      last !== undefined &&
      last.chain === chain &&
      (chain !== undefined || !mine.some((use) => uses.some((other) => conflict(use, other))));
    if (joins) last.to = at + 1;
    else {
      phases.push({ from: at, to: at + 1, blocks: dispatch.rows?.blocks ?? 0, chain });
      uses = [];
    }
    uses.push(...mine);
  });
  return phases;
}

function usesOf(plan: Plan, { kernel, bindings }: Dispatch): readonly Use[] {
  return bindings.map(({ buffer, offset, bytes }, i) => ({
    buffer,
    from: offset,
    to: offset + bytes,
    writes: plan.kernels[kernel]?.access[i] !== "read",
  }));
}

const conflict = (a: Use, b: Use): boolean =>
  (a.writes || b.writes) && a.buffer === b.buffer && a.from < b.to && b.from < a.to;
