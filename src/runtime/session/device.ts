/**
 * @file What a training program knows of a device and of a compiled program loaded on it. Each kind of device implements these two interfaces in a folder of
 * its own (`webgpu/`, `cpu/`); everything else in the runtime (checkpoints, evaluation, sampling) is written against them.
 */
import { RuntimeFailure } from "../util/failure.ts";
import type { Plan, ProgramName } from "../../abi/plan.ts";
import type { SpecFacts } from "./spec-facts.ts";

export interface DeviceLimits {
  readonly bufferBytes: number;
  readonly bindings: number;
  readonly sharedBytes: number;
  readonly lanes: number;
}

export interface Device {
  /** `webgpu` or `cpu`. */
  readonly kind: string;
  /** As its driver calls it. */
  readonly name: string;
  /** WebGPU, but on the CPU. */
  readonly software: boolean;
  /** Why this device and no other. */
  readonly reason: string;
  readonly limits: DeviceLimits;
  /** Builds the kernels and allocates the buffers of a plan. Fails with all that the device lacks. */
  open(program: CompiledProgram): Promise<Session>;
  /** Measures, for about a second, what it can do at best. */
  calibrate(): Promise<Calibration>;
  /** Frees everything; sessions of this device must not be used afterwards. */
  close(): void;
}

export interface Calibration {
  /** Fused multiply-adds of f32 in registers, as two operations each. */
  readonly flopsPerSecond: number;
  /** Reading memory that is in no cache. */
  readonly bytesPerSecond: number;
  /** From the submission of a program that does nothing to its end. */
  readonly launchSeconds: number;
}

/** The compiler's output folder. */
export interface CompiledProgram {
  readonly plan: Plan;
  /** Text of a kernel file named in the plan, or of another text beside the plan: `step.c`, headers, the tokenizer. */
  readonly kernel: (file: string) => Promise<string>;
  /** `constants.bin`; asked for only if the plan has constants. */
  readonly constants: () => Promise<Uint8Array>;
  /** What the spec decides about its numbers; absent where it was made without one. */
  readonly spec?: SpecFacts;
}

/** A plan on a device: its buffers and its recorded programs. */
export interface Session {
  readonly plan: Plan;
  readonly device: Device;
  has(program: ProgramName): boolean;
  replay(program: ProgramName): Replay;
  /** Bytes of a buffer after everything submitted so far, as f32. */
  read(buffer: number): Promise<Float32Array>;
  /** Replaces a buffer from its start, or from a byte offset. */
  write(buffer: number, values: Float32Array, offset?: number): void;
  /** Sets a buffer to zero. */
  clear(buffer: number): void;
  close(): void;
}

/** Values of a program's scalars by name. */
export type Scalars = Readonly<Record<string, number>>;

/** What one run of a program gave. */
export interface StepResult {
  /** The scalars it was run with. */
  readonly scalars: Scalars;
  readonly outputs: Readonly<Record<string, Float32Array>>;
}

/** A program recorded once and run any number of times. Runs overlap with the host: results come some runs later, in order. */
export interface Replay {
  readonly name: ProgramName;
  /** The host's copy of a token input, to be filled before each run. */
  input(name: string): Int32Array;
  /** Submits one run. Resolves as soon as the next may be prepared, which waits only when several are in flight. */
  run(scalars: Scalars): Promise<void>;
  /** Results that have arrived since the last call, oldest first. */
  finished(): readonly StepResult[];
  /** Waits for every run in flight; their results are then in `finished`. */
  flush(): Promise<void>;
  /** Runs, waits, and gives this run's result. Earlier results stay in `finished`. */
  once(scalars: Scalars): Promise<StepResult>;
}

/** `webgpu: SwiftShader Device (software): no GPU was found`. */
export function describeDevice(device: Device): string {
  return `${device.kind}: ${device.name}${device.software ? " (software)" : ""}: ${device.reason}`;
}

/** Fails if the device offers less than the plan needs, naming everything that is missing. */
export function checkNeeds(plan: Plan, limits: DeviceLimits, name: string): void {
  const { needs } = plan;
  const lacks: string[] = [];
  const compare = (what: string, need: number, offer: number, unit: string): void => {
    if (need > offer) lacks.push(`${what} of ${need} ${unit} (it offers ${offer})`);
  };
  compare("a buffer", needs.bufferBytes, limits.bufferBytes, "bytes");
  compare("a kernel with storage bindings", needs.bindings, limits.bindings, "buffers");
  compare("workgroup memory", needs.sharedBytes, limits.sharedBytes, "bytes");
  compare("a workgroup", needs.lanes, limits.lanes, "lanes");
  if (lacks.length === 0) return;
  throw new RuntimeFailure(
    "device/limits",
    `\`${plan.model}\` does not fit on ${name}: it needs ${lacks.join(", and ")}`,
    needs.bufferBytes > limits.bufferBytes
      ? "make the batch, the vocabulary or the model smaller, or choose another device"
      : "choose another device with --device",
  );
}

/** Fails if the program's kernels are in another language than the device's. */
export function checkLanguage(plan: Plan, language: "wgsl" | "c", name: string): void {
  if (languageOf(plan) === language) return;
  const [made, target, device] =
    language === "wgsl"
      ? ["the CPU", "webgpu", "--device=cpu"]
      : ["WebGPU", "cpu", "--device=webgpu or --device=software"];
  throw new RuntimeFailure(
    "program/invalid",
    `\`${plan.model}\` was compiled for ${made}, not for ${name}`,
    `compile it with --target=${target}, or choose ${device}`,
  );
}

/** What each constant buffer holds. */
export async function constantValues(
  program: CompiledProgram,
): Promise<readonly { readonly buffer: number; readonly values: Uint8Array }[]> {
  const { buffers } = program.plan;
  if (!buffers.some((buffer) => buffer.role === "constant")) return [];
  const constants = await program.constants();
  return buffers.flatMap(({ role, name, bytes, offset = 0 }, buffer) => {
    if (role !== "constant" || bytes === 0) return [];
    if (offset + bytes > constants.length)
      throw new RuntimeFailure(
        "program/invalid",
        `constants.bin is too short for \`${name}\``,
        "compile the model again",
      );
    return [{ buffer, values: constants.subarray(offset, offset + bytes) }];
  });
}

/** The language that its kernels are in. */
export function languageOf(plan: Plan): "wgsl" | "c" {
  return plan.kernels.some((kernel) => kernel.file.endsWith(".c")) ? "c" : "wgsl";
}

/** The plan of one program, or a failure that says which ones there are. */
export function programOf(plan: Plan, name: ProgramName): NonNullable<Plan["programs"]["train"]> {
  const program = plan.programs[name];
  if (program !== undefined) return program;
  const present = Object.keys(plan.programs).join(", ");
  throw new RuntimeFailure(
    "program/missing",
    `the compiled \`${plan.model}\` has no program \`${name}\`, only ${present}`,
    "compile the model again",
  );
}
