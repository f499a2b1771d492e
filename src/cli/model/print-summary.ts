/** @file The summary of a model as a page of text. */
import { formatBytes } from "../../util/format-bytes.ts";
import { describeGeneration } from "../../plan/print.ts";
import { grouped, scaled } from "../frame/amounts.ts";
import type { ParameterGroup, Summary } from "./summary.ts";

export function printSummary(summary: Summary, path: string): string {
  const { model, dims, batch, context, parameters, flopsPerToken, causality, generation, training } = summary;
  const sizes = Object.entries(dims)
    .map(([name, size]) => `${name} = ${size}`)
    .join("  ");
  return [
    `${model}  ${path}`,
    "",
    `dims        ${sizes}`,
    `batch       ${batch} × ${context} tokens`,
    ...(causality
      ? [`causality   ${causality === "proven" ? "reads only the past: proven" : "may read the future"}`]
      : []),
    ...(generation ? [`generates   ${describeGeneration(generation)}`] : []),
    "",
    `parameters  ${grouped(parameters.total)}`,
    ...parameterTable(parameters.tensors),
    "",
    `FLOPs       ${scaled(flopsPerToken.forward)} a token forward, ${scaled(flopsPerToken.training)} in training`,
    ...table(flopsPerToken.largest.map(({ name, share }) => [name, `${(100 * share).toFixed(1)}%`])),
    ...(training ? trainingLines(summary, training) : []),
    "",
  ].join("\n");
}

function trainingLines(
  { batch, context, flopsPerToken }: Summary,
  { budget, kernels, dispatches, memory }: NonNullable<Summary["training"]>,
): readonly string[] {
  const tokens =
    budget.unit === "tokens" ? budget.amount : budget.unit === "steps" ? budget.amount * batch * context : undefined;
  const work =
    tokens === undefined ? "" : `: ${scaled(tokens)} tokens, ${scaled(tokens * flopsPerToken.training)} FLOPs`;
  const roles = Object.entries(memory.byRole)
    .toSorted((a, b) => b[1] - a[1])
    .map(([role, bytes]) => [role, formatBytes(bytes)] as const);
  const alive = memory.alive.slice(0, mostAlive).map(({ name, bytes }) => [name, formatBytes(bytes)] as const);
  const more = memory.alive.length - alive.length;
  return [
    "",
    `step        ${dispatches} dispatches of ${kernels} kernels; the run is ${grouped(budget.amount)} ${budget.unit}${work}`,
    "",
    `memory      ${formatBytes(memory.peakBytes)}`,
    ...table(roles),
    `            alive when activations peak:`,
    ...table(alive),
    ...(more > 0 ? [`  and ${more} smaller`] : []),
  ];
}

/** Tensors that are told of those alive at the peak. */
const mostAlive = 8;

function parameterTable(groups: readonly ParameterGroup[]): readonly string[] {
  return table(
    groups.map(({ path, times, axes, shape, count }) => [
      times > 1 ? `${path} ×${times}` : path,
      axes.length > 0 ? `${axes.join(" × ")} = ${shape.join(" × ")}` : "1",
      grouped(count),
    ]),
  );
}

/** Indented columns; the last is aligned to the right. */
function table(rows: readonly (readonly string[])[]): readonly string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows.map(
    (row) =>
      `  ${row.map((cell, i) => (i === columns - 1 ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0))).join("  ")}`,
  );
}
