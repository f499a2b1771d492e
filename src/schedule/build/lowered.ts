/** @file What a schedule makes of a cluster: kernels, and what each of their bindings is. The planner places those in buffers. */
import type { Axis, Leaf, Node } from "../../ir/graph.ts";
import type { Kernel } from "../../kernel/ir.ts";

/** Kernels of one cluster in dispatch order. */
export interface Lowered {
  readonly dispatches: readonly LoweredDispatch[];
  /** Buffers that live only between the kernels of this cluster, in bytes. */
  readonly workspaces: readonly number[];
  /** Why this tile, this engine: for `explain`. */
  readonly reasons: readonly string[];
}

export interface LoweredDispatch {
  readonly kernel: Kernel;
  /** One a binding of the kernel, in order. A node is bound whole, row-major from offset 0 of the binding. */
  readonly bindings: readonly BindingSource[];
  /** The order in which groups go through the cluster's first axes; absent where it is another. */
  readonly walk?: Walk;
}

/** Group g computes elements [g · perGroup, (g + 1) · perGroup) of these axes, counted row-major, and nothing else. */
export interface Walk {
  readonly axes: readonly Axis[];
  readonly perGroup: number;
}

export type BindingSource =
  | { readonly kind: "node"; readonly node: Node }
  /** The words of the scalars buffer (u32): see ScalarLayout. */
  | { readonly kind: "scalars" }
  | { readonly kind: "workspace"; readonly index: number };

/** Word index of each rank-0 scalar leaf in the scalars buffer. Words 0 and 1 are always `seed` and `step` (u32), which `random` reads. */
export interface ScalarLayout {
  readonly wordOf: (leaf: Leaf) => number;
}

/** What a schedule may count on. */
export interface Target {
  readonly name: string;
  /** What its kernels are printed in; also how their files end. */
  readonly language: "wgsl" | "c";
  /** Storage buffers a kernel may bind. */
  readonly bindings: number;
  readonly lanes: number;
  readonly sharedBytes: number;
  /** Whether staging tiles in shared memory pays (GPUs) or registers fed from global memory are faster (software adapters). */
  readonly staging: boolean;
  /** Whether the lanes of a workgroup are the elements of one SIMD vector. They lie side by side along contiguous axes then; elsewhere a lane takes four neighbours at once. */
  readonly simd: boolean;
  /** Whether the processor multiplies pairs of bfloat16 and adds them up in f32. */
  readonly pairs: boolean;
  /** Whether its kernels are compiled in no time. A software adapter takes seconds for one, more than it would ever save in reading prompts. */
  readonly quick: boolean;
}

/** A GPU behind WebGPU with the limits every adapter grants. */
export const gpuTarget: Target = {
  name: "webgpu",
  language: "wgsl",
  bindings: 8,
  lanes: 256,
  sharedBytes: 16384,
  staging: true,
  simd: false,
  pairs: false,
  quick: true,
};
/** A WebGPU adapter that runs on the CPU (SwiftShader, llvmpipe): barriers cost, caches do the staging. */
export const softwareTarget: Target = {
  name: "webgpu-software",
  language: "wgsl",
  bindings: 8,
  lanes: 64,
  sharedBytes: 16384,
  staging: false,
  simd: false,
  pairs: false,
  quick: false,
};
/** The CPU itself, with kernels in C: a workgroup is one vector of `lanes` numbers, and its shared memory is a thread's stack, meant to stay in its cache. */
export const cpuTarget = (lanes: 4 | 8 | 16, pairs = false): Target => ({
  name: "cpu",
  language: "c",
  bindings: 64,
  lanes,
  sharedBytes: 1 << 20,
  staging: false,
  simd: true,
  pairs,
  quick: true,
});
