/** @file A compiled program of which only some parts are run: text is generated without memory for gradients, optimizer states and the activations of a batch. */
import type { CompiledProgram } from "./device.ts";
import { programOf } from "./device.ts";
import type { MemoryReport, Plan, PlanBuffer, ProgramName } from "../../abi/plan.ts";

/** The same kernels and buffers by the same numbers; buffers that these programs do not touch are empty. */
export function onlyPrograms(compiled: CompiledProgram, names: readonly ProgramName[]): CompiledProgram {
  const { plan } = compiled;
  const programs = names.map((name) => [name, programOf(plan, name)] as const);
  const used = new Set(
    programs.flatMap(([, program]) => [
      ...program.dispatches.flatMap(({ bindings }) => bindings.map(({ buffer }) => buffer)),
      ...[...program.inputs, ...program.outputs, ...program.clears].map(({ buffer }) => buffer),
    ]),
  );
  const buffers = plan.buffers.map((buffer, i): PlanBuffer =>
    used.has(i) || buffer.role === "scalars" || buffer.role === "parameters" ? buffer : { ...buffer, bytes: 0 },
  );
  const reduced: Plan = {
    ...plan,
    buffers,
    programs: Object.fromEntries(programs),
    memory: memoryOf(buffers),
    needs: { ...plan.needs, bufferBytes: Math.max(...buffers.map(({ bytes }) => bytes)) },
  };
  return { ...compiled, plan: reduced };
}

function memoryOf(buffers: readonly PlanBuffer[]): MemoryReport {
  const byRole: Record<string, number> = {};
  for (const { role, bytes } of buffers) if (bytes > 0) byRole[role] = (byRole[role] ?? 0) + bytes;
  return { peakBytes: buffers.reduce((sum, { bytes }) => sum + bytes, 0), byRole, alive: [] };
}
