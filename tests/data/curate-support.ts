/** @file Corpora for the tests of curation, and plans over them. */
import { DuckDBInstance } from "@duckdb/node-api";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { CurateOptions } from "../../src/data/curate/curate.ts";
import type { CurationPlan, FilesToRead, Step } from "../../src/data/steps/plan.ts";

/** A folder that goes with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "llmc-curate-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export const filesToRead = (patterns: readonly string[], more: Partial<FilesToRead> = {}): FilesToRead => ({
  patterns,
  format: "auto",
  field: "text",
  damaged: "error",
  ...more,
});
export const planOf = (files: FilesToRead, steps: readonly Step[] = []): CurationPlan => ({
  name: "corpus",
  sources: [{ name: "files", kind: "files", files }],
  steps,
});
export const options = (folder: string, more: Partial<CurateOptions> = {}): CurateOptions => ({
  folder,
  cache: join(folder, "cache"),
  workers: 2,
  ...more,
});

export interface Written {
  readonly id: string;
  readonly text: string;
}
export const documentsIn = (files: readonly string[]): readonly Written[] =>
  files.flatMap((file) =>
    readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Written),
  );

/** All files of a folder with what they hold, as text. */
export const contentsOf = (folder: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    readdirSync(folder)
      .toSorted()
      .map((name) => [name, readFileSync(join(folder, name), "utf8")]),
  );

/** Runs statements in a database of their own. */
export async function duckdb(...statements: readonly string[]): Promise<void> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  for (const statement of statements) await connection.run(statement);
  connection.closeSync();
  instance.closeSync();
}
