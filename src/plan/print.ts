/** @file The plan as text: programs with their dispatches, buffers, and what is alive when most is. */
import { formatBytes } from "../util/format-bytes.ts";
import type { Plan, Program } from "../abi/plan.ts";

export function printPlan(plan: Plan): string {
  const programs = Object.entries(plan.programs).flatMap(([name, program]) =>
    program ? [printProgram(name, program, plan)] : [],
  );
  return [
    `${plan.model}: batch ${plan.batch} of ${plan.context}, vocabulary ${plan.vocabulary}`,
    `needs buffers of ${formatBytes(plan.needs.bufferBytes)}, ${plan.needs.bindings} bindings, ${plan.needs.lanes} lanes, ${formatBytes(plan.needs.sharedBytes)} of shared memory`,
    ...(plan.generation ? [`generates ${describeGeneration(plan.generation)}`] : []),
    "",
    ...programs,
    printMemory(plan),
    `hash ${plan.hash}`,
  ].join("\n");
}

/** `token by token: proven, and tried on 8 random tokens`. */
export function describeGeneration({ kind, reason }: NonNullable<Plan["generation"]>): string {
  switch (kind) {
    case "incremental":
      return `token by token: ${reason}`;
    case "context":
      return `by the whole context for each token: ${reason}`;
    case "refused":
      return `no text: ${reason}`;
  }
}

function printProgram(name: string, program: Program, plan: Plan): string {
  const names = program.dispatches.map((d) => plan.kernels[d.kernel]?.name ?? "");
  const width = Math.min(
    48,
    names.reduce((w, n) => Math.max(w, n.length), 0),
  );
  const lines = program.dispatches.map((d, i) => {
    const kernel = plan.kernels[d.kernel];
    const uses = d.bindings.map((b, j) => {
      const access = kernel?.access[j] ?? "read";
      return `${plan.buffers[b.buffer]?.name ?? b.buffer}${b.offset > 0 ? `+${b.offset}` : ""}${access === "read" ? "" : access === "write" ? " =" : " :="}`;
    });
    const chained = d.rows === undefined ? " " : d.rows.chain === program.dispatches[i - 1]?.rows?.chain ? "│" : "┌";
    return `  ${String(i + 1).padStart(4)} ${chained}${(kernel?.name ?? "").padEnd(width)}  ${String(kernel?.groups ?? 0).padStart(7)} × ${String(kernel?.lanes ?? 0).padEnd(4)} ${d.computes.join(", ")}  [${uses.join(", ")}]`;
  });
  const scalars = program.scalars
    .map((s) => (s.expression === undefined ? s.name : `${s.name} = ${s.expression}`))
    .join(", ");
  return [
    `program ${name}: ${program.dispatches.length} dispatches`,
    `  inputs   ${program.inputs.map((i) => ("of" in i ? `${i.name} (sorted ${i.of})` : i.name)).join(", ")}`,
    `  scalars  ${scalars}`,
    `  results  ${program.outputs.map((o) => o.name).join(", ")}`,
    ...lines,
    "",
  ].join("\n");
}

function printMemory({ memory, buffers }: Plan): string {
  const roles = Object.entries(memory.byRole).map(
    ([role, bytes]) =>
      `  ${role.padEnd(12)} ${formatBytes(bytes).padStart(10)}  in ${buffers.filter((b) => b.role === role).length}`,
  );
  const alive = memory.alive
    .slice(0, mostShown)
    .map(({ name, bytes }) => `  ${formatBytes(bytes).padStart(10)}  ${name}`);
  const more = memory.alive.length - alive.length;
  return [
    `memory: ${formatBytes(memory.peakBytes)}`,
    ...roles,
    "alive when activations peak:",
    ...alive,
    ...(more > 0 ? [`  and ${more} smaller`] : []),
    "",
  ].join("\n");
}

const mostShown = 24;
