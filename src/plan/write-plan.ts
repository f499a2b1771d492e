/** @file Writes the plan: numbers buffers and kernels, lists inputs, scalars and results, reports memory, and hashes it all. */
import { invariant } from "../util/invariant.ts";
import type { Leaf, Node, Parameter } from "../ir/graph.ts";
import type { Model, Optimizer } from "../ir/model.ts";
import type { Kernel } from "../kernel/ir.ts";
import type { SortedIds } from "../optimize/fuse/sorted-ids.ts";
import { nodesReadBy } from "../cluster/walk.ts";
import { programNames } from "../abi/plan.ts";
import type {
  Dispatch,
  MemoryReport,
  Plan,
  PlanBuffer,
  PlanKernel,
  PlanParameter,
  Program,
  ProgramInput,
  ProgramName,
} from "../abi/plan.ts";
import type { Target } from "../schedule/build/lowered.ts";
import type { ArenaLayout } from "./buffers/arenas.ts";
import { sha256 } from "./hash.ts";
import type { BufferDraft, Homes } from "./buffers/allocation.ts";
import type { BuiltProgram } from "./passes/program.ts";
import { aligned } from "./buffers/sizes.ts";
import { startsOnDevice } from "./programs/initialise.ts";

export interface PlanParts {
  readonly model: Model;
  readonly optimizer: Optimizer;
  /** How the files of kernels end. */
  readonly language: Target["language"];
  readonly layout: ArenaLayout;
  readonly homes: Homes;
  readonly programs: Readonly<Partial<Record<ProgramName, BuiltProgram>>>;
  readonly generation?: NonNullable<Plan["generation"]>;
  readonly results: ReadonlyMap<string, readonly (readonly [name: string, node: Node])[]>;
  /** Inputs that the host sorts. */
  readonly sorted: readonly SortedIds[];
}

export interface WrittenPlan {
  readonly plan: Plan;
  readonly kernels: ReadonlyMap<string, Kernel>;
  readonly constants: Uint8Array<ArrayBuffer>;
  readonly initialisers: ReadonlyMap<string, Parameter>;
}

export function writePlan(parts: PlanParts): WrittenPlan {
  const { model, layout, homes } = parts;
  const numbers = new Map(homes.buffers.map((b, i) => [b, i]));
  const numberOf = (buffer: BufferDraft): number => {
    const number = numbers.get(buffer);
    invariant(number !== undefined, `${buffer.name} is a buffer of the plan`);
    return number;
  };
  const { buffers, constants } = writeBuffers(homes);
  const kernels = new KernelTable();
  const programs: Partial<Record<ProgramName, Program>> = {};
  for (const name of programNames) {
    const built = parts.programs[name];
    if (built) programs[name] = writeProgram(built, parts.results.get(name) ?? [], parts, kernels, numberOf);
  }
  const names = initialiserNames(layout);
  const parameters = layout.entries.map(({ parameter, group, offset }): PlanParameter => {
    const init = names.get(parameter.leaf);
    return {
      path: parameter.leaf.name,
      shape: parameter.leaf.axes.map((a) => a.size),
      offset,
      group,
      ...(init !== undefined && { init }),
    };
  });
  const states = parts.optimizer.states.flatMap(({ name, init }) => {
    const buffer = homes.buffers.find((b) => b.role === "state" && b.name === name);
    return buffer ? [{ name, buffer: numberOf(buffer), init }] : [];
  });
  const planKernels = kernels.list(parts.language);
  const shape = JSON.stringify([parameters.map((p) => [p.path, p.shape]), states.map((s) => s.name)]);
  const body: Omit<Plan, "hash"> = {
    format: 1,
    model: model.name,
    parametersHash: sha256(shape),
    dims: Object.fromEntries(model.dims),
    batch: model.batch,
    context: model.context,
    vocabulary: model.vocabulary,
    buffers,
    kernels: planKernels,
    parameters,
    states,
    programs,
    ...(parts.generation && { generation: parts.generation }),
    memory: memoryOf(parts, buffers),
    needs: needsOf(buffers, [...kernels.kernels.values()]),
  };
  const plan: Plan = { ...body, hash: sha256(JSON.stringify(body)) };
  const initialisers = new Map(
    layout.entries.flatMap(({ parameter }): (readonly [string, Parameter])[] => {
      const name = names.get(parameter.leaf);
      return name === undefined ? [] : [[name, parameter]];
    }),
  );
  return { plan, kernels: kernels.kernels, constants, initialisers };
}

/** Kernels are files: file systems take no longer names, and some do not tell `A` from `a`. */
const longestName = 120;

/** Kernels in the order of their first use, each under a name of its own. */
class KernelTable {
  readonly kernels = new Map<string, Kernel>();
  readonly #numbers = new Map<Kernel, number>();
  readonly #taken = new Set<string>();

