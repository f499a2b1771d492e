/**
 * @file The tokenizer that a declaration asks for: read from its file, or made from its text. A trained one is kept in the cache under a hash of the text
 * and the settings, so that each is trained once.
 */
import type { Hash } from "node:crypto";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import type { Section } from "../../../grammar/syntax/ast.ts";
import { checkFields } from "../../../grammar/schema/fields.ts";
import { schemas, type BpeSettings } from "../../../grammar/schema.ts";
import type { RankSettings } from "../../data/tokenizer/ranks.ts";
import { readTokenizer } from "../../data/tokenizer/read-tokenizer.ts";
import { cacheFolder } from "../../runtime/files/cache-folder.ts";
import { documentsOf, type TextFile } from "../../runtime/data/corpus.ts";
import { type TokenizerData } from "../../runtime/data/tokenizer/tokenizer.ts";
import { createTokenizer } from "../../runtime/data/tokens.ts";
import { RuntimeFailure, messageOf, systemCode } from "../../runtime/util/failure.ts";
import { readSource } from "../../runtime/node/files.ts";
import type { Vocabulary } from "../../semantics/values/session.ts";
import type { DataText, TokenizerUse } from "../../semantics/model/texts.ts";
import type { Host } from "../frame/host.ts";
import { keepTokenizer, keptTokenizer } from "./kept-tokenizer.ts";
import { preparedData, withEndings } from "../data/prepared-data.ts";

/** Changes whenever the same text and settings would give another tokenizer. */
const version = 1;

export async function makeTokenizer(use: TokenizerUse, text: DataText | undefined, host: Host): Promise<TokenizerData> {
  switch (use.kind) {
    case "bytes":
      return { kind: "bytes" };
    case "characters":
      return charactersOf(text, host);
    case "file":
      return fileTokenizer(use.section, use.path, host.cwd);
    case "trained":
      return trainedTokenizer(use, host);
  }
}

/** Sizes of vocabularies that files hold. A file that cannot be read fails, or is told to `failed`, once, and its size is unknown. */
export function vocabularyInFiles(
  cwd: string,
  failed?: (section: Section, failure: RuntimeFailure) => void,
): Vocabulary {
  const sizes = new Map<Section, number | undefined>();
  return (section) => {
    const path = section.keyword === "tokenizer" ? checkFields(section, schemas.tokenizer).value?.file : undefined;
    if (path === undefined) return undefined;
    if (sizes.has(section)) return sizes.get(section);
    let size: number | undefined;
    try {
      size = createTokenizer(fileTokenizer(section, path, cwd)).vocabulary;
    } catch (error) {
      if (!failed || !(error instanceof RuntimeFailure)) throw error;
      failed(section, error);
    }
    sizes.set(section, size);
    return size;
  };
}

function fileTokenizer(section: Section, file: string, cwd: string): TokenizerData {
  const path = resolve(cwd, dirname(section.span.file.path), file);
  const { pattern, specials } = checkFields(section, schemas.tokenizer).value ?? {};
  return tokenizerIn(path, relative(cwd, path), { ...(pattern && { pattern }), ...(specials && { specials }) });
}

/** Larger files are no tokenizers. */
const mostBytes = 2 ** 28;

/** The tokenizer that a file holds. */
export function tokenizerIn(path: string, name: string, settings: RankSettings = {}): TokenizerData {
  const beside = (file: string): string | undefined => {
    const other = join(dirname(path), file);
    return existsSync(other) ? new TextDecoder().decode(bytesOf(other, join(dirname(name), file))) : undefined;
  };
  return readTokenizer({ name, bytes: bytesOf(path, name), beside }, settings);
}

