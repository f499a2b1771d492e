/**
 * @file Fusion for devices with caches: consecutive dispatches over the same rows, none of which mixes rows, run as one task a block of rows, so that what one of them writes is
 * still in the core's cache when the next reads it. Kernels stay as they are: groups of a kernel that walks its rows in order are handed out block by block.
 *
 * What stands between two links of a chain waits until after it (the gradient of a weight), or comes before it (the packing of a weight), where it depends on neither.
 */
import { elementCount } from "../../ir/node.ts";
import type { Axis, Node, Read } from "../../ir/graph.ts";
import { subexpressions } from "../../ir/scalar.ts";
import { outputsOfCluster, scalarsOf } from "../../cluster/walk.ts";
import type { PendingDispatch, Workspace } from "./dispatches.ts";
import type { Homes } from "../buffers/allocation.ts";

/** Dispatches that run block by block: of `groups[i]` groups of link i each. */
export interface Chain {
  readonly links: readonly PendingDispatch[];
  readonly blocks: number;
  readonly groups: readonly number[];
}

/** Rows of a block: fewer cost time to hand out, more do not stay in the cache. */
const rowsOfBlock = { least: 32, most: 256 };
/** Blocks that keep cores busy. */
const leastBlocks = 8;
/** How many dispatches may stand between two links. */
const lookAhead = 24;

/** The dispatches in an order that makes chains of them; what is in none is a chain of one without blocks. */
export function chainRows(given: readonly PendingDispatch[], homes: Homes): readonly (PendingDispatch | Chain)[] {
  const taken = new Set<number>();
  const all = (indices: readonly number[]): readonly PendingDispatch[] =>
    indices.flatMap((index) => given[index] ?? []);
  return given.flatMap((first, i): readonly (PendingDispatch | Chain)[] => {
    if (taken.has(i)) return [];
    const found = prefixes(first)
      .map((rows) => chainFrom(given, i, taken, rows, homes))
      .reduce((a, b) => (b.links.length > a.links.length ? b : a), {
        links: [i],
        before: [] as readonly number[],
        rows: [] as readonly Axis[],
      });
    if (found.links.length === 1) return [first];
    for (const index of [...found.links, ...found.before]) taken.add(index);
    return [...all(found.before), blocksOf(all(found.links), found.rows)];
  });
}

/** The leading axes of a dispatch's walk that could be the rows of a chain, the longest first. */
function prefixes({ walk }: PendingDispatch): readonly (readonly Axis[])[] {
  return walk ? walk.axes.map((_, i) => walk.axes.slice(0, walk.axes.length - i)) : [];
}

interface Found {
  readonly links: readonly number[];
  readonly before: readonly number[];
  readonly rows: readonly Axis[];
}

function chainFrom(
  given: readonly PendingDispatch[],
  start: number,
  taken: ReadonlySet<number>,
  rows: readonly Axis[],
  homes: Homes,
): Found {
  const links: number[] = [];
  const before: number[] = [];
  const own = new Map<Memory, Access>();
  const passed = new Map<Memory, Access>();
  let unit = 1;
  for (let i = start, skipped = 0; i < given.length && skipped <= lookAhead; i++) {
    const dispatch = given[i];
    if (taken.has(i) || !dispatch) continue;
    if (dispatch.chunk !== given[start]?.chunk) break;
    const accesses = accessesOf(dispatch, rows, homes);
    const joint = lcm(unit, rowsOfGroup(dispatch, rows) ?? Infinity);
    if (
      joint <= rowsOfBlock.most &&
      elementCount(rows) >= joint * leastBlocks &&
      independent(passed, accesses) &&
      inStep(own, accesses)
    ) {
      links.push(i);
      unit = joint;
      add(own, accesses);
    } else if (links.length > 0 && !dispatch.cluster && independent(passed, accesses) && independent(own, accesses)) {
      before.push(i);
    } else {
      if (links.length === 0) break;
      add(passed, accesses);
      skipped++;
    }
  }
  // What only dispatches after the chain need stays where it is.
  const last = links.at(-1) ?? start;
  return { links, before: before.filter((i) => i < last), rows };
}