  number(kernel: Kernel): number {
    const known = this.#numbers.get(kernel);
    if (known !== undefined) return known;
    const base = kernel.name.slice(0, longestName);
    let name = base;
    for (let n = 2; this.#taken.has(name.toLowerCase()); n++) name = `${base}_${n}`;
    this.#taken.add(name.toLowerCase());
    this.kernels.set(name, name === kernel.name ? kernel : { ...kernel, name });
    this.#numbers.set(kernel, this.#numbers.size);
    return this.#numbers.size - 1;
  }

  list(language: string): readonly PlanKernel[] {
    return [...this.kernels.values()].map(({ name, groups, lanes, bindings }) => ({
      name,
      file: `kernels/${name}.${language}`,
      groups,
      lanes,
      access: bindings.map((b) => b.access),
    }));
  }
}

function writeBuffers(homes: Homes): {
  readonly buffers: readonly PlanBuffer[];
  readonly constants: Uint8Array<ArrayBuffer>;
} {
  let total = 0;
  const offsets = new Map<BufferDraft, number>();
  for (const buffer of homes.buffers) {
    if (!buffer.words) continue;
    offsets.set(buffer, total);
    total += aligned(buffer.bytes);
  }
  const constants = new Uint8Array(total);
  for (const [buffer, offset] of offsets) if (buffer.words) constants.set(buffer.words, offset);
  const buffers = homes.buffers.map((buffer): PlanBuffer => {
    const offset = offsets.get(buffer);
    return { name: buffer.name, bytes: buffer.bytes, role: buffer.role, ...(offset !== undefined && { offset }) };
  });
  return { buffers, constants };
}

function writeProgram(
  built: BuiltProgram,
  results: readonly (readonly [string, Node])[],
  parts: PlanParts,
  kernels: KernelTable,
  numberOf: (b: BufferDraft) => number,
): Program {
  const dispatches = built.dispatches.map(({ kernel, bindings, computes, rows }): Dispatch => ({
    kernel: kernels.number(kernel),
    computes,
    ...(rows && { rows }),
    bindings: bindings.map((home, i) => {
      const binding = kernel.bindings[i];
      // A kernel binds as much as it uses: of the scalars only the first words.
      const bytes = binding ? 4 * binding.element.width * binding.length : home.bytes;
      return { buffer: numberOf(home.buffer), offset: home.offset, bytes };
    }),
  }));
  const outputs = results.map(([name, node]) => {
    const { buffer, offset, bytes } = built.home(node);
    return { name, buffer: numberOf(buffer), offset, bytes };
  });
  return { dispatches, inputs: writeInputs(built, parts, numberOf), scalars: built.scalars.words, outputs, clears: [] };
}

/** Inputs that the program's kernels read, and those that the host sorts for them. */
function writeInputs(
  built: BuiltProgram,
  { model, homes, sorted }: PlanParts,
  numberOf: (b: BufferDraft) => number,
): readonly ProgramInput[] {
  const read = new Set(built.clusters.flatMap(nodesReadBy).map((n) => homes.base(n)));
  const lists = sorted.filter((s) => read.has(s.order) || read.has(s.offsets));
  const inputs = [...new Set([...read, ...lists.map((s) => s.ids)])].filter(
    (n): n is Leaf => n.kind === "leaf" && n.role === "input",
  );
  const made = new Set(lists.flatMap((s) => [s.order, s.offsets]));
  const bufferOf = (leaf: Leaf): number => {
    const home = homes.fixed(leaf);
    invariant(home, `the input ${leaf.name} has a buffer`);
    return numberOf(home.buffer);
  };
  const roleOf = new Map(model.inputs.map((i) => [i.leaf, i.role]));
  const plain = inputs
    .filter((leaf) => !made.has(leaf))
    .toSorted((a, b) => a.id - b.id)
    .map((leaf): ProgramInput => ({
      kind: roleOf.get(leaf) ?? "tokens",
      name: leaf.name,
      buffer: bufferOf(leaf),
      shape: leaf.axes.map((a) => a.size),
      below: leaf.below ?? 0,
    }));
  return [
    ...plain,
    ...lists.flatMap(({ ids, order, offsets }): readonly ProgramInput[] => [
      { kind: "order", name: order.name, buffer: bufferOf(order), of: ids.name, below: ids.below ?? 0 },
      { kind: "offsets", name: offsets.name, buffer: bufferOf(offsets), of: ids.name, below: ids.below ?? 0 },
    ]),
  ];
}

/** Of the parameters whose first values the host computes: legal and distinct names for functions of the generated program. */
function initialiserNames(layout: ArenaLayout): ReadonlyMap<Leaf, string> {
  const taken = new Set<string>();
  return new Map(
    layout.entries
      .filter((e) => !startsOnDevice(e.parameter))
      .map(({ parameter: { leaf } }) => {
        const words = leaf.name.split(/[^A-Za-z0-9]+/).filter((w) => w !== "");
        const base = words
          .map((w, i) => (i === 0 ? w : w.charAt(0).toUpperCase() + w.slice(1)))
          .join("")
          .replace(/^(?=\d|$)/, "_");
        let name = base;
        for (let n = 2; taken.has(name); n++) name = `${base}${n}`;
        taken.add(name);
        return [leaf, name];
      }),
  );
}

function memoryOf({ programs }: PlanParts, buffers: readonly PlanBuffer[]): MemoryReport {
  const byRole: Record<string, number> = {};
  for (const { role, bytes } of buffers) byRole[role] = (byRole[role] ?? 0) + bytes;
  const peak = Object.values(programs)
    .map((p) => p.peak)
    .reduce((a, b) => (b.bytes > a.bytes ? b : a), { bytes: -1, alive: [] as MemoryReport["alive"] });
  return { peakBytes: buffers.reduce((sum, b) => sum + b.bytes, 0), byRole, alive: peak.alive };
}

function needsOf(buffers: readonly PlanBuffer[], kernels: readonly Kernel[]): Plan["needs"] {
  return {
    bufferBytes: most(buffers.map((b) => b.bytes)),
    bindings: most(kernels.map((k) => k.bindings.length)),
    sharedBytes: most(kernels.map((k) => k.shared.reduce((sum, a) => sum + 4 * a.element.width * a.length, 0))),
    lanes: most(kernels.map((k) => k.lanes)),
  };
}

function most(values: readonly number[]): number {
  return values.reduce((a, b) => Math.max(a, b), 0);
}
