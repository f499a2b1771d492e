/** @file Dispatches that may run side by side: consecutive ones that touch nothing of each other's. Threads wait for each other only between such phases. */
import type { Dispatch, Plan } from "../../src/runtime/plan.ts";

interface Use {
  readonly buffer: number;
  readonly from: number;
  readonly to: number;
  readonly writes: boolean;
}

/** The first dispatch of each phase, and the number of dispatches at the end. */
export function phasesOf(plan: Plan, dispatches: readonly Dispatch[]): readonly number[] {
  const starts: number[] = [];
  let uses: Use[] = [];
  dispatches.forEach((dispatch, at) => {
    const mine = usesOf(plan, dispatch);
    if (at === 0 || mine.some((use) => uses.some((other) => conflict(use, other)))) {
      starts.push(at);
      uses = [];
    }
    uses.push(...mine);
  });
  return [...starts, dispatches.length];
}

function usesOf(plan: Plan, { kernel, bindings }: Dispatch): readonly Use[] {
  return bindings.map(({ buffer, offset, bytes }, i) => ({ buffer, from: offset, to: offset + bytes, writes: plan.kernels[kernel]?.access[i] !== "read" }));
}

const conflict = (a: Use, b: Use): boolean => (a.writes || b.writes) && a.buffer === b.buffer && a.from < b.to && b.from < a.to;
