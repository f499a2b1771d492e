/**
 * @file The plan: everything the runtime needs to run a compiled model, as plain JSON beside the kernel files. The compiler writes it, the runtime
 * replays it; neither imports the other. Sizes and offsets are bytes unless said otherwise. `llmc explain --stage=plan` prints it.
 */

/** `start` sets parameters and states to their first values; `prefill` fills the caches of `decode` for many tokens at once. */
export const programNames = ["train", "evaluate", "decode", "start", "prefill"] as const;

export type ProgramName = (typeof programNames)[number];

export interface Plan {
  readonly format: 1;
  readonly model: string;
  /** SHA-256 of the canonical plan without this field. A checkpoint carries `parametersHash` instead, which survives another batch or schedule. */
  readonly hash: string;
  /** SHA-256 over the paths and shapes of the parameters and the optimizer's states. */
  readonly parametersHash: string;
  readonly dims: Readonly<Record<string, number>>;
  readonly batch: number;
  readonly context: number;
  readonly vocabulary: number;
  readonly buffers: readonly PlanBuffer[];
  readonly kernels: readonly PlanKernel[];
  readonly parameters: readonly PlanParameter[];
  /** States of the optimizer: arenas with the layout of the parameters. */
  readonly states: readonly { readonly name: string; readonly buffer: number; readonly init: number }[];
  readonly programs: Readonly<Partial<Record<ProgramName, Program>>>;
  /**
   * How text is generated, and why so: `decode` takes the token at `position` and keeps caches (incremental), or the whole context (context); or there is no program for it
   * (refused). Absent where none was asked for.
   */
  readonly generation?: { readonly kind: "incremental" | "context" | "refused"; readonly reason: string };
  readonly memory: MemoryReport;
  /** What the device must offer. */
  readonly needs: {
    readonly bufferBytes: number;
    readonly bindings: number;
    readonly sharedBytes: number;
    readonly lanes: number;
  };
}

export interface PlanBuffer {
  readonly name: string;
  readonly bytes: number;
  /**
   * - parameters, gradients, state: arenas; entries are 256-byte aligned, the gaps stay zero.
   * - activation, workspace: shared by tensors whose lives do not overlap.
   * - input: written by the host before each step. `scalars` holds one 32-bit word a scalar.
   * - constant: filled once from `constants.bin` at `offset`.
   * - cache: keys, values and their like, zero before the first token.
   */
  readonly role:
    "parameters" | "gradients" | "state" | "activation" | "workspace" | "input" | "scalars" | "constant" | "cache";
  /** For constants: where in constants.bin. */
  readonly offset?: number;
}

export interface PlanKernel {
  readonly name: string;
  /** `kernels/contract_q.wgsl`, for the CPU `kernels/contract_q.c`. */
  readonly file: string;
  readonly groups: number;
  readonly lanes: number;
  readonly access: readonly ("read" | "write" | "read_write")[];
}

export interface PlanParameter {
  readonly path: string;
  readonly shape: readonly number[];
  /** Byte offset in the arenas. */
  readonly offset: number;
  readonly group: string;
  /** The generated program's name for the function that gives the values it starts from: (element index) => value. Absent where the program `start` does. */
  readonly init?: string;
}

/** A static list of dispatches, recorded once and replayed. */
export interface Program {
  readonly dispatches: readonly Dispatch[];
  /** Host-written inputs. Token inputs are i32, [batch, context] (decode: one token). */
  readonly inputs: readonly ProgramInput[];
  /** Words of the scalars buffer, in order; those with `expression` are computed by the generated program from the others in f64. */
  readonly scalars: readonly ProgramScalar[];
  /** What is read back. */
  readonly outputs: readonly {
    readonly name: string;
    readonly buffer: number;
    readonly offset: number;
    readonly bytes: number;
  }[];
  /** Buffers that must be zero before each replay. */
  readonly clears: readonly { readonly buffer: number; readonly offset: number; readonly bytes: number }[];
}

export interface Dispatch {
  readonly kernel: number;
  readonly bindings: readonly { readonly buffer: number; readonly offset: number; readonly bytes: number }[];
  /** For the profile and for `explain`: the nodes it computes. */
  readonly computes: readonly string[];
  /**
   * Dispatches of one chain follow each other. Block i of such a dispatch is groups [i · groups, (i + 1) · groups) and needs of the chain's earlier dispatches only block i, so
   * that a device may run the chain block by block.
   */
  readonly rows?: { readonly chain: number; readonly blocks: number; readonly groups: number };
}

export type ProgramInput =
  | {
      readonly kind: "tokens";
      readonly name: string;
      readonly buffer: number;
      readonly shape: readonly number[];
      readonly below: number;
    }
  | {
      readonly kind: "targets";
      readonly name: string;
      readonly buffer: number;
      readonly shape: readonly number[];
      readonly below: number;
    }
  /** Counting sort of another input: the positions sorted by value (stable), and where each value starts (below + 1 entries). */
  | {
      readonly kind: "order" | "offsets";
      readonly name: string;
      readonly buffer: number;
      readonly of: string;
      readonly below: number;
    };

export interface ProgramScalar {
  readonly name: string;
  readonly dtype: "f32" | "i32" | "u32";
  /** A JavaScript expression over the names of scalars before it, for those the host derives. */
  readonly expression?: string;
}

export interface MemoryReport {
  readonly peakBytes: number;
  readonly byRole: Readonly<Record<string, number>>;
  /** Tensors alive at the dispatch where activations peak, largest first. */
  readonly alive: readonly { readonly name: string; readonly bytes: number }[];
}
