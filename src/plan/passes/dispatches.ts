/**
 * @file Clusters as dispatches over tensors. Clusters of one structure are lowered once and share their kernels; several
 * dispatches become one where bindings and lanes allow.
 */
import { invariant } from "../../util/invariant.ts";
import type { Node } from "../../ir/graph.ts";
import { fuseDispatches } from "../../kernel/fuse.ts";
import type { Kernel } from "../../kernel/ir.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { structureOf } from "../../cluster/key.ts";
import { nodesWritten } from "../../cluster/walk.ts";
import { lower } from "../../schedule/lower.ts";
import type { BindingSource, Lowered, Target, Walk } from "../../schedule/build/lowered.ts";
import type { Homes } from "../buffers/allocation.ts";
import type { HostScalars } from "./host-scalars.ts";

/** What a binding is of: a tensor by its canonical node, the scalars, or memory between two kernels of a cluster. */
export type Source =
  | { readonly kind: "node"; readonly node: Node }
  | { readonly kind: "scalars" }
  | { readonly kind: "workspace"; readonly workspace: Workspace };

export interface Workspace {
  readonly bytes: number;
}

export interface PendingDispatch {
  readonly kernel: Kernel;
  readonly bindings: readonly Source[];
  readonly kind: Cluster["kind"];
  /** The chunk it belongs to. Only dispatches of one chunk are fused: chunks must not come to live side by side. */
  readonly chunk: readonly Cluster[] | undefined;
  readonly computes: readonly string[];
  /** What it computes; absent for a preparation whose only result is a workspace. */
  readonly cluster?: Cluster;
  readonly walk?: Walk;
}

/** A fused kernel and which of its parts' tensors, numbered in order of first use, each binding is. */
interface Fused {
  readonly kernel: Kernel;
  readonly bindings: readonly number[];
}

const longestName = 64;
/** How many bindings too many a kernel may have: `pack.ts` lays tensors side by side until they fit. */
const packable = 3;

/** Lowers clusters for one target; remembers what it has lowered. */
export class Lowering {
  readonly #target: Target;
  readonly #lowered = new Map<string, { readonly lowered: Lowered; readonly nodes: readonly Node[] }>();
  readonly #fused = new Map<string, Fused | "no">();
  readonly #kernelIds = new Map<Kernel, number>();

  constructor(target: Target) {
    this.#target = target;
  }

  /** Buffers a kernel may bind. */
  get bindings(): number {
    return this.#target.bindings;
  }

  /** Whether the device runs independent dispatches at the same time by itself. */
  get sideBySide(): boolean {
    return this.#target.simd;
  }

  /** Why each kernel looks as it does, by the name of the kernel. */
  reasons(): readonly (readonly [kernel: string, reasons: readonly string[]])[] {
    return [...this.#lowered.values()].map(({ lowered }) => [
      lowered.dispatches.map((d) => d.kernel.name).join(", "),
      lowered.reasons,
    ]);
  }

  dispatches(
    cluster: Cluster,
    chunk: readonly Cluster[] | undefined,
    scalars: HostScalars,
    homes: Homes,
  ): readonly PendingDispatch[] {
    const { key, nodes } = structureOf(cluster, scalars.wordOf);
    const known = this.#lowered.get(key) ?? {
      lowered: lower(
        cluster,
        { ...this.#target, bindings: this.#target.bindings + packable },
        { wordOf: scalars.wordOf },
      ),
      nodes,
    };
    this.#lowered.set(key, known);
    const numbers = new Map(known.nodes.map((n, i) => [n, i]));
    const workspaces = known.lowered.workspaces.map((bytes): Workspace => ({ bytes }));
    const source = (s: BindingSource): Source => {
      if (s.kind === "scalars") return s;
      if (s.kind === "workspace") {
        const workspace = workspaces[s.index];
        invariant(workspace, `workspace ${s.index} exists`);
        return { kind: "workspace", workspace };
      }
      const number = numbers.get(s.node.kind === "update" ? s.node.target : s.node);
      const node = number === undefined ? undefined : nodes[number];
      invariant(node, `${s.node.name} is a tensor of its cluster`);
      return { kind: "node", node: homes.canonical(node) };
    };
    const computes = nodesWritten(cluster).map((n) => (n.kind === "update" ? n.value : n).name);
    return known.lowered.dispatches.map(({ kernel, bindings, walk }) => {
      const prepares = bindings.every((b, i) => b.kind === "workspace" || kernel.bindings[i]?.access === "read");
      return {
        kernel,
        bindings: bindings.map(source),
        kind: cluster.kind,
        chunk,
        computes,
        ...(!prepares && { cluster }),
        ...(walk && { walk }),
      };
    });
  }

  /** One dispatch for several, where bindings, lanes and shared memory allow. */
  fuse(parts: readonly PendingDispatch[]): PendingDispatch | undefined {
    const sources: Source[] = [];
    const number = (s: Source): number => {
      const index = sources.findIndex((o) => sameSource(o, s));
      return index >= 0 ? index : sources.push(s) - 1;
    };
    const numbers = parts.map((p) => p.bindings.map(number));
    const key = parts.map((p, i) => `${this.#kernelId(p.kernel)}(${numbers[i]?.join()})`).join("+");
    const known = this.#fused.get(key) ?? this.#newlyFused(parts, numbers);
    this.#fused.set(key, known);
    const [first] = parts;
    if (known === "no" || !first) return undefined;
    const bindings = known.bindings.flatMap((n) => sources[n] ?? []);
    return {
      kernel: known.kernel,
      bindings,
      kind: first.kind,
      chunk: first.chunk,
      computes: parts.flatMap((p) => p.computes),
    };
  }

  #newlyFused(parts: readonly PendingDispatch[], numbers: readonly (readonly number[])[]): Fused | "no" {
    const dispatches = parts.map(({ kernel }, i) => ({ kernel, bindings: numbers[i] ?? [] }));
    const made = fuseDispatches(dispatches, (a, b) => a === b, {
      bindings: this.#target.bindings,
      sharedBytes: this.#target.sharedBytes,
    });
    if (typeof made === "string") return "no";
    return { kernel: { ...made.kernel, name: fusedName(parts.map((p) => p.kernel.name)) }, bindings: made.bindings };
  }

  #kernelId(kernel: Kernel): number {
    const known = this.#kernelIds.get(kernel) ?? this.#kernelIds.size;
    this.#kernelIds.set(kernel, known);
    return known;
  }
}

/** One name for several kernels: the first in full, of the others what differs. */
function fusedName(names: readonly string[]): string {
  const [first = "", ...others] = names;
  const kind = first.slice(0, first.indexOf("_") + 1);
  const rest = [...new Set(others.filter((n) => n !== first))].map((n) =>
    n.startsWith(kind) ? n.slice(kind.length) : n,
  );
  const text = [first, ...rest].join("_and_");
  return text.length <= longestName
    ? `${text}${rest.length === 0 ? `_x${names.length}` : ""}`
    : `${first}_and_${others.length}_more`;
}

export function sameSource(a: Source, b: Source): boolean {
  if (a.kind === "node") return b.kind === "node" && a.node === b.node;
  if (a.kind === "workspace") return b.kind === "workspace" && a.workspace === b.workspace;
  return b.kind === "scalars";
}
