/**
 * @file What a training program knows of a device and of a compiled program loaded on it. Each kind of device implements these two interfaces in a folder of
 * its own (`webgpu/`); everything else in the runtime (checkpoints, evaluation, sampling) is written against them.
 */
import { RuntimeFailure } from "./failure.ts";
import type { Plan } from "./plan.ts";

export interface DeviceLimits {
  readonly bufferBytes: number;
  readonly bindings: number;
  readonly sharedBytes: number;
  readonly lanes: number;
}

export interface Device {
  /** `webgpu`. */
  readonly kind: string;
  /** As its driver calls it. */
  readonly name: string;
  /** Whether it runs on the CPU. */
  readonly software: boolean;
  /** Why this device and no other. */
  readonly reason: string;
  readonly limits: DeviceLimits;
  /** Builds the kernels and allocates the buffers of a plan. Fails with all that the device lacks. */
  open(program: CompiledProgram): Promise<Session>;
  /** Frees everything; sessions of this device must not be used afterwards. */
  close(): void;
}

/** The compiler's output folder. */
export interface CompiledProgram {
  readonly plan: Plan;
  /** Text of a kernel file named in the plan. */
  readonly kernel: (file: string) => Promise<string>;
  /** `constants.bin`; asked for only if the plan has constants. */
  readonly constants: () => Promise<Uint8Array>;
}

export type ProgramName = "train" | "evaluate" | "decode";

/** A plan on a device: its buffers and its recorded programs. */
export interface Session {
  readonly plan: Plan;
  readonly device: Device;
  has(program: ProgramName): boolean;
  replay(program: ProgramName): Replay;
  /** Bytes of a buffer after everything submitted so far, as f32. */
  read(buffer: number): Promise<Float32Array>;
  /** Replaces a buffer from its start. */
  write(buffer: number, values: Float32Array): void;
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
    needs.bufferBytes > limits.bufferBytes ? "make the batch, the vocabulary or the model smaller, or choose another device" : "choose another device with --device",
  );
}

/** The plan of one program, or a failure that says which ones there are. */
export function programOf(plan: Plan, name: ProgramName): NonNullable<Plan["programs"]["train"]> {
  const program = plan.programs[name];
  if (program !== undefined) return program;
  const present = Object.keys(plan.programs).join(", ");
  throw new RuntimeFailure("program/missing", `the compiled \`${plan.model}\` has no program \`${name}\`, only ${present}`, "compile the model again");
}
