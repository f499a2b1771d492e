/**
 * @file The program that sets parameters, and states that do not begin with zero, to what they start from. A formula that has the same bits on every device is computed there; the host computes the
 * others.
 */
import { roundsOnce } from "../../ir/exact.ts";
import type { Axis, Leaf, Node, Parameter, Scalar } from "../../ir/graph.ts";
import type { Optimizer } from "../../ir/model.ts";
import { comp, elementCount, leaf, update } from "../../ir/node.ts";
import { overIndex } from "../../ir/row-major.ts";
import { axis, literal, random, read, rewrite } from "../../ir/scalar.ts";
import { gaussiansMade } from "../../optimize/canonical/gaussians.ts";
import type { Arena, ArenaEntry, ArenaLayout } from "../buffers/arenas.ts";
import type { Stage } from "./step.ts";

/** An entry of an arena. */
export interface StartedEntry {
  readonly leaf: Leaf;
  readonly arena: Arena;
  readonly offset: number;
}

export interface StartStage extends Stage {
  readonly entries: readonly StartedEntry[];
  /** Numbers that kernels read, so that parameters with one formula share one: which stream of random numbers is whose. */
  readonly streams: readonly { readonly leaf: Leaf; readonly stream: number }[];
}

/** Whether the device knows what a parameter starts from: it computes it, or it is zero as all memory is at first. */
export function startsOnDevice({ leaf: { axes }, init }: Parameter): boolean {
  return roundsOnce(init, axes);
}

const isZero = (s: Scalar): boolean => s.kind === "literal" && s.value === 0;

export function startStage(layout: ArenaLayout, optimizer: Optimizer): StartStage {
  const entries: StartedEntry[] = [];
  const streams = new Map<Scalar, Leaf>();
  const set = (arena: Arena, { parameter, offset }: ArenaEntry, body: (index: Scalar) => Scalar): Node => {
    const { name, origin, axes } = parameter.leaf;
    const all: readonly Axis[] = [{ name: "N", size: elementCount(axes) }];
    const target = leaf("state", name, all);
    entries.push({ leaf: target, arena, offset });
    return update(target, comp({ name, ...(origin && { origin }) }, all, body(axis(0))));
  };
  const streamRead = (stream: Scalar): Scalar => {
    const known = streams.get(stream) ?? leaf("state", "stream", [], "i32");
    streams.set(stream, known);
    return read(known, []);
  };
  const parameters = layout.entries
    .filter(({ parameter }) => startsOnDevice(parameter) && !isZero(parameter.init))
    .map((entry) =>
      set("parameters", entry, (index) => {
        const flat = overIndex(entry.parameter.init, entry.parameter.leaf.axes, index);
        return gaussiansMade(
          rewrite(flat, (s) => (s.kind === "random" ? random(streamRead(s.stream), s.counter, s.law) : undefined)),
        );
      }),
    );
  const states = optimizer.states
    .filter((s) => s.init !== 0)
    .flatMap((s) => layout.entries.map((entry) => set({ state: s.name }, entry, () => literal(s.init))));
  return {
    name: "start",
    roots: [...parameters, ...states],
    entries,
    streams: [...streams].map(([s, l]) => ({ leaf: l, stream: s.kind === "literal" ? s.value : 0 })),
  };
}
