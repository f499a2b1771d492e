/** @file What runs a compiled plan in tests, by one interface: the kernel interpreter, kernels compiled as C, and a WebGPU device. */
import type { Compiled } from "../../src/plan/build-plan.ts";
import type { Device } from "../../src/runtime/session/device.ts";
import { callsOfC } from "./c-kernels.ts";
import type { CompileOptions } from "./c-kernels.ts";
import type { Machine } from "./check-model.ts";
import { DeviceRun } from "./device-run.ts";
import { SimulatedPlan } from "./simulate.ts";

export const simulated = (compiled: Compiled): Machine => machineOf(compiled, new SimulatedPlan(compiled));

/** The kernels of a plan for the CPU, compiled as C in vectors of this width, the rest of the plan as the interpreter does it. */
export const compiledC = (compiled: Compiled, options: CompileOptions): Machine =>
  machineOf(compiled, new SimulatedPlan(compiled, callsOfC([...compiled.kernels.values()], options)));

function machineOf(compiled: Compiled, plan: SimulatedPlan): Machine {
  return {
    write: (arena, values) => values.forEach((v, leaf) => plan.entry(leaf.name, arena).set(v)),
    read: (arena) =>
      Promise.resolve(new Map(compiled.plan.parameters.map(({ path }) => [path, plan.entry(path, arena).slice()]))),
    run: async (program, inputs, scalars) => plan.run(program, inputs, scalars),
  };
}

export async function onDevice(device: Device, compiled: Compiled): Promise<Machine & { readonly close: () => void }> {
  const run = await DeviceRun.open(
    device,
    compiled,
    new Map(
      compiled.plan.parameters.map(({ path, shape }) => [path, new Float32Array(shape.reduce((n, s) => n * s, 1))]),
    ),
  );
  return {
    write: (arena, values) => run.writeArena(arena, new Map([...values].map(([leaf, v]) => [leaf.name, v]))),
    read: (arena) => run.readArena(arena),
    run: (program, inputs, scalars) => run.run(program, inputs, scalars),
    close: () => run.close(),
  };
}
