/** @file What suites give: tables a person reads, and the same as JSON. */
import type { Calibration } from "./machine.ts";

export interface Column {
  readonly key: string;
  readonly title: string;
  readonly digits: number;
}

/** A cell that does not apply is absent. */
export interface Row {
  readonly name: string;
  readonly values: Readonly<Record<string, number | undefined>>;
}

export interface Table {
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** What is missing and why, what was found out. */
  readonly notes: readonly string[];
}

export interface SuiteResult {
  readonly suite: string;
  readonly tables: readonly Table[];
  readonly before?: Calibration | undefined;
  readonly after?: Calibration | undefined;
}

export function printTable({ title, columns, rows, notes }: Table): string {
  const cells = rows.map(({ name, values }) => [
    name,
    ...columns.map(({ key, digits }) => values[key]?.toFixed(digits) ?? "-"),
  ]);
  const all = [["", ...columns.map((column) => column.title)], ...cells];
  const widths = all[0]?.map((_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0))) ?? [];
  const lines = all.map(
    (row) =>
      `  ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  ")}`,
  );
  return [title, ...(rows.length > 0 ? lines : []), ...notes.map((note) => `  ${note}`), ""].join("\n");
}