/** The smallest number of rows that whole groups compute; nothing for a dispatch that does not walk these rows. */
function rowsOfGroup({ walk }: PendingDispatch, rows: readonly Axis[]): number | undefined {
  if (!walk || !rows.every((axis, i) => walk.axes[i]?.size === axis.size)) return undefined;
  const inner = elementCount(walk.axes.slice(rows.length));
  return walk.perGroup / gcd(walk.perGroup, inner);
}

function blocksOf(links: readonly PendingDispatch[], rows: readonly Axis[]): Chain {
  const unit = links.reduce((joint, link) => lcm(joint, rowsOfGroup(link, rows) ?? 1), 1);
  const block =
    unit * Math.max(1, Math.floor(Math.min(roundUp(rowsOfBlock.least, unit), elementCount(rows) / leastBlocks) / unit));
  const groups = links.map(({ walk }) =>
    walk ? (block * elementCount(walk.axes.slice(rows.length))) / walk.perGroup : 0,
  );
  return { links, groups, blocks: Math.ceil(elementCount(rows) / block) };
}

type Memory = Node | Workspace;

interface Access {
  readonly writes: boolean;
  /** Whether each row touches only its own part. */
  readonly inStep: boolean;
}

/** What a dispatch does to each tensor. */
function accessesOf(dispatch: PendingDispatch, rows: readonly Axis[], homes: Homes): ReadonlyMap<Memory, Access> {
  const strays = new Set<Node>();
  const { cluster } = dispatch;
  if (cluster) {
    for (const scalar of scalarsOf(cluster)) {
      for (const part of subexpressions(scalar))
        if (part.kind === "read" && !readsOwnRow(part, rows, homes)) strays.add(homes.base(part.of));
    }
    for (const { node, at } of outputsOfCluster(cluster))
      if (at || !startsWith(node, rows, homes)) strays.add(homes.base(node));
  }
  const accesses = new Map<Memory, Access>();
  dispatch.bindings.forEach((source, i) => {
    if (source.kind === "scalars") return;
    const memory = source.kind === "node" ? homes.base(source.node) : source.workspace;
    const known = accesses.get(memory);
    const aligned = cluster !== undefined && source.kind === "node" && !strays.has(homes.base(source.node));
    accesses.set(memory, {
      writes: (known?.writes ?? false) || dispatch.kernel.bindings[i]?.access !== "read",
      inStep: aligned,
    });
  });
  return accesses;
}

const readsOwnRow = (read: Read, rows: readonly Axis[], homes: Homes): boolean =>
  startsWith(read.of, rows, homes) && rows.every((_, i) => read.at[i]?.kind === "axis" && read.at[i].position === i);

/** Whether a tensor's first axes are the rows. Of a part of another tensor that is not known. */
const startsWith = (node: Node, rows: readonly Axis[], homes: Homes): boolean =>
  homes.viewOf(node) === undefined &&
  rows.every((axis, i) => (node.kind === "update" ? node.target : node).axes[i]?.size === axis.size);

/** Neither writes what the other touches. */
function independent(a: ReadonlyMap<Memory, Access>, b: ReadonlyMap<Memory, Access>): boolean {
  return [...b].every(([memory, { writes }]) => {
    const other = a.get(memory);
    return other === undefined || (!writes && !other.writes);
  });
}

/** Whether what either writes of the other's tensors is of the same row. */
function inStep(chain: ReadonlyMap<Memory, Access>, link: ReadonlyMap<Memory, Access>): boolean {
  return [...link].every(([memory, { writes, inStep: aligned }]) => {
    const other = chain.get(memory);
    return other === undefined || (!writes && !other.writes) || (aligned && other.inStep);
  });
}

function add(to: Map<Memory, Access>, accesses: ReadonlyMap<Memory, Access>): void {
  for (const [memory, { writes, inStep: aligned }] of accesses) {
    const known = to.get(memory);
    to.set(memory, { writes: writes || (known?.writes ?? false), inStep: aligned && (known?.inStep ?? true) });
  }
}

const roundUp = (x: number, to: number): number => Math.ceil(x / to) * to;
const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
const lcm = (a: number, b: number): number => (Number.isFinite(b) ? (a / gcd(a, b)) * b : Infinity);
