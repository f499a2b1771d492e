/**
 * @file The whole of compilation after elaboration: a model, its optimizer and a target give the plan, the kernels, the constants and what
 * `explain` shows of the stages between. The same input gives the same plan, byte by byte.
 */
import type { Leaf, Node, Parameter } from "../ir/graph.ts";
import type { Model, Optimizer, Schedule } from "../ir/model.ts";
import { comp } from "../ir/node.ts";
import { axis, read } from "../ir/scalar.ts";
import type { Kernel } from "../kernel/ir.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { clusterGraph } from "../optimize/clusters.ts";
import type { Clustered } from "../optimize/clusters.ts";
import type { Precision } from "../optimize/canonical/precision.ts";
import { sortedIds } from "../optimize/fuse/sorted-ids.ts";
import type { SortedIds } from "../optimize/fuse/sorted-ids.ts";
import { recogniseAttention } from "../optimize/attention/recognise.ts";
import { withExtremaRead } from "../optimize/canonical/extrema.ts";
import { withGaussiansMade } from "../optimize/canonical/gaussians.ts";
import { nodesReadBy } from "../cluster/walk.ts";
import { gpuTarget } from "../schedule/build/lowered.ts";
import type { Target } from "../schedule/build/lowered.ts";
import { programNames } from "../abi/plan.ts";
import type { Plan, ProgramName } from "../abi/plan.ts";
import { layoutArenas } from "./buffers/arenas.ts";
import type { Arena, ArenaLayout } from "./buffers/arenas.ts";
import { Lowering } from "./passes/dispatches.ts";
import { chunkLargeTensors } from "./buffers/chunk.ts";
import { Homes } from "./buffers/allocation.ts";
import type { BufferDraft } from "./buffers/allocation.ts";
import { generationOf } from "./programs/generation.ts";
import type { Group } from "./buffers/order.ts";
import { buildProgram } from "./passes/program.ts";
import type { BuiltProgram } from "./passes/program.ts";
import { alignment } from "./buffers/sizes.ts";
import { startStage } from "./programs/initialise.ts";
import { decodeStage, forwardStage, lossStage, normStage, optimizerStage, prefillStage } from "./programs/step.ts";
import type { Stage } from "./programs/step.ts";
import { writePlan } from "./write-plan.ts";

export interface CompileOptions {
  readonly target?: Target;
  /** The largest norm that the whole gradient may keep; absent: no clipping. */
  readonly clip?: number;
  /** Bytes that a single activation may take before it is made in chunks: the logits of a large vocabulary. */
  readonly memory?: number;
  /** What operands of contractions are rounded to; by default f32, which is no rounding. */
  readonly precision?: Precision;
  /** Which programs to make; unless said, all that are worth their kernels. `prefill` fills the caches of `decode`. */
  readonly programs?: readonly ProgramName[];
  /** The same model with fewer layers, on which the step that generates text is tried; else the model itself. */
  readonly small?: Model;
}

export interface Compiled {
  readonly target: Target;
  readonly plan: Plan;
  /** By their names in the plan. */
  readonly kernels: ReadonlyMap<string, Kernel>;
  /** `constants.bin`. */
  readonly constants: Uint8Array<ArrayBuffer>;
  /** The initialiser of each parameter, by the name the plan gives it: a scalar over the parameter's axes. */
  readonly initialisers: ReadonlyMap<string, Parameter>;
  readonly schedule: Schedule;
  readonly stages: CompilationStages;
}

/** What `explain` prints. */
export interface CompilationStages {
  /** By program: the graph before clustering. For training the roots are the loss and the gradients. */
  readonly graphs: ReadonlyMap<string, readonly Stage[]>;
  readonly clusters: ReadonlyMap<string, readonly Cluster[]>;
  /** Why kernels look as they do, by their names. */
  readonly kernelReasons: readonly (readonly [kernel: string, reasons: readonly string[]])[];
  /** Attention that did not take its best form, and why. */
  readonly remarks: readonly string[];
}

const defaultMemory = 256 * 2 ** 20;

