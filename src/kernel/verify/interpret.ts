/**
 * @file The interpreter: runs a kernel on typed arrays in f32, with shadow memory that finds races between lanes and between groups, accesses out of bounds
 * and reads of what was never written. It needs no device, so it is what every generated kernel is checked with. The kernel is compiled to JavaScript
 * (`interpret-code.ts`); barriers are those that `barriers.ts` places, so their placement is checked as well.
 */
import { invariant } from "../../util/invariant.ts";
import { bf16, erf, roundEven } from "../../abi/numeric.ts";
import { high, low, pair } from "./halves.ts";
import { bitsOf, streamKey } from "../../abi/random.ts";
import { placeBarriers } from "../barriers.ts";
import type { Placed } from "../barriers.ts";
import { interpreterCode } from "./interpret-code.ts";
import type { Array_, Kernel, ScalarType } from "../ir.ts";
import { shadowOfReadOnly, shadowOfRegister, shadowOfShared, shadowOfStorage } from "./shadow.ts";
import type { FindingKind, Position, Report, Shadow } from "./shadow.ts";

export interface Finding {
  readonly kind: FindingKind;
  readonly array: string;
  readonly group: number;
  readonly lane: number;
  /** `rmsnorm, phase "sum", group 0, lane 3: reads s[4], which lane 4 wrote with no barrier between` */
  readonly message: string;
}

export type KernelBuffer = Float32Array | Int32Array | Uint32Array;

export interface InterpretOptions {
  /** Bindings that hold nothing yet. */
  readonly uninitialised?: readonly string[];
  /** Other barriers than the compiler's, to see what happens without one. */
  readonly body?: readonly Placed[];
}

/** What compiled kernels call. */
export interface InterpreterRuntime {
  readonly shadows: Readonly<Record<string, Shadow>>;
  readonly data: Readonly<Record<string, KernelBuffer>>;
  readonly at: Position;
  readonly math: typeof math;
}

const math = { bf16, erf, bitsOf, streamKey, roundEven, pair, low, high, bits: bitViews() };

/** Runs all groups in order. `buffers` has one array a binding, in numbers, and is written in place. One finding an array, kind and phase is given. */
export function interpret(kernel: Kernel, buffers: readonly KernelBuffer[], options: InterpretOptions = {}): Finding[] {
  invariant(
    buffers.length === kernel.bindings.length,
    `${kernel.name} has ${kernel.bindings.length} bindings and got ${buffers.length} buffers`,
  );
  const at: Position = { lane: 0, group: 0, phase: "", sharedInterval: 0, storageInterval: 0, groupStart: 0 };
  const findings = new Map<string, Finding>();
  const report: Report = (kind, array, what) => {
    const key = `${kind} ${array} ${at.phase}`;
    if (findings.has(key)) return;
    const where = `${kernel.name}${at.phase === "" ? "" : `, phase "${at.phase}"`}, group ${at.group}, lane ${at.lane}`;
    findings.set(key, { kind, array, group: at.group, lane: at.lane, message: `${where}: ${what}` });
  };

  const shadows: Record<string, Shadow> = {};
  const data: Record<string, KernelBuffer> = {};
  kernel.bindings.forEach(({ name, access, element, length }, index) => {
    const buffer = buffers[index] as KernelBuffer;
    invariant(
      buffer.length === length * element.width,
      `${kernel.name}: ${name} has ${length * element.width} numbers and the buffer ${buffer.length}`,
    );
    invariant(buffer instanceof storageOf(element.scalar), `${kernel.name}: ${name} holds ${element.scalar}`);
    data[name] = buffer;
    const initialised = !options.uninitialised?.includes(name);
    shadows[name] =
      access === "read"
        ? shadowOfReadOnly(name, length, report)
        : shadowOfStorage(name, length, initialised, at, report);
  });
  for (const array of kernel.shared) {
    data[array.name] = allocate(array, 1);
    shadows[array.name] = shadowOfShared(array.name, array.length, at, report);
  }
  for (const register of kernel.registers) {
    data[register.name] = allocate(register, kernel.lanes);
    shadows[register.name] = shadowOfRegister(register.name, register.length, kernel.lanes, at, report);
  }

  const code = interpreterCode(kernel, options.body ?? placeBarriers(kernel));
  const runGroup = new Function("runtime", code) as (runtime: InterpreterRuntime) => () => void;
  const run = runGroup({ shadows, data, at, math });
  for (at.group = 0; at.group < kernel.groups; at.group++) {
    at.sharedInterval++;
    at.storageInterval++;
    at.groupStart = at.sharedInterval;
    run();
  }
  return [...findings.values()];
}

const allocate = ({ element, length }: Array_, copies: number): KernelBuffer =>
  new (storageOf(element.scalar))(length * element.width * copies);

function storageOf(scalar: ScalarType): Float32ArrayConstructor | Int32ArrayConstructor | Uint32ArrayConstructor {
  switch (scalar) {
    case "f32":
      return Float32Array;
    case "i32":
      return Int32Array;
    case "u32":
    case "bool":
      return Uint32Array;
  }
}

/** Three views of one word, for bitcasts. */
function bitViews(): { readonly f32: Float32Array; readonly i32: Int32Array; readonly u32: Uint32Array } {
  const bytes = new ArrayBuffer(4);
  return { f32: new Float32Array(bytes), i32: new Int32Array(bytes), u32: new Uint32Array(bytes) };
}
