/**
 * @file From a program's stages to its dispatches with every binding placed. Stages run one after the other; within a stage clusters are ordered
 * for memory, may overwrite inputs that die, are lowered, and fused with neighbours.
 */
import { invariant } from "../../util/invariant.ts";
import type { Node } from "../../ir/graph.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { mapCluster, nodesReadBy } from "../../cluster/walk.ts";
import type { Dispatch, MemoryReport } from "../../abi/plan.ts";
import { fuseNeighbours } from "./fuse-neighbours.ts";
import type { Lowering, PendingDispatch, Source, Workspace } from "./dispatches.ts";
import type { BufferDraft, Home, Homes } from "../buffers/allocation.ts";
import { HostScalars } from "./host-scalars.ts";
import { overwriteInput } from "../buffers/in-place.ts";
import { peakOf, shareBuffers } from "../buffers/memory.ts";
import type { Lifetime } from "../buffers/memory.ts";
import { orderGroups } from "../buffers/order.ts";
import type { Group } from "../buffers/order.ts";
import { Packing } from "./pack.ts";
import type { Pair } from "./pack.ts";
import { chainRows } from "./row-chains.ts";
import type { Chain } from "./row-chains.ts";
import { bytesOf } from "../buffers/sizes.ts";

export interface ProgramParts {
  readonly name: string;
  /** Groups of clusters by stage. */
  readonly stages: readonly (readonly Group[])[];
  /** Tensors that are read after the last dispatch. */
  readonly results: readonly Node[];
  readonly homes: Homes;
  readonly lowering: Lowering;
  /** Activation buffers of earlier programs, free here; receives new ones. */
  readonly pool: BufferDraft[];
  readonly scalarsBuffer: BufferDraft;
}

export interface BuiltProgram {
  readonly dispatches: readonly (Omit<Dispatch, "bindings" | "kernel"> & {
    readonly kernel: PendingDispatch["kernel"];
    readonly bindings: readonly Home[];
  })[];
  readonly clusters: readonly Cluster[];
  readonly scalars: HostScalars;
  readonly home: (node: Node) => Home;
  readonly peak: { readonly bytes: number; readonly alive: MemoryReport["alive"] };
}

/** What an activation buffer can hold. */
type Held = Node | Workspace | Pair;

export function buildProgram(parts: ProgramParts): BuiltProgram {
  const { homes, lowering } = parts;
  const scalars = new HostScalars();
  const results = new Set(parts.results.map((n) => homes.canonical(n)));
  const ordered = parts.stages.map((stage) =>
    orderGroups(stage, homes).map((g) => g.map((run) => run.map((c) => mapCluster(c, scalars.hoist)))),
  );
  const stages = overwriteInputs(ordered, results, homes);
  const packing = new Packing(homes, lowering.bindings);
  const lowered = stages.map((stage) =>
    stage.flatMap((group) =>
      group.flatMap((run) =>
        run.flatMap((c) => lowering.dispatches(c, group.length > 1 ? run : undefined, scalars, homes)),
      ),
    ),
  );
  const packed = lowered.map((stage) => packing.pack(stage));
  const steps = packed.flatMap((stage) =>
    lowering.sideBySide ? chainRows(stage, homes) : fuseNeighbours(stage, lowering, homes, packing),
  );
  const lifetimes = lifetimesOf(steps.map(dispatchesOf), results, homes, packing);
  const placed = shareBuffers(lifetimes, parts.pool, (bytes) =>
    homes.buffer(`activation${parts.pool.length + 1}`, "activation", bytes),
  );
  parts.scalarsBuffer.bytes = Math.max(parts.scalarsBuffer.bytes, 4 * scalars.words.length);

  const heldHome = (held: Held, bytes: number): Home => {
    const buffer = placed.get(held);
    invariant(buffer, "an activation has a buffer");
    return { buffer, offset: 0, bytes };
  };
  const home = (node: Node): Home => {
    const fixed = homes.fixed(node);
    if (fixed) return fixed;
    const view = homes.viewOf(node);
    if (view) {
      const whole = home(view.of);
      return { ...whole, offset: whole.offset + view.offset, bytes: bytesOf(node) };
    }
    const canonical = homes.canonical(node);
    const place = packing.place(canonical);
    return place
      ? { ...heldHome(place.pair, place.pair.bytes), offset: place.offset, bytes: bytesOf(node) }
      : heldHome(canonical, bytesOf(node));
  };
  const homeOf = (source: Source): Home => {
    switch (source.kind) {
      case "node":
        return home(source.node);
      case "workspace":
        return heldHome(source.workspace, source.workspace.bytes);
      case "scalars":
        return { buffer: parts.scalarsBuffer, offset: 0, bytes: 4 * scalars.words.length };
    }
  };
  const peak = peakOf(lifetimes);
  return {
    dispatches: steps.flatMap((step, chain) =>
      dispatchesOf(step).map(({ kernel, bindings, computes }, i) => ({
        kernel,
        bindings: bindings.map(homeOf),
        computes,
        ...("links" in step && { rows: { chain, blocks: step.blocks, groups: step.groups[i] ?? 0 } }),
      })),
    ),
    clusters: stages.flat(3),
    scalars,
    home,
    peak: {
      bytes: peak.bytes,
      alive: peak.alive.map(({ tensor, bytes }) => ({ name: "name" in tensor ? tensor.name : "workspace", bytes })),
    },
  };
}