/** Compiles a model for a target. */
export function compile(
  given: Model,
  optimizer: Optimizer,
  schedule: Schedule,
  options: CompileOptions = {},
): Compiled {
  const target = options.target ?? gpuTarget;
  const parameters = given.parameters.map((p) => p.leaf);
  const [loss, evaluationLoss, logits] = withExtremaRead(
    withGaussiansMade([given.loss, given.evaluationLoss, given.logits]),
    parameters,
  );
  const model = { ...given, loss, evaluationLoss, logits };
  const wanted = new Set(options.programs ?? programNames.filter((name) => name !== "prefill" || target.quick));
  const layout = layoutArenas(model.parameters, optimizer);
  const session = new Session(model, layout, target, options.precision ?? "f32", options.memory ?? defaultMemory);
  const programs: Partial<Record<ProgramName, BuiltProgram>> = {};
  const results = new Map<string, readonly (readonly [string, Node])[]>();
  let remarks: readonly string[] = [];

  // Without dropout the evaluation loss is the same node as the training loss.
  const recognised = recogniseAttention([model.loss]);
  if (wanted.has("train")) {
    const stage = lossStage(model, recognised);
    remarks = stage.remarks;
    const first = session.cluster(stage, 1);
    const [lossNode] = first.roots;
    const writers = session.placeGradients(
      first,
      stage.gradients.map((g) => g.parameter),
    );
    const norm = normStage(layout, options.clip);
    session.placeArena(norm.arena, "gradients", 0);
    const second = session.cluster(norm);
    const [normNode = norm.norm, factorNode = norm.factor] = second.roots;
    session.homes.alias(norm.factorLeaf, factorNode);
    const steps = layout.groups.map((group) => {
      const stage = optimizerStage(optimizer, group, norm.factorLeaf);
      session.placeArena(stage.parameters, "parameters", group.offset);
      session.placeArena(stage.gradients, "gradients", group.offset);
      stage.states.forEach((leaf, i) =>
        session.placeArena(leaf, { state: optimizer.states[i]?.name ?? "" }, group.offset),
      );
      return { stage, clustered: session.cluster(stage) };
    });
    const outputs: readonly (readonly [string, Node])[] = [
      ["loss", lossNode ?? stage.loss],
      ["gradient_norm", normNode],
    ];
    results.set("train", outputs);
    const stages = [
      session.chunked([...first.clusters, ...writers]),
      single(second.clusters),
      single(steps.flatMap((s) => s.clustered.clusters)),
    ];
    session.graphs.set("train", [stage, norm, ...steps.map((s) => s.stage)]);
    programs.train = session.build(
      "train",
      stages,
      outputs.map(([, n]) => n),
    );
  }
  if (wanted.has("evaluate")) {
    const stage = forwardStage(
      "evaluate",
      model.evaluationLoss === model.loss ? recognised : recogniseAttention([model.evaluationLoss]),
    );
    const {
      clusters,
      roots: [root = model.evaluationLoss],
    } = session.cluster(stage);
    results.set("evaluate", [["loss", root]]);
    session.graphs.set("evaluate", [stage]);
    programs.evaluate = session.build("evaluate", [session.chunked(clusters)], [root]);
  }
  const generation = wanted.has("decode") ? generationOf(model, options.small) : undefined;
  if (generation && generation.kind !== "refused") {
    const stage = decodeStage(generation.decode);
    stage.caches.forEach((cache) => session.placeCache(cache));
    const {
      clusters,
      roots: [root = stage.logits],
    } = session.cluster(stage);
    results.set("decode", [["logits", root]]);
    session.graphs.set("decode", [stage]);
    programs.decode = session.build("decode", [session.chunked(clusters)], [root]);
    if (wanted.has("prefill") && generation.kind === "incremental" && generation.prefill) {
      const prefill = prefillStage(generation.prefill);
      session.graphs.set("prefill", [prefill]);
      programs.prefill = session.build("prefill", [session.chunked(session.cluster(prefill).clusters)], []);
    }
  }
  if (wanted.has("start")) {
    const stage = startStage(layout, optimizer);
    stage.entries.forEach(({ leaf, arena, offset }) => session.placeArena(leaf, arena, offset));
    session.placeStreams(stage.streams);
    session.graphs.set("start", [stage]);
    // One by one: nothing is shared between them, and what many start from would else be one kernel with many results.
    programs.start = session.build(
      "start",
      [single(stage.roots.flatMap((root) => session.cluster({ name: stage.name, roots: [root] }).clusters))],
      [],
    );
  }
  const { plan, kernels, constants, initialisers } = writePlan({
    model,
    optimizer,
    layout,
    language: target.language,
    homes: session.homes,
    programs,
    results,
    sorted: [...session.sorted],
    ...(generation && { generation: { kind: generation.kind, reason: generation.reason } }),
  });
  const stages = {
    graphs: session.graphs,
    clusters: session.clusters,
    kernelReasons: session.lowering.reasons(),
    remarks,
  };
  return { target, plan, kernels, constants, initialisers, schedule, stages };
}

function single(clusters: readonly Cluster[]): readonly Group[] {
  return clusters.map((c) => [[c]]);
}

/** What the programs of one plan share: homes, kernels, sorted inputs, activation buffers. */
class Session {
  readonly homes = new Homes();
  readonly lowering: Lowering;
  readonly graphs = new Map<string, readonly Stage[]>();
  readonly clusters = new Map<string, readonly Cluster[]>();
  readonly sorted = new Set<SortedIds>();
  readonly #memory: number;
  readonly #target: Target;
  readonly #precision: Precision;
  readonly #layout: ArenaLayout;
  readonly #arenas: Readonly<Record<"parameters" | "gradients", BufferDraft>>;
  /** By the names of the optimizer's states. */
  readonly #states = new Map<string, BufferDraft>();
  readonly #pool: BufferDraft[] = [];
  readonly #scalars: BufferDraft;
  readonly #sorted = sortedIds();
  readonly #inputs = new Map<string, BufferDraft>();

