/** @file Whether a text can be long enough for a model, as far as the sizes of its files tell: what cannot be known without reading it is not claimed. */
import { isUtf8 } from "node:buffer";
import { readFile } from "node:fs/promises";
import type { DataConfig, SourceConfig } from "../../../grammar/schema.ts";
import { report } from "../../diagnostics/codes.ts";
import type { Diagnostic, Label } from "../../diagnostics/diagnostic.ts";
import type { CheckedModel } from "../../semantics/check/check.ts";
import type { Named } from "../../runtime/node/files.ts";
import type { DataUse } from "../../semantics/model/elaborate.ts";
import { bytesOf, type LookAt } from "./data-files.ts";

/** What is wrong with the text of a model, at its sources or at the declaration. */
export async function fitOf(
  { declaration, elaboration: { data, model, train } }: CheckedModel,
  look: LookAt,
): Promise<readonly Diagnostic[]> {
  // Only of tokenizers that are made from text is it certain that a token is a byte or more. Without `train`, nobody said that the model is trained.
  if (!data || !model || !train || data.tokenizer.kind === "file" || (data.config.curate ?? []).length > 0) return [];
  const { split } = data.config;
  const context = { span: declaration.name.span, text: `reads ${model.context} tokens and the one after` };
  const texts: Text[] = [];
  const problems: Diagnostic[] = [];
  for (const source of data.config.source) {
    const text = await textOf(source, data, look);
    if (!text) continue;
    texts.push(text);
    const problem = sourceProblem(text, data.name, split, { size: model.context, label: context });
    if (problem && (await isPlain(text))) problems.push(problem);
  }
  if (problems.length > 0 || texts.length < data.config.source.length) return problems;
  const training = texts.reduce((sum, text) => sum + text.training, 0);
  const longest = Math.max(0, ...texts.map((text) => text.validation));
  const at = { primary: { span: data.section.name.span, text: "" }, related: [context] };
  const sequence = `fewer than one sequence of ${model.context} tokens and the one after`;
  const problem =
    training < model.batch * model.context + 1
      ? report(
          "data/too-small",
          {
            problem: `\`${data.name}\` has at most ${training} tokens for training, fewer than one batch of ${model.batch} sequences of ${model.context} tokens`,
          },
          { ...at, help: "make the batch or the context smaller, or add text" },
        )
      : split.val > 0 && longest <= model.context
        ? report(
            "data/too-small",
            { problem: `no source of \`${data.name}\` has more than ${longest} tokens for validation, ${sequence}` },
            { ...at, help: "keep more with `split { val: … }`, make the context smaller, or add text" },
          )
        : undefined;
  if (!problem) return [];
  for (const text of texts) if (!(await isPlain(text))) return [];
  return [problem];
}

/** A source whose files' sizes are known, with upper bounds of its tokens on each side of the split. */
interface Text {
  readonly source: SourceConfig;
  readonly files: readonly Named[];
  readonly bytes: number;
  readonly training: number;
  readonly validation: number;
}

/** Nothing where the sizes are not known, or the text is not taken as it stands. */
async function textOf(
  source: SourceConfig,
  { config: { split }, section }: DataUse,
  look: LookAt,
): Promise<Text | undefined> {
  if (source.from || source.damaged === "skip" || (source.format !== "auto" && source.format !== "text"))
    return undefined;
  const { files, problems } = await look(source, section);
  const sizes = problems.length > 0 ? undefined : bytesOf(files);
  if (!sizes) return undefined;
  const bytes = sizes.reduce((a, b) => a + b, 0);
  // Each document gives its end to validation, rounded. Where documents end in a file is not known before it is read.
  const isCut = split.by === "position" && source.separator === undefined;
  const validation = isCut ? sizes.reduce((sum, size) => sum + Math.round(size * split.val), 0) : bytes;
  return { source, files, bytes, training: isCut ? bytes - validation : bytes, validation };
}

function sourceProblem(
  { source, files, bytes, training }: Text,
  data: string,
  split: DataConfig["split"],
  context: { readonly size: number; readonly label: Label },
): Diagnostic | undefined {
  const name = `source \`${source.label?.text ?? "text"}\``;
  const primary = {
    span: source.spans["files"] ?? source.span,
    text:
      files.length === 1
        ? `one file of ${bytes.toLocaleString("en")} bytes`
        : `${files.length} files of ${bytes.toLocaleString("en")} bytes in all`,
  };
  if (bytes === 0) return report("data/empty", { problem: `\`${data}\` has no text in ${name}` }, { primary });
  if (training <= context.size) {
    const problem = `${name} has at most ${training} tokens for training, fewer than one sequence of ${context.size} tokens and the one after`;
    return report(
      "data/too-small",
      { problem },
      { primary, related: [context.label], help: "make the context smaller, or add text" },
    );
  }
  if (split.val === 0 || split.by === "position" || files.length > 1 || source.separator !== undefined)
    return undefined;
  const help =
    'cut it near its end with `split { by: position }`, or say where documents end with `separator: "…"` in the source';
  return report(
    "data/empty",
    {
      problem: `${name} is one document, and the split sends whole documents to training or to validation: one of them gets nothing`,
    },
    { primary, help },
  );
}

/** Texts up to here are read: most that are too short are far below. */
const smallText = 2 ** 16;

/** Whether all of it is text that is taken as it stands: only files that something is to be said of are looked into. */
async function isPlain({ source, files, bytes }: Text): Promise<boolean> {
  const { isPlainText } = await import("../../data/read/read.ts");
  for (const file of files) {
    if (!(await isPlainText(file, source))) return false;
    // That a file is no text is found, and said, when it is read.
    if (bytes <= smallText && !isUtf8(await readFile(file.path))) return false;
  }
  return true;
}
