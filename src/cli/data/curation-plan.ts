/** @file What a data declaration asks of curation, with all that it refers to looked up. */
import { dirname, isAbsolute, posix, relative, resolve } from "node:path";
import { escapePath } from "tinyglobby";
import type { Name } from "../../../grammar/syntax/ast.ts";
import type { ReadingConfig, SourceConfig, StepConfig } from "../../../grammar/schema.ts";
import type { CurationPlan, FilesToRead, PlannedSource } from "../../data/steps/plan.ts";
import { testsOf } from "../../semantics/check/references.ts";
import { dataText, type DataText } from "../../semantics/model/texts.ts";
import { plannedStep } from "./planned-step.ts";

/** Paths in it are relative to `folder`, with `/`. The declaration was checked: all that it names is there. */
export function curationPlan(data: DataText, cwd: string, folder: string): CurationPlan {
  const place: PlanContext = { data, cwd, folder };
  const steps = data.config.curate ?? [];
  const refer = {
    data: (name: Name) => planOf(name, place),
    tests: (name: Name) => testFiles(name, place),
    lines: (path: string) => linesOf(path, place),
  };
  return {
    name: data.name,
    sources: data.config.source.map((source) => plannedSource(source, place)),
    steps: steps.map((step, i) => plannedStep(step, nameOf(step, steps.slice(0, i)), refer)),
  };
}

/** Steps of one kind are numbered from the second on. */
function nameOf({ kind }: StepConfig, before: readonly StepConfig[]): string {
  const same = before.filter((step) => step.kind === kind).length;
  return same === 0 ? kind : `${kind} ${same + 1}`;
}

interface PlanContext {
  /** The declaration that is being planned: its file says what paths are relative to. */
  readonly data: DataText;
  readonly cwd: string;
  readonly folder: string;
}

function plannedSource(source: SourceConfig, place: PlanContext): PlannedSource {
  const { licence, provenance, from } = source;
  const described = {
    name: source.label?.text ?? "text",
    ...(licence === undefined ? {} : { licence }),
    ...(provenance === undefined ? {} : { provenance }),
  };
  if (from) return { ...described, kind: "curated", from: planOf(from, place) };
  return { ...described, kind: "files", files: filesToRead(source, place) };
}

function planOf(name: Name, { data, cwd, folder }: PlanContext): CurationPlan {
  const found = dataText(name, data.scope);
  if (!found) throw new Error(`internal: \`${name.text}\` was checked to be data`);
  return curationPlan(found, cwd, folder);
}

function testFiles(name: Name, place: PlanContext): readonly { readonly name: string; readonly files: FilesToRead }[] {
  return (testsOf(name.text, place.data.scope) ?? []).map((test) => ({
    name: `${name.text}.${test.label?.text ?? ""}`,
    files: filesToRead(test, place),
  }));
}

function filesToRead(reading: ReadingConfig, { data, cwd, folder }: PlanContext): FilesToRead {
  const { format, field, id, separator, delimiter, quoting, damaged } = reading;
  return {
    patterns: filePatterns(reading, data.section.span.file.path, cwd, folder),
    format,
    field,
    damaged,
    ...(id === undefined ? {} : { id }),
    ...(separator === undefined ? {} : { separator }),
    ...(delimiter === undefined ? {} : { delimiter }),
    ...(quoting === "double" ? {} : { quoting }),
  };
}

function linesOf(file: string, { data, cwd, folder }: PlanContext): FilesToRead {
  return {
    patterns: [pathFrom(escapePath(file), data.section.span.file.path, cwd, folder)],
    format: "text",
    field: "text",
    separator: "\n",
    damaged: "error",
  };
}

/** Patterns of files that the declaration at `path` names. */
export function filePatterns(
  { files, package: inPackage }: ReadingConfig,
  path: string,
  cwd: string,
  folder: string,
): readonly string[] {
  return (files ?? []).map((file) => (inPackage ? `npm:${inPackage}/${file}` : pathFrom(file, path, cwd, folder)));
}

function pathFrom(file: string, path: string, cwd: string, folder: string): string {
  // Only what the source says is a pattern: brackets in the names of folders above it are just names.
  const base = escapePath(relative(folder, resolve(cwd, dirname(path))).replaceAll("\\", "/"));
  return isAbsolute(file) ? file : posix.join(base, file);
}

/** Whether a source is text that can be trained on as it stands, by what its files hold. */
export type LooksPlain = (source: SourceConfig, data: DataText) => Promise<boolean>;

/** Whether the documents are other than those that plain text files hold. */
export async function isCurated(data: DataText, looksPlain: LooksPlain): Promise<boolean> {
  if (data.config.curate && data.config.curate.length > 0) return true;
  for (const source of data.config.source) {
    const from = source.from && dataText(source.from, data.scope);
    if (from ? await isCurated(from, looksPlain) : asksForReading(source) || !(await looksPlain(source, data)))
      return true;
  }
  return false;
}

/** Whether the declaration alone says that files are not taken as they stand. */
const asksForReading = ({ format, damaged }: ReadingConfig): boolean =>
  damaged === "skip" || (format !== "text" && format !== "auto");