function bytesOf(path: string, name: string): Uint8Array {
  try {
    const { size } = statSync(path);
    if (size > mostBytes)
      throw new RuntimeFailure(
        "tokenizer/invalid",
        `${name} has ${Math.round(size / 1e6)} MB, and no tokenizer is that large`,
        "name the `tokenizer.json` of a model",
      );
    return readFileSync(path);
  } catch (error) {
    if (error instanceof RuntimeFailure) throw error;
    const missing = systemCode(error) === "ENOENT";
    throw new RuntimeFailure(
      missing ? "data/missing" : "data/unreadable",
      missing ? `there is no file ${name}` : `cannot read ${name}: ${messageOf(error)}`,
    );
  }
}

async function charactersOf(text: DataText | undefined, host: Host): Promise<TokenizerData> {
  if (text === undefined)
    throw new RuntimeFailure(
      "usage",
      "a tokenizer of characters is made from the text of the data declaration that uses it",
      "name that declaration",
    );
  const { characterVocabulary } = await import("../../runtime/data/tokens.ts");
  const tokenizer = await characterVocabulary(textsOf(text, host));
  if (tokenizer.kind === "characters" && tokenizer.characters === "") throw noText(text);
  return tokenizer;
}

async function trainedTokenizer(
  { name, settings, on }: Extract<TokenizerUse, { kind: "trained" }>,
  host: Host,
): Promise<TokenizerData> {
  const hash = createHash("sha256").update(JSON.stringify({ version, settings }));
  let bytes = 0;
  for await (const document of trainingDocuments(on, settings, host)) {
    addTo(hash, document);
    bytes += document.length;
  }
  if (bytes === 0) throw noText(on);
  const folder = join(await cacheFolder(), "tokenizers");
  const path = join(folder, `${hash.digest("hex")}.json`);
  const kept = await keptTokenizer(path, (text) => host.err(`note: ${text}\n`));
  if (kept) return kept;
  host.err(
    `training the tokenizer ${name}: ${settings.vocab} tokens from ${(bytes / 1e6).toFixed(1)} MB of ${on.name}\n`,
  );
  const { WordCounts } = await import("../../data/tokenizer/count-words.ts");
  const { trainBpe } = await import("../../data/tokenizer/train-bpe.ts");
  const words = new WordCounts(settings.pattern);
  for await (const document of trainingDocuments(on, settings, host)) words.add(document);
  const trained = trainBpe(words, {
    pattern: settings.pattern,
    vocabulary: settings.vocab,
    specials: settings.specials,
    minFrequency: settings.minFrequency,
  });
  const size = trained.tokens.split(" ").length;
  if (size < settings.vocab) {
    throw new RuntimeFailure(
      "tokenizer/vocabulary",
      `the text of \`${on.name}\` gives \`${name}\` only ${size} tokens, and ${settings.vocab} are declared`,
      `declare \`vocab: ${size}\`, or train it on more text`,
    );
  }
  await keepTokenizer(path, trained);
  return trained;
}

/** The length goes first, so that where documents end matters. */
function addTo(hash: Hash, document: Uint8Array): void {
  hash.update(`${document.length} `).update(document);
}

/** Texts with their names: whole files, or the documents that curation left. */
async function* textsOf(data: DataText, host: Host): AsyncGenerator<TextFile> {
  const { spec } = await preparedData(data, host);
  for (const source of withEndings(spec.sources, [])) {
    for await (const file of readSource(source, host.cwd)) {
      if (source.format === undefined) yield file;
      else for (const { whole } of documentsOf(file, source)) yield { name: file.name, bytes: whole };
    }
  }
}

/** Documents without the separators that have a token of their own. */
async function* trainingDocuments(data: DataText, { specials }: BpeSettings, host: Host): AsyncGenerator<Uint8Array> {
  const { spec } = await preparedData(data, host);
  for (const source of withEndings(spec.sources, specials)) {
    const apart = source.separator !== undefined && specials.includes(source.separator);
    for await (const file of readSource(source, host.cwd))
      for (const { body, whole } of documentsOf(file, source)) yield apart ? body : whole;
  }
}

function noText(text: DataText): RuntimeFailure {
  return new RuntimeFailure(
    "data/empty",
    `\`${text.name}\` has no text`,
    "its files are empty, or curation leaves nothing of them: `llmc data` tells",
  );
}
