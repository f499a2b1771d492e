/**
 * @file Horizontal fusion over a dispatch list: independent dispatches of one kind that come close together become one, which fills a device that one
 * of them alone would not. A later dispatch moves up to the first of its group, past what it does not depend on.
 */
import type { Node } from "../ir/graph.ts";
import type { Lowering, PendingDispatch, Workspace } from "./dispatches.ts";
import type { Homes } from "./homes.ts";

/** How far ahead a dispatch is looked for that could run with this one. */
const lookAhead = 16;
const mostFused = 4;

/** Memory a dispatch touches; true where it writes. */
type Touched = ReadonlyMap<Node | Workspace, boolean>;

export function fuseNeighbours(given: readonly PendingDispatch[], lowering: Lowering, homes: Homes): readonly PendingDispatch[] {
  const touched = given.map((d) => touchedBy(d, homes));
  const taken = new Set<number>();
  const result: PendingDispatch[] = [];
  given.forEach((first, i) => {
    if (taken.has(i)) return;
    let fused = first;
    const parts = [first];
    // The group and what stands between it and a candidate: the candidate moves before all of that.
    const passed = [touched[i]];
    for (let j = i + 1; j < Math.min(given.length, i + 1 + lookAhead) && parts.length < mostFused; j++) {
      const candidate = given[j];
      const own = touched[j];
      if (taken.has(j) || !candidate || !own) continue;
      const free = mayFuse(first, candidate) && passed.every((t) => t && areIndependent(t, own));
      const joined = free ? lowering.fuse([...parts, candidate]) : undefined;
      passed.push(own);
      if (!joined) continue;
      fused = joined;
      parts.push(candidate);
      taken.add(j);
    }
    result.push(fused);
  });
  return result;
}

function mayFuse(a: PendingDispatch, b: PendingDispatch): boolean {
  return a.kind === b.kind && a.chunk === b.chunk && a.kernel.lanes === b.kernel.lanes;
}

function touchedBy(dispatch: PendingDispatch, homes: Homes): Touched {
  const touched = new Map<Node | Workspace, boolean>();
  dispatch.bindings.forEach((source, i) => {
    if (source.kind === "scalars") return;
    const memory = source.kind === "node" ? homes.base(source.node) : source.workspace;
    touched.set(memory, (touched.get(memory) ?? false) || dispatch.kernel.bindings[i]?.access !== "read");
  });
  return touched;
}

/** Neither writes what the other touches. */
function areIndependent(a: Touched, b: Touched): boolean {
  for (const [memory, writes] of b) {
    const other = a.get(memory);
    if (other !== undefined && (writes || other)) return false;
  }
  return true;
}
