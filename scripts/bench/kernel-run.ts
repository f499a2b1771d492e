/** @file Single kernels as programs of their own, so that any device runs and times them as it does whole steps. */
import { elementCount } from "../../src/ir/node.ts";
import type { Node } from "../../src/ir/graph.ts";
import type { Kernel } from "../../src/kernel/ir.ts";
import { sha256 } from "../../src/plan/hash.ts";
import { aligned } from "../../src/plan/buffers/sizes.ts";
import type { Device } from "../../src/runtime/session/device.ts";
import type { Dispatch, Plan, PlanBuffer } from "../../src/abi/plan.ts";
import type { Lowered, Target } from "../../src/schedule/build/lowered.ts";
import { programOf } from "./llmc-cpu.ts";
import type { Runnable } from "./llmc-cpu.ts";
import type { Contender } from "./measure.ts";
import { secondsOf } from "./measure.ts";

/** A program that runs what a schedule made of one cluster, so many times. */
export function programOfLowered({ dispatches, workspaces }: Lowered, target: Target, repetitions: number): Runnable {
  const buffers: PlanBuffer[] = [];
  const numbers = new Map<Node | number | "scalars", number>();
  const bufferOf = (key: Node | number | "scalars", name: string, bytes: number): number => {
    const known = numbers.get(key);
    if (known !== undefined) return known;
    numbers.set(key, buffers.length);
    buffers.push({ name, bytes: Math.max(bytes, 4), role: key === "scalars" ? "scalars" : "activation" });
    return buffers.length - 1;
  };
  const kernels = new Map<string, Kernel>();
  const once = dispatches.map(({ kernel, bindings }, number): Dispatch => {
    kernels.set(kernel.name, kernel);
    return {
      kernel: number,
      computes: [],
      bindings: bindings.map((source) => {
        const bytes =
          source.kind === "node"
            ? 4 * elementCount(source.node.axes)
            : source.kind === "workspace"
              ? (workspaces[source.index] ?? 0)
              : 256;
        const key = source.kind === "node" ? source.node : source.kind === "workspace" ? source.index : "scalars";
        return {
          buffer: bufferOf(key, source.kind === "node" ? source.node.name : `${source.kind}${String(key)}`, bytes),
          offset: 0,
          bytes,
        };
      }),
    };
  });
  const planned = Array.from({ length: repetitions }, () => once).flat();
  const list = [...kernels.values()].map(({ name, groups, lanes, bindings }) => ({
    name,
    file: `kernels/${name}.${target.language}`,
    groups,
    lanes,
    access: bindings.map((b) => b.access),
  }));
  return {
    target,
    kernels,
    constants: new Uint8Array(0),
    plan: hashed({
      ...emptyPlan(buffers),
      kernels: list,
      programs: {
        evaluate: { dispatches: planned, inputs: [], scalars: [], outputs: lastWord(planned, buffers), clears: [] },
      },
    }),
  };
}

/** A compiled program that runs only one of its dispatches, so many times. */
export function programOfDispatch(compiled: Runnable, dispatch: Dispatch, repetitions: number): Runnable {
  const { plan } = compiled;
  const program = plan.programs.train;
  const kernel = plan.kernels[dispatch.kernel];
  if (!program || !kernel) throw new Error(`${plan.model} has no such dispatch`);
  const alone = { ...dispatch, kernel: 0 };
  const dispatches = Array.from({ length: repetitions }, () => alone);
  return {
    ...compiled,
    plan: hashed({
      ...plan,
      kernels: [kernel],
      programs: { evaluate: { ...program, inputs: [], dispatches, outputs: lastWord(dispatches, plan.buffers) } },
    }),
  };
}

const hashed = (plan: Plan): Plan => ({ ...plan, hash: sha256(JSON.stringify(plan)) });

/** Something to read back, so that a run is known to have ended. */
function lastWord(
  dispatches: readonly Dispatch[],
  buffers: readonly PlanBuffer[],
): readonly { readonly name: string; readonly buffer: number; readonly offset: number; readonly bytes: number }[] {
  const last = dispatches.at(-1)?.bindings.findLast(({ buffer }) => buffers[buffer]?.role !== "scalars");
  return last ? [{ name: "last", buffer: last.buffer, offset: last.offset, bytes: 4 }] : [];
}

function emptyPlan(buffers: readonly PlanBuffer[]): Plan {
  const bytes = buffers.reduce((sum, buffer) => sum + aligned(buffer.bytes), 0);
  return {
    format: 1,
    model: "Kernel",
    hash: "",
    parametersHash: "",
    dims: {},
    batch: 1,
    context: 1,
    vocabulary: 1,
    buffers,
    kernels: [],
    parameters: [],
    states: [],
    programs: {},
    memory: { peakBytes: bytes, byRole: {}, alive: [] },
    needs: { bufferBytes: Math.max(...buffers.map((b) => b.bytes)), bindings: 1, sharedBytes: 0, lanes: 1 },
  };
}

/** Runs of `evaluate` as a contender. Buffers hold zeros: times do not depend on what they hold. */
export async function kernelContender(
  name: string,
  device: Device,
  program: Runnable,
  repetitions: number,
): Promise<Contender> {
  const session = await device.open(programOf(program));
  const replay = session.replay("evaluate");
  const scalars = Object.fromEntries((program.plan.programs.evaluate?.scalars ?? []).map((scalar) => [scalar.name, 1]));
  return {
    name,
    about: "",
    sample: async () => (await secondsOf(() => replay.once({ seed: 1, step: 1, ...scalars }))) / repetitions,
    close: () => session.close(),
  };
}
