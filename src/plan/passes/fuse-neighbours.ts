/**
 * @file Horizontal fusion over a dispatch list: independent dispatches of one kind that come close together become one, which fills a device that one
 * of them alone would not. A later dispatch moves up to the first of its group, past what it does not depend on.
 */
import type { Node } from "../../ir/graph.ts";
import type { Lowering, PendingDispatch, Workspace } from "./dispatches.ts";
import type { BufferDraft, Homes } from "../buffers/allocation.ts";
import type { Packing, Pair } from "./pack.ts";

/** How far ahead a dispatch is looked for that could run with this one. */
const lookAhead = 16;
const mostFused = 4;

/** Memory a dispatch touches; true where it writes. */
type Memory = Node | Workspace | Pair;
type Touched = ReadonlyMap<Memory, boolean>;

export function fuseNeighbours(
  given: readonly PendingDispatch[],
  lowering: Lowering,
  homes: Homes,
  packing: Packing,
): readonly PendingDispatch[] {
  const touched = given.map((d) => touchedBy(d, homes, packing));
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
      const free =
        mayFuse(first, candidate) &&
        passed.every((t) => t && areIndependent(t, own)) &&
        usesEachOneWay([...parts, candidate], homes);
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

/** No device lets one dispatch write a buffer through one binding and only read it through another, whatever their ranges: parts of an arena. */
function usesEachOneWay(dispatches: readonly PendingDispatch[], homes: Homes): boolean {
  const writes = new Map<BufferDraft, boolean>();
  for (const { bindings, kernel } of dispatches) {
    for (const [i, source] of bindings.entries()) {
      const buffer = source.kind === "node" ? homes.fixed(source.node)?.buffer : undefined;
      if (!buffer) continue;
      const here = kernel.bindings[i]?.access !== "read";
      if ((writes.get(buffer) ?? here) !== here) return false;
      writes.set(buffer, here);
    }
  }
  return true;
}

/** Tensors that lie side by side count as one: a kernel that reads both binds only the first, and no kernel may write one and read the other. */
function touchedBy(dispatch: PendingDispatch, homes: Homes, packing: Packing): Touched {
  const touched = new Map<Memory, boolean>();
  dispatch.bindings.forEach((source, i) => {
    const base = source.kind === "node" ? homes.base(source.node) : undefined;
    const memory = base
      ? (packing.place(base)?.pair ?? base)
      : source.kind === "workspace"
        ? source.workspace
        : undefined;
    if (!memory) return;
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