  constructor(model: Model, layout: ArenaLayout, target: Target, precision: Precision, memory: number) {
    this.#precision = precision;
    this.#memory = memory;
    this.#target = target;
    this.#layout = layout;
    this.lowering = new Lowering(target);
    this.#arenas = {
      parameters: this.homes.buffer("parameters", "parameters", layout.bytes),
      gradients: this.homes.buffer("gradients", "gradients", layout.bytes),
    };
    for (const { parameter, offset } of layout.entries) this.placeArena(parameter.leaf, "parameters", offset);
    this.#scalars = this.homes.buffer("scalars", "scalars", 8);
    for (const { leaf } of model.inputs) this.#placeInput(leaf);
  }

  #arena(arena: Arena): BufferDraft {
    if (typeof arena === "string") return this.#arenas[arena];
    const made = this.#states.get(arena.state) ?? this.homes.buffer(arena.state, "state", this.#layout.bytes);
    this.#states.set(arena.state, made);
    return made;
  }

  placeArena(node: Node, arena: Arena, offset: number): void {
    this.homes.place(node, this.#arena(arena), offset);
  }

  /** One word each. */
  placeStreams(streams: readonly { readonly leaf: Leaf; readonly stream: number }[]): void {
    if (streams.length === 0) return;
    const words = new Int32Array((streams.length * alignment) / 4);
    streams.forEach(({ stream }, i) => void (words[(i * alignment) / 4] = stream));
    const buffer = this.homes.constant("streams", new Uint8Array(words.buffer));
    streams.forEach(({ leaf }, i) => this.homes.place(leaf, buffer, i * alignment));
  }

  placeCache(leaf: Leaf): void {
    this.homes.place(leaf, this.homes.buffer(leaf.name, "cache", 4 * leaf.axes.reduce((n, a) => n * a.size, 1)));
  }

  cluster(stage: Stage, forwardRoots?: number): Clustered {
    const clustered = clusterGraph(stage.roots, {
      bindings: this.#target.bindings,
      precision: this.#precision,
      sorted: this.#sorted,
      ...(forwardRoots !== undefined && { forwardRoots }),
    });
    for (const ids of clustered.sorted) {
      this.sorted.add(ids);
      [ids.order, ids.offsets].forEach((leaf) => this.#placeInput(leaf));
    }
    return clustered;
  }

  /** Clusters in groups, those with tensors beyond the memory budget in chunks. */
  chunked(clusters: readonly Cluster[]): readonly Group[] {
    return chunkLargeTensors(clusters, this.#memory, this.homes);
  }

  /**
   * Gives each gradient its entry in the arena. A gradient that something else reads, or that is two parameters' gradient, is copied there: a
   * kernel may not read an arena it writes.
   */
  placeGradients(clustered: Clustered, parameters: readonly Leaf[]): readonly Cluster[] {
    const [loss, ...roots] = clustered.roots;
    const readElsewhere = new Set(clustered.clusters.flatMap(nodesReadBy));
    const shared = new Set(roots.filter((root, i) => root === loss || roots.indexOf(root) !== i));
    return roots.flatMap((root, i): readonly Cluster[] => {
      const parameter = parameters[i];
      const entry = this.#layout.entries.find((e) => e.parameter.leaf === parameter);
      if (!entry) return [];
      if (root.kind !== "leaf" && !shared.has(root) && !readElsewhere.has(root)) {
        this.placeArena(root, "gradients", entry.offset);
        return [];
      }
      const copy = comp(
        { name: root.name },
        root.axes,
        read(
          root,
          root.axes.map((_, j) => axis(j)),
        ),
      );
      this.placeArena(copy, "gradients", entry.offset);
      const reason = `${root.name} is read elsewhere too: copied to its place among the gradients`;
      return [
        { kind: "map", id: -1 - i, axes: root.axes, outputs: [{ node: copy, value: copy.body }], reasons: [reason] },
      ];
    });
  }

  build(name: string, stages: readonly (readonly Group[])[], results: readonly Node[]): BuiltProgram {
    for (const node of stages.flat(3).flatMap(nodesReadBy))
      if (node.kind === "leaf" && node.role === "input") this.#placeInput(node);
    const built = buildProgram({
      name,
      stages,
      results,
      homes: this.homes,
      lowering: this.lowering,
      pool: this.#pool,
      scalarsBuffer: this.#scalars,
    });
    this.clusters.set(name, built.clusters);
    return built;
  }

  #placeInput(leaf: Leaf): void {
    if (this.homes.fixed(leaf)) return;
    const bytes = 4 * leaf.axes.reduce((n, a) => n * a.size, 1);
    const key = `${leaf.name}:${bytes}`;
    const buffer = this.#inputs.get(key) ?? this.homes.buffer(leaf.name, "input", bytes);
    this.#inputs.set(key, buffer);
    this.homes.place(leaf, buffer);
  }
}