const dispatchesOf = (step: PendingDispatch | Chain): readonly PendingDispatch[] =>
  "links" in step ? step.links : [step];

/** Lets maps and rows write into inputs that nothing reads later. */
function overwriteInputs(
  stages: readonly (readonly Group[])[],
  results: ReadonlySet<Node>,
  homes: Homes,
): readonly (readonly Group[])[] {
  const lastReader = new Map<Node, Cluster>();
  const readers = new Map<Node, number>();
  for (const cluster of stages.flat(3)) {
    for (const node of nodesReadBy(cluster)) {
      lastReader.set(homes.base(node), cluster);
      readers.set(node, (readers.get(node) ?? 0) + 1);
    }
  }
  return stages.map((stage) =>
    stage.map((group) =>
      group.map((run) =>
        run.map((cluster) => {
          const dies = (node: Node): boolean => {
            const canonical = homes.canonical(node);
            return (
              lastReader.get(canonical) === cluster &&
              !homes.fixed(canonical) &&
              !results.has(canonical) &&
              canonical === node
            );
          };
          const made = overwriteInput(cluster, dies, (node) => readers.get(node) === 1, homes);
          if (!made || results.has(homes.canonical(made.output))) return cluster;
          const [stays, moves] = homes.fixed(made.output) ? [made.output, made.input] : [made.input, made.output];
          homes.alias(moves, stays);
          homes.alias(made.leaf, stays);
          const reader = lastReader.get(made.output);
          if (reader) lastReader.set(stays, reader);
          return made.cluster;
        }),
      ),
    ),
  );
}

/** Lives count steps: the dispatches of one step run at the same time. */
function lifetimesOf(
  steps: readonly (readonly PendingDispatch[])[],
  results: ReadonlySet<Node>,
  homes: Homes,
  packing: Packing,
): readonly Lifetime<Held>[] {
  const lives = new Map<Held, { bytes: number; from: number; to: number }>();
  steps.forEach((dispatches, at) => {
    for (const source of dispatches.flatMap((dispatch) => dispatch.bindings)) {
      if (source.kind === "scalars" || (source.kind === "node" && homes.fixed(source.node))) continue;
      const node = source.kind === "node" ? homes.base(source.node) : undefined;
      const pair = node && packing.place(node)?.pair;
      const held: Held | undefined = pair ?? node ?? (source.kind === "workspace" ? source.workspace : undefined);
      if (!held) continue;
      const bytes = pair?.bytes ?? (node ? bytesOf(node) : (held as Workspace).bytes);
      const known = lives.get(held);
      if (known) known.to = at;
      else lives.set(held, { bytes, from: at, to: at });
    }
  });
  for (const node of results) {
    const life = lives.get(packing.place(node)?.pair ?? node);
    if (life) life.to = steps.length;
  }
  return [...lives].map(([tensor, life]) => ({ tensor, ...life }));
}
