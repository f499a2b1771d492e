/** @file Checks a cluster's kernels against the f64 evaluator: leaves get random values, every node the kernels write is compared with its definition. */
import { expect } from "vitest";
import { elementCount, reachable } from "../../src/ir/node.ts";
import { evaluate } from "../../src/ir/evaluate/evaluate.ts";
import type { Leaf, Node } from "../../src/ir/graph.ts";
import type { Cluster } from "../../src/cluster/cluster.ts";
import { lower } from "../../src/schedule/lower.ts";
import { cpuTarget, gpuTarget, softwareTarget } from "../../src/schedule/build/lowered.ts";
import type { Lowered, ScalarLayout, Target } from "../../src/schedule/build/lowered.ts";
import { runOnC, runSanitized } from "../support/c-kernels.ts";
import { expectClean, runOnDawn, runOnInterpreter } from "../support/kernels.ts";

export const targets: readonly Target[] = [softwareTarget, gpuTarget, cpuTarget(16)];

export const seed = 11;
export const step = 3;

/** Words 0 and 1 are the seed and the step; rank-0 leaves follow in the order they are asked for. */
export function scalarLayout(): ScalarLayout & { readonly leaves: readonly Leaf[] } {
  const leaves: Leaf[] = [];
  return {
    leaves,
    wordOf: (leaf) => {
      if (!leaves.includes(leaf)) leaves.push(leaf);
      return leaves.indexOf(leaf) + 2;
    },
  };
}

/** Values in [-1, 1) (integers: below their bound), the same for the same leaf and salt, exact in f32. */
export function randomValues(leaf: Leaf, salt = 0): Float64Array {
  let state = (leaf.name.length * 2654435761 + salt * 40503 + elementCount(leaf.axes) + 12345) >>> 0;
  const draw = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  draw();
  return Float64Array.from({ length: elementCount(leaf.axes) }, () => {
    const u = draw();
    if (leaf.dtype === "bool") return Number(u < 0.5);
    return leaf.dtype === "i32" ? Math.floor(u * (leaf.below ?? 8)) : Math.fround(u * 2 - 1);
  });
}

const runners = {
  dawn: runOnDawn,
  interpreter: runOnInterpreter,
  c: runOnC,
  "c with sanitizers": async (...run: Parameters<typeof runOnC>) => runSanitized(...run, 16),
};

export interface Options {
  readonly target?: Target;
  readonly device?: keyof typeof runners;
  readonly tolerance?: number;
  /** The magnitude that errors are relative to at least: sums of many numbers of either sign may come out near zero. */
  readonly least?: number;
  /** Values of leaves that must not be random. */
  readonly values?: (leaf: Leaf) => Float64Array | undefined;
}

/** Lowers, runs and compares; gives what was lowered. */
export async function checkCluster(cluster: Cluster, options: Options = {}): Promise<Lowered> {
  const { target = softwareTarget, device = "interpreter", tolerance = 1e-5, least = 0.1 } = options;
  const layout = scalarLayout();
  const lowered = lower(cluster, target, layout);
  const written = outputNodes(cluster);
  const leafValues = (leaf: Leaf): Float64Array => leaf.values ?? options.values?.(leaf) ?? randomValues(leaf);
  const touched = new Set<Node>(
    lowered.dispatches.flatMap(({ bindings }) =>
      bindings.flatMap((source) => (source.kind === "node" ? [source.node] : [])),
    ),
  );
  const expected = evaluate(reachable([...written, ...touched]), leafValues, { seed, step });
  const targetsOf = new Map<Node, Node>(written.map((node) => [node.kind === "update" ? node.target : node, node]));

  const memory = new Map<Node | string, Float64Array>();
  for (const node of touched)
    if (!targetsOf.has(node) || node.kind === "leaf") memory.set(node, expected.get(node) as Float64Array);
  const words = new DataView(new ArrayBuffer(4 * (layout.leaves.length + 2)));
  words.setUint32(0, seed, true);
  words.setUint32(4, step, true);
  layout.leaves.forEach((leaf, i) => {
    const value = leafValues(leaf)[0] as number;
    if (leaf.dtype === "f32") words.setFloat32(4 * i + 8, value, true);
    else words.setInt32(4 * i + 8, value, true);
  });
  const scalars = new Uint32Array(words.buffer);

  for (const { kernel, bindings } of lowered.dispatches) {
    const buffers = bindings.map((source, i) => {
      if (source.kind === "scalars") return scalars.subarray(0, kernel.bindings[i]?.length);
      return memory.get(source.kind === "node" ? source.node : `workspace ${source.index}`);
    });
    const { outputs, findings } = await runners[device](kernel, buffers);
    expectClean(findings);
    bindings.forEach((source, i) => {
      if (source.kind === "scalars" || kernel.bindings[i]?.access === "read") return;
      const key = source.kind === "node" ? source.node : `workspace ${source.index}`;
      memory.set(key, Float64Array.from(outputs[i] as Float32Array));
      if (source.kind === "workspace")
        expect((outputs[i] as Float32Array).byteLength).toBeLessThanOrEqual(lowered.workspaces[source.index] as number);
    });
  }

  for (const [place, node] of targetsOf)
    expectClose(node.name, memory.get(place) as Float64Array, expected.get(node) as Float64Array, tolerance, least);
  return lowered;
}

/** Every element within the tolerance of the largest magnitude. */
export function expectClose(
  name: string,
  actual: ArrayLike<number>,
  expected: Float64Array,
  tolerance: number,
  least: number,
): void {
  const scale = Math.max(
    least,
    expected.reduce((most, x) => Math.max(most, Math.abs(x)), 0),
  );
  const wrong = Array.from(expected, (x, i) => ({ i, expected: x, actual: actual[i] as number })).filter(
    (cell) => !(Math.abs(cell.actual - cell.expected) <= tolerance * scale),
  );
  expect(actual.length).toBe(expected.length);
  expect(wrong.slice(0, 4), `${name}: ${wrong.length} of ${expected.length} elements are wrong`).toEqual([]);
}

function outputNodes(cluster: Cluster): readonly Node[] {
  switch (cluster.kind) {
    case "map":
    case "contract":
    case "fold":
      return cluster.outputs.map((output) => output.node);
    case "row":
      return cluster.steps.flatMap((step) => (step.kind === "output" ? [step.output.node] : []));
    case "bins":
      return [cluster.output.node];
    case "flash":
      return cluster.outputs.map((output) => output.node);
  }
}
