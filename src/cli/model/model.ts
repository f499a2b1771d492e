/** @file From the arguments of a command to an elaborated model: the file is checked, the model is chosen, and the text decides what only it can. */
import type { Section } from "../../../grammar/syntax/ast.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { suggest } from "../../util/suggest.ts";
import type { Model, Optimizer, Schedule } from "../../ir/model.ts";
import type { TokenizerData } from "../../runtime/data/tokenizer/tokenizer.ts";
import { checkFile, modelsOf } from "../../semantics/check/check.ts";
import { elaborate, type DataUse, type Elaboration } from "../../semantics/model/elaborate.ts";
import type { Program } from "../../semantics/load/program.ts";
import { problemWithSource, sourceHost } from "../frame/files.ts";
import type { Host } from "../frame/host.ts";
import { countDiagnostics, isError, printDiagnostics } from "../frame/report.ts";

export interface LoadedModel {
  /** As given on the command line. */
  readonly path: string;
  readonly name: string;
  readonly program: Program;
  readonly elaboration: Elaboration & { readonly model: Model };
  readonly diagnostics: readonly Diagnostic[];
  /** The same with so many sequences in a batch. */
  readonly withBatch: (batch: number) => Elaboration;
  /** The tokenizer is made, or found in the cache, when it is asked for. */
  readonly data?: { readonly use: DataUse; readonly tokenizer: () => Promise<TokenizerData> };
}

/** A model whose training is declared: it can be compiled. */
export interface CompilableModel extends LoadedModel {
  readonly elaboration: LoadedModel["elaboration"] & {
    readonly optimizer: Optimizer;
    readonly schedule: Schedule;
    readonly train: NonNullable<Elaboration["train"]>;
  };
}

/** And whose text is, too: it can be trained. */
export interface TrainableModel extends CompilableModel {
  readonly data: NonNullable<LoadedModel["data"]>;
}

/** Checks and elaborates; `undefined` after the reasons were printed. `wanted` names a model or variant; without it the first that is trained. */
export async function loadModel(
  path: string,
  wanted: string | undefined,
  host: Host,
): Promise<LoadedModel | undefined> {
  const problem = problemWithSource(path, host.cwd);
  if (problem !== undefined) return refuse(problem, host);
  const { makeTokenizer, vocabularyInFiles } = await import("../tokenizer/make-tokenizer.ts");
  const inFiles = vocabularyInFiles(host.cwd);
  const { program, diagnostics } = checkFile(path, sourceHost(host.cwd), inFiles);
  // A comparison that is not fair is said, and keeps no model from being trained by itself.
  const said = diagnostics.map((d) => (d.code.startsWith("compare/") ? { ...d, severity: "warning" as const } : d));
  printDiagnostics(said, host);
  if (said.some(isError)) return refuse(`${countDiagnostics(said)} in ${path}`, host);
  const name = chooseModel(program, path, wanted);
  if (typeof name !== "string") return refuse(name.problem, host);
  const first = elaborate(program, name, { vocabulary: inFiles });
  const { data } = first;
  let made: Promise<TokenizerData> | undefined;
  const tokenizer = data && ((): Promise<TokenizerData> => (made ??= makeTokenizer(data.tokenizer, data, host)));
  // Only of characters is it not known before the text is read how many there are.
  if (data?.tokenizer.kind === "characters" && (await refuseData({ path, name, program, elaboration: first }, host)))
    return undefined;
  const characters = data?.tokenizer.kind === "characters" ? await tokenizer?.() : undefined;
  const vocabulary = characters?.kind === "characters" ? characterCount(data, characters) : inFiles;
  const elaboration = vocabulary === inFiles ? first : elaborate(program, name, { vocabulary });
  const { model } = elaboration;
  if (!model) return refuse(`${name} could not be elaborated`, host);
  const use = elaboration.data;
  return {
    path,
    name,
    program,
    elaboration: { ...elaboration, model },
    diagnostics,
    withBatch: (batch) => elaborate(program, name, { vocabulary, batch }),
    ...(use && tokenizer && { data: { use, tokenizer } }),
  };
}

function refuse(problem: string, host: Host): undefined {
  host.err(`${problem}\n`);
}

function chooseModel(
  program: Program,
  path: string,
  wanted: string | undefined,
): string | { readonly problem: string } {
  const names = modelsOf(program).map((d) => d.name.text);
  if (wanted !== undefined) {
    if (names.includes(wanted)) return wanted;
    const near = suggest(wanted, names);
    return {
      problem: `there is no model \`${wanted}\` in ${path}${near ? `; did you mean \`${near}\`?` : names.length > 0 ? `, only ${names.join(", ")}` : ""}`,
    };
  }
  const trained = program.entry.file.declarations.find(
    (d): d is Section => d.kind === "section" && d.keyword === "train",
  )?.name.text;
  const name = trained ?? names[0];
  return name ?? { problem: `${path} declares no model` };
}

function characterCount(
  data: DataUse | undefined,
  tokenizer: TokenizerData & { readonly kind: "characters" },
): (section: Section) => number | undefined {
  const count = [...tokenizer.characters].length;
  const name = data?.config.tokenizer.kind === "declared" ? data.config.tokenizer.name.text : undefined;
  return (section) =>
    section === data?.section || (section.keyword === "tokenizer" && section.name.text === name) ? count : undefined;
}

/** Loads a model that must say how it is trained. */
export async function loadCompilable(
  path: string,
  wanted: string | undefined,
  host: Host,
): Promise<CompilableModel | undefined> {
  const loaded = await loadModel(path, wanted, host);
  if (!loaded || isCompilable(loaded)) return loaded;
  return refuse(`${loaded.name} has no \`train ${loaded.name} { … }\` in ${path}`, host);
}

/** Whether everything but the text is declared. */
export function isCompilable(loaded: LoadedModel): loaded is CompilableModel {
  const { optimizer, schedule, train } = loaded.elaboration;
  return optimizer !== undefined && schedule !== undefined && train !== undefined;
}

/** Loads a model that must say how and on what it is trained. */
export async function loadTrainable(
  path: string,
  wanted: string | undefined,
  host: Host,
): Promise<TrainableModel | undefined> {
  const loaded = await loadCompilable(path, wanted, host);
  if (!loaded) return undefined;
  if (isTrainable(loaded)) return (await refuseData(loaded, host)) ? undefined : loaded;
  return refuse(
    `${loaded.name} has no text to train on: name a data declaration with \`data: …\` in \`model ${loaded.name} { … }\``,
    host,
  );
}

/** Whether files are missing or the text is too short, after that was printed. */
export async function refuseData(
  {
    path,
    name,
    program,
    elaboration,
  }: Pick<LoadedModel, "path" | "name" | "program"> & { readonly elaboration: Elaboration },
  host: Host,
): Promise<boolean> {
  const declaration = modelsOf(program).find((d) => d.name.text === name);
  if (!declaration) return false;
  const { trainingProblems } = await import("./data-problems.ts");
  const problems = await trainingProblems({ declaration, elaboration }, host.cwd);
  printDiagnostics(problems, host);
  if (problems.length > 0) refuse(`${countDiagnostics(problems)} in ${path}`, host);
  return problems.length > 0;
}

export function isTrainable(loaded: CompilableModel): loaded is TrainableModel {
  return loaded.data !== undefined;
}
