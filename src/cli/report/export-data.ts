/** @file Writes the documents that curation left, and what it dropped, into a folder of their own, in one of the formats that other programs read. */
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Exported, ExportFormat } from "../../data/export/export.ts";
import { suggest } from "../../util/suggest.ts";
import { type TokenizerData } from "../../runtime/data/tokenizer/tokenizer.ts";
import { createTokenizer } from "../../runtime/data/tokens.ts";
import { RuntimeFailure } from "../../runtime/util/failure.ts";
import { inspectFolder, stageFolder, type EntryContent } from "../../runtime/node/written-folder.ts";
import { dataText, tokenizerUse, type DataText } from "../../semantics/model/texts.ts";
import { grouped, textSize } from "../frame/amounts.ts";
import { curateData, interruptible, type Curated } from "../data/curate-data.ts";
import { dataSpec } from "../data/spec.ts";
import { realFolder } from "../frame/files.ts";
import type { FoundSection } from "../model/find-section.ts";
import type { Host } from "../frame/host.ts";
import { makeTokenizer } from "../tokenizer/make-tokenizer.ts";
import { curatedSources, endOfText, withEndings } from "../data/prepared-data.ts";
import { plural, shown } from "../frame/report.ts";

export const exportFormats = [
  "jsonl",
  "parquet",
  "nanogpt",
  "llm.c",
] as const satisfies readonly ExportFormat["kind"][];

/** The format of a word; `jsonl` where none is given. */
export function exportFormat(word: string | undefined): ExportFormat["kind"] {
  const format = exportFormats.find((name) => name === (word ?? "jsonl"));
  if (format !== undefined) return format;
  const near = suggest(word ?? "", exportFormats);
  throw new RuntimeFailure(
    "usage",
    `\`${word ?? ""}\` is not a format of \`--format\`${near ? `; did you mean \`${near}\`?` : ""}`,
    `the formats are ${exportFormats.join(", ")}`,
  );
}

interface Wanted {
  readonly out: string;
  readonly format: ExportFormat["kind"];
  readonly force: boolean;
  /** Of about so many documents alone. */
  readonly sample: number | undefined;
}

/** Fails, before anything is curated, where the folder is somebody else's or the format cannot hold the tokens. */
export async function exportData(
  { program, section }: FoundSection,
  { out, format: kind, force, sample }: Wanted,
  host: Host,
): Promise<void> {
  const folder = realFolder(resolve(host.cwd, out));
  await inspectFolder(folder, "corpus");
  const data = dataText(section.name, program.entry);
  if (!data) throw new Error(`internal: \`${section.name.text}\` was checked to be data`);
  if (kind === "nanogpt" || kind === "llm.c") await requireParts(kind, data, host);
  const curated = await curateData(data, host, sample);
  const format = kind === "nanogpt" || kind === "llm.c" ? await tokenFormat(kind, data, curated, host) : { kind };
  const { exportCorpus } = await import("../../data/export/export.ts");
  const { files: made, tokens } = await interruptible(host, (options) => exportCorpus(curated, format, options));
  if (tokens !== undefined)
    host.err(`${grouped(tokens.train)} tokens for training, ${grouped(tokens.validation)} for validation\n`);
  const files = new Map<string, EntryContent>([...made].map(([name, copyOf]) => [name, { copyOf }]));
  await (
    await stageFolder(folder, files, { holds: "corpus", force, forceOption: "--force", last: "manifest.json" })
  ).commit();
  host.err(`wrote ${out}: ${plural(files.size, "file")}, ${textSize(await sizeOf(made))}\n`);
  const use = useOf(format, out);
  if (use !== undefined) host.err(`${use}\n`);
}

async function sizeOf(files: Exported["files"]): Promise<number> {
  let bytes = 0;
  for (const path of files.values()) bytes += (await stat(path)).size;
  return bytes;
}

/** What nanoGPT's 16 bits hold. */
const mostTokens = 2 ** 16;

/** Fails where the format has no place for what is declared, as far as that is known without the text. */
async function requireParts(kind: "nanogpt" | "llm.c", data: DataText, host: Host): Promise<void> {
  if (data.config.split.val === 0)
    throw new RuntimeFailure(
      "usage",
      `\`${data.name}\` keeps nothing for validation, and ${kind} reads a file of it`,
      "declare `split { val: 2% }`",
    );
  const use = tokenizerUse(data);
  if (kind !== "nanogpt" || !use) return;
  if (use.kind === "trained") requireNarrow(use.settings.vocab, data);
  if (use.kind === "file") requireNarrow(createTokenizer(await makeTokenizer(use, data, host)).vocabulary, data);
}

function requireNarrow(vocabulary: number, { name }: DataText): void {
  if (vocabulary <= mostTokens) return;
  throw new RuntimeFailure(
    "usage",
    `the tokenizer of \`${name}\` has ${grouped(vocabulary)} tokens, and nanoGPT reads tokens of 16 bits, ${grouped(mostTokens)} at most`,
    "`--format llm.c` writes wider ones, or take a smaller vocabulary",
  );
}

/** llm.c's script for Llama 3 puts the token that begins a text before each. */
const beginOfText = "<|begin_of_text|>";

async function tokenFormat(
  kind: "nanogpt" | "llm.c",
  data: DataText,
  curated: Curated,
  host: Host,
): Promise<ExportFormat> {
  const use = tokenizerUse(data);
  if (!use) throw new Error(`internal: \`${data.name}\` was checked to have a tokenizer`);
  const tokenizer: TokenizerData = await makeTokenizer(use, data, host);
  const { specials, vocabulary } = createTokenizer(tokenizer);
  if (kind === "nanogpt") requireNarrow(vocabulary, data);
  const names = [...specials.keys()];
  const special = kind === "llm.c" && specials.has(beginOfText) ? beginOfText : endOfText(names);
  if (special === undefined)
    host.err(
      `note: the tokenizer of \`${data.name}\` has no token that ends a text, such as <|endoftext|>: documents end with their separator\n`,
    );
  const separators = Object.fromEntries(
    withEndings(curatedSources(data, curated), names).map(({ name, separator = "" }) => [name, separator]),
  );
  return {
    kind,
    tokenizer,
    split: dataSpec(data, host.cwd, host.cwd).split,
    separators,
    mark: special === undefined ? undefined : specials.get(special),
  };
}

/** How the files are read by what they are for. */
function useOf({ kind }: ExportFormat, out: string): string | undefined {
  switch (kind) {
    case "jsonl":
      return undefined;
    case "parquet":
      return `read it: SELECT source, count(*) FROM '${out.replaceAll("'", "''")}/*.parquet' GROUP BY source  (DuckDB), or datasets.load_dataset("parquet", data_files="…/*.parquet")`;
    case "nanogpt":
      return `train on it: cp -r ${shown(out)} nanoGPT/data/corpus, and there python train.py --dataset=corpus`;
    case "llm.c":
      return `train on it: ./train_gpt2cu -i ${shown(`${out}/train_*.bin`)} -j ${shown(`${out}/val_*.bin`)}`;
  }
}
