/** @file The tokenizer that an argument names: a source's, a file's such as `tokenizer.json`, or that of a run. */
import { resolve } from "node:path";
import type { TokenizerData } from "../../runtime/data/tokenizer/tokenizer.ts";
import { RuntimeFailure } from "../../runtime/util/failure.ts";
import { dataText, declaredTokenizer, tokenizerUse } from "../../semantics/model/texts.ts";
import { findRun } from "./find-run.ts";
import { findSection } from "./find-section.ts";
import type { Host } from "../frame/host.ts";
import { makeTokenizer, tokenizerIn } from "../tokenizer/make-tokenizer.ts";

/** `undefined` after the reasons were printed. `wanted` names a declaration of a source. */
export async function findTokenizer(
  given: string,
  wanted: string | undefined,
  host: Host,
): Promise<TokenizerData | undefined> {
  if (given.endsWith(".llm")) return ofSource(given, wanted, host);
  if (wanted !== undefined)
    throw new RuntimeFailure(
      "usage",
      `${given} has one tokenizer, and \`--name\` chooses among those of a source`,
      "leave out --name",
    );
  if (/\.(json|model(\.\w+)?|tiktoken|txt)$/.test(given)) return tokenizerIn(resolve(host.cwd, given), given);
  const { openCheckpointFile, openNewestSound } = await import("../../runtime/node/checkpoints.ts");
  const checkpoint = await openNewestSound(
    (await findRun(given, host)).checkpoints,
    (text) => host.err(`${text}\n`),
    openCheckpointFile,
  );
  await checkpoint.close();
  return checkpoint.info.tokenizer;
}

async function ofSource(path: string, wanted: string | undefined, host: Host): Promise<TokenizerData | undefined> {
  const found = findSection(path, wanted, { keywords: ["data", "tokenizer"], choose: ([first]) => first }, host);
  if (!found) return undefined;
  const { section, program } = found;
  const text = dataText(section.name, program.entry);
  const use =
    section.keyword === "tokenizer" ? declaredTokenizer(section.name, program.entry) : text && tokenizerUse(text);
  if (use) return makeTokenizer(use, text, host);
  host.err(`\`${section.name.text}\` has no tokenizer\n`);
  return undefined;
}
