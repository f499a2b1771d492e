/** @file What `llmc show` tells of a model, as plain data. Names of repeated parts stand once: `layers.*.mix.wq`. */
import { costOf } from "../../plan/flops.ts";
import type { MemoryReport, Plan } from "../../abi/plan.ts";
import type { Target } from "../../schedule/build/lowered.ts";
import { isCompilable, type LoadedModel } from "./model.ts";
import { compileModel } from "./project.ts";

export interface Summary {
  readonly model: string;
  readonly dims: Readonly<Record<string, number>>;
  readonly batch: number;
  readonly context: number;
  readonly vocabulary: number;
  readonly parameters: { readonly total: number; readonly tensors: readonly ParameterGroup[] };
  /** A training step computes the forward pass and twice as much again for the gradients. */
  readonly flopsPerToken: { readonly forward: number; readonly training: number; readonly largest: readonly Share[] };
  /** Whether the architecture's promise not to read the future holds; absent where it makes none. */
  readonly causality?: "proven" | "broken";
  /** How text is generated, and why so. Absent without a `train` section. */
  readonly generation?: NonNullable<Plan["generation"]>;
  /** Absent without a `train` section. */
  readonly training?: {
    readonly budget: { readonly unit: string; readonly amount: number };
    readonly dispatches: number;
    readonly kernels: number;
    readonly memory: MemoryReport;
  };
}

export interface ParameterGroup {
  readonly path: string;
  readonly times: number;
  /** As declared: `[V, D]`. */
  readonly axes: readonly string[];
  readonly shape: readonly number[];
  /** Of all of them. */
  readonly count: number;
}

export interface Share {
  readonly name: string;
  readonly share: number;
}

/** Parts of the forward pass that are told. */
const largestParts = 5;

export function summarise(loaded: LoadedModel, target: Target): Summary {
  const { model, causality, train } = loaded.elaboration;
  const cost = costOf(model);
  const total = cost.nodes.reduce((sum, c) => sum + c.flops, 0);
  const parts = new Map<string, number>();
  for (const { node, flops } of cost.nodes) parts.set(stacked(node.name), (parts.get(stacked(node.name)) ?? 0) + flops);
  const largest = [...parts]
    .toSorted((a, b) => b[1] - a[1])
    .slice(0, largestParts)
    .map(([name, flops]) => ({ name, share: flops / total }));
  const plan = isCompilable(loaded) ? compileModel(loaded, target).plan : undefined;
  const steps = plan?.programs.train?.dispatches ?? [];
  return {
    model: loaded.name,
    dims: Object.fromEntries(model.dims),
    batch: model.batch,
    context: model.context,
    vocabulary: model.vocabulary,
    parameters: { total: cost.parameterCount, tensors: parameterGroups(loaded) },
    flopsPerToken: { forward: cost.flopsPerToken, training: 3 * cost.flopsPerToken, largest },
    ...(causality && { causality: causality.kind === "proof" ? "proven" : "broken" }),
    ...(plan?.generation && { generation: plan.generation }),
    ...(plan &&
      train && {
        training: {
          budget: train.budget,
          dispatches: steps.length,
          kernels: new Set(steps.map((d) => d.kernel)).size,
          memory: plan.memory,
        },
      }),
  };
}

function parameterGroups({ elaboration }: LoadedModel): readonly ParameterGroup[] {
  const groups = new Map<string, ParameterGroup>();
  for (const { leaf } of elaboration.model.parameters) {
    const path = stacked(leaf.name);
    const shape = leaf.axes.map((a) => a.size);
    const count = shape.reduce((n, size) => n * size, 1);
    const key = `${path} ${shape.join()}`;
    const before = groups.get(key);
    groups.set(key, {
      path,
      times: (before?.times ?? 0) + 1,
      axes: leaf.axes.map((a) => a.name),
      shape,
      count: (before?.count ?? 0) + count,
    });
  }
  return [...groups.values()];
}

/** `layers.*.mix.wq` of `layers.3.mix.wq`. */
function stacked(name: string): string {
  return name
    .split(".")
    .map((part) => (/^\d+$/.test(part) ? "*" : part))
    .join(".");
}
