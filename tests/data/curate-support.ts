/** @file Corpora for the tests of curation, and plans over them. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { CurateOptions } from "../../src/data/curate/curate.ts";
import type { CurationPlan, FilesToRead, Step } from "../../src/data/curate/plan.ts";

/** A folder that goes with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "llmc-curate-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export const filesToRead = (patterns: readonly string[], more: Partial<FilesToRead> = {}): FilesToRead => ({ patterns, format: "auto", field: "text", damaged: "error", ...more });
export const planOf = (files: FilesToRead, steps: readonly Step[] = []): CurationPlan => ({ name: "corpus", sources: [{ name: "files", kind: "files", files }], steps });
export const options = (folder: string, more: Partial<CurateOptions> = {}): CurateOptions => ({ folder, cache: join(folder, "cache"), workers: 2, ...more });

export interface Written {
  readonly id: string;
  readonly text: string;
}
export const documentsIn = (files: readonly string[]): readonly Written[] =>
  files.flatMap((file) => readFileSync(file, "utf8").split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as Written));

/** All files of a folder with what they hold, as text. */
export const contentsOf = (folder: string): Readonly<Record<string, string>> =>
  Object.fromEntries(readdirSync(folder).toSorted().map((name) => [name, readFileSync(join(folder, name), "utf8")]));

const words = "the of river a stone and with under light have been that house window morning they walked to be slowly over old field where water ran cold".split(" ");
/** Sentences made of a number; every seventh document repeats an earlier one, and every fifth has an address. */
export function madeUpText(number: number): string {
  let state = (number % 7 === 6 ? number - 6 : number) + 1;
  const next = (): number => (state = Math.imul(state, 1103515245) + 12345 & 0x7fffffff) >>> 8;
  const sentences = Array.from({ length: 12 }, () => `The ${Array.from({ length: 9 }, () => words[next() % words.length]).join(" ")}.`);
  return `${sentences.slice(0, 6).join(" ")}\n${sentences.slice(6).join(" ")}${number % 5 === 0 ? "\nWrite to someone@mail.example.edu about it." : ""}`;
}
