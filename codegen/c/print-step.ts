/**
 * @file `step.c`: the programs of a plan as tables of dispatches, and the functions that the runtime calls. The plan decides everything here, so
 * that a step is one call; how tables are walked is in `run.h`. Also what a compiled program for the CPU consists of besides its kernels.
 */
import { invariant } from "../../src/util/invariant.ts";
import { aligned } from "../../src/plan/buffers/sizes.ts";
import { programNames } from "../../src/abi/plan.ts";
import type { Plan, PlanBuffer, Program } from "../../src/abi/plan.ts";
import { commentText } from "../text/comment.ts";
import { cName } from "./names.ts";
import { phasesOf } from "./phases.ts";
import { runHeader } from "./run-header.ts";

/** The files beside the kernels, by name. */
export function stepFiles(plan: Plan): ReadonlyMap<string, string> {
  return new Map([
    ["run.h", runHeader],
    ["step.c", printStep(plan)],
  ]);
}

export function printStep(plan: Plan): string {
  const programs = programNames.flatMap((name) => {
    const program = plan.programs[name];
    return program ? [{ name, program }] : [];
  });
  const { lines: buffers, bytes } = bufferTable(plan.buffers);
  const sections = [
    [
      `/* The programs of ${commentText(plan.model)}: which kernels run in which order, and on what. */`,
      '#include "run.h"',
    ],
    plan.kernels.map(({ name }) => `kernel ${cName(name)};`),
    ["static const struct buffer buffers[] = {", ...buffers, "};"],
    ...programs.flatMap(({ name, program }) => programTables(plan, name, program)),
    [
      "static const struct program programs[] = {",
      ...programs.map(({ name, program }) => programEntry(name, program)),
      "};",
    ],
    ["/* Of which plan this is. */", `EXPORT const char *llmc_plan(void) { return "${plan.hash}"; }`],
    [
      "EXPORT int32_t llmc_open(int32_t threads, void **session) {",
      `  return open_session(buffers, ${bytes}, programs, ${programs.length}, threads, session);`,
      "}",
    ],
    programs.map(({ name }, i) => `EXPORT void llmc_${name}(void *session) { run(session, ${i}); }`),
  ];
  return `${sections.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function bufferTable(buffers: readonly PlanBuffer[]): { readonly lines: readonly string[]; readonly bytes: number } {
  let at = 0;
  const lines = buffers.map(({ name, bytes }, i) => {
    const line = `  { ${at}, ${aligned(bytes)} }, /* ${i}: ${commentText(name)} */`;
    at += aligned(Math.max(bytes, 4));
    return line;
  });
  return { lines, bytes: at };
}

function programTables(plan: Plan, name: string, program: Program): readonly (readonly string[])[] {
  let places = 0;
  const placeLines: string[] = [];
  const dispatchLines = program.dispatches.map(({ kernel, bindings, computes, rows }) => {
    const planned = plan.kernels[kernel];
    invariant(planned, `kernel ${kernel} is in the plan`);
    for (const { buffer, offset, bytes } of bindings)
      invariant(
        offset + bytes <= aligned(plan.buffers[buffer]?.bytes ?? 0),
        `${planned.name} stays inside of its buffers`,
      );
    const first = places;
    places += bindings.length;
    if (bindings.length > 0)
      placeLines.push(`  ${bindings.map(({ buffer, offset }) => `{ ${buffer}, ${offset} },`).join(" ")}`);
    const what =
      computes.length > 3 ? `${computes.slice(0, 3).join(", ")} and ${computes.length - 3} more` : computes.join(", ");
    return `  { ${cName(planned.name)}, ${planned.groups}, ${rows?.groups ?? 0}, ${first} }, /* ${commentText(what)} */`;
  });
  return [
    table(`struct dispatch ${name}_dispatches`, dispatchLines),
    table(
      `struct phase ${name}_phases`,
      phasesOf(plan, program.dispatches).map(({ from, to, blocks }) => `  { ${from}, ${to}, ${blocks} },`),
    ),
    table(`struct place ${name}_places`, placeLines),
    table(
      `struct range ${name}_clears`,
      program.clears.map(({ buffer, offset, bytes }) => `  { ${buffer}, ${offset}, ${bytes} },`),
    ),
  ];
}

/** C has no empty arrays. */
const table = (head: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : [`static const ${head}[] = {`, ...lines, "};"];

function programEntry(name: string, { dispatches, clears }: Program): string {
  const of = (part: string, count: number): string => (count === 0 ? "NULL, 0" : `${name}_${part}, ${count}`);
  const places = dispatches.reduce((sum, d) => sum + d.bindings.length, 0);
  return `  { ${of("dispatches", dispatches.length)}, ${dispatches.length === 0 ? "NULL, 0" : `${name}_phases, sizeof ${name}_phases / sizeof *${name}_phases`}, ${of("places", places)}, ${of("clears", clears.length)} },`;
}
