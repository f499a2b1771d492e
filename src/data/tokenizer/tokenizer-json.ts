/** @file `tokenizer.json`, the file of Hugging Face's `tokenizers`: written for any byte-pair tokenizer, and read where it is of that family. */
import { bytesOfToken } from "../../runtime/data/bpe/byte-letters.ts";
import { type BpeData, type SpecialToken, bpeParts, isId } from "../../runtime/data/bpe/data.ts";
import { type PatternName, patternNames, regexes } from "../../runtime/data/bpe/patterns.ts";
import { RuntimeFailure } from "../../runtime/failure.ts";

type Json = Readonly<Record<string, unknown>>;

const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };

/** The text of the file. */
export function writeTokenizerJson(data: BpeData): string {
  const tokens = data.tokens.split(" ");
  const added = data.specials.map(({ id, text }) => ({ id, content: text, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true }));
  const split = { type: "Split", pattern: { Regex: regexes[data.pattern] }, behavior: "Isolated", invert: false };
  const vocab = Object.fromEntries([
    ...tokens.flatMap((token, id) => (token === "" ? [] : [[token, id] as const])),
    ...data.specials.map(({ text, id }) => [text, id] as const),
  ].toSorted((a, b) => a[1] - b[1]));
  return `${JSON.stringify({
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: data.normalize === undefined ? null : { type: data.normalize },
    pre_tokenizer: data.pattern === "gpt2" ? byteLevel : { type: "Sequence", pretokenizers: [split, { ...byteLevel, use_regex: false }] },
    post_processor: { ...byteLevel, trim_offsets: false },
    decoder: byteLevel,
    model: {
      type: "BPE", dropout: null, unk_token: null, continuing_subword_prefix: null, end_of_word_suffix: null, fuse_unk: false, byte_fallback: false,
      ignore_merges: data.wholeWords === true, vocab, merges: data.merges === "" ? [] : data.merges.split("\n").map((line) => line.split(" ")),
    },
  }, undefined, 1)}\n`;
}

/** Reads the text of a file; `name` is for errors, which name the part that is not of the family. */
export function readTokenizerJson(text: string, name: string): BpeData {
  const file = new Reader(name);
  const root = file.object(parse(text, name), "the file");
  const model = file.object(root["model"], "model");
  if (model["type"] !== undefined && model["type"] !== "BPE") throw file.unsupported("model", `the model \`${String(model["type"])}\` is none of byte pairs`);
  for (const [part, plain] of [["dropout", 0], ["continuing_subword_prefix", ""], ["end_of_word_suffix", ""], ["byte_fallback", false]] as const) {
    const value = model[part] ?? plain;
    if (value !== plain) throw file.unsupported(`model.${part}`, `\`${part}: ${JSON.stringify(value)}\` changes what bytes become`);
  }
  requireTypes(file, root["post_processor"], "post_processor", "processors", ["ByteLevel", "TemplateProcessing"]);
  requireTypes(file, root["decoder"], "decoder", "decoders", ["ByteLevel"]);
  const normalize = normalizerOf(file, root["normalizer"]);
  const specials = specialsOf(file, root["added_tokens"] ?? []);
  const data: BpeData = {
    kind: "bpe",
    pattern: patternOf(file, root["pre_tokenizer"]),
    tokens: tokensOf(file, model["vocab"], new Set(specials.map(({ id }) => id))),
    merges: mergesOf(file, model["merges"]),
    specials,
    ...(model["ignore_merges"] === true ? { wholeWords: true } : {}),
    ...(normalize === undefined ? {} : { normalize }),
  };
  bpeParts(data);
  return data;
}

function parse(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RuntimeFailure("tokenizer/invalid", `${name} is not JSON: ${error instanceof Error ? error.message : String(error)}`, "name the `tokenizer.json` of a model");
  }
}

class Reader {
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  object(value: unknown, part: string): Json {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw this.invalid(`\`${part}\` is missing or no object`);
    return value as Json;
  }

  list(value: unknown, part: string): readonly unknown[] {
    if (!Array.isArray(value)) throw this.invalid(`\`${part}\` is missing or no list`);
    return value;
  }

  invalid(problem: string): RuntimeFailure {
    return new RuntimeFailure("tokenizer/invalid", `${this.#name} is no tokenizer: ${problem}`, "name the `tokenizer.json` of a model");
  }

  unsupported(part: string, problem: string): RuntimeFailure {
    return new RuntimeFailure("tokenizer/unsupported", `${this.#name}: ${problem} (\`${part}\`)`, "byte-level byte-pair tokenizers can be read, such as those of GPT-2, GPT-4, Llama 3 and Qwen");
  }
}

/** The members of a sequence, or the one thing itself. */
function parts(file: Reader, value: unknown, name: string, members: string): readonly Json[] {
  if (value === null || value === undefined) return [];
  const whole = file.object(value, name);
  if (whole["type"] !== "Sequence") return [whole];
  return file.list(whole[members], `${name}.${members}`).map((part) => file.object(part, `${name}.${members}`));
}

function requireTypes(file: Reader, value: unknown, name: string, members: string, known: readonly string[]): void {
  const strange = parts(file, value, name, members).find((part) => !known.includes(String(part["type"])));
  if (strange) throw file.unsupported(name, `the ${name.replace("_", " ")} \`${String(strange["type"])}\` is not of the byte-level family`);
}

function normalizerOf(file: Reader, value: unknown): "NFC" | undefined {
  const all = parts(file, value, "normalizer", "normalizers");
  const strange = all.find((part) => part["type"] !== "NFC");
  if (strange) throw file.unsupported("normalizer", `the normalizer \`${String(strange["type"])}\` is not known`);
  return all.length > 0 ? "NFC" : undefined;
}

function patternOf(file: Reader, value: unknown): PatternName {
  const all = parts(file, value, "pre_tokenizer", "pretokenizers");
  const level = all.at(-1);
  const strange = all.find((part) => part["type"] !== "ByteLevel" && part["type"] !== "Split");
  if (strange) throw file.unsupported("pre_tokenizer", `the pre-tokenizer \`${String(strange["type"])}\` is not of the byte-level family`);
  if (level?.["type"] !== "ByteLevel") throw file.unsupported("pre_tokenizer", "there is no pre-tokenizer `ByteLevel`");
  if (level["add_prefix_space"] === true) throw file.unsupported("pre_tokenizer.add_prefix_space", "a blank put before every text is not part of the text");
  const [split] = all;
  if (all.length === 1 && level["use_regex"] !== false) return "gpt2";
  if (all.length !== 2 || split?.["type"] !== "Split" || level["use_regex"] === true) throw file.unsupported("pre_tokenizer", "the pre-tokenizers do not cut words once");
  const regex = file.object(split["pattern"], "pre_tokenizer.pattern")["Regex"];
  const isolates = split["behavior"] === "Isolated" && split["invert"] !== true;
  // `Removed`, inverted, keeps what the expression matches: the same where it matches everything, as these do.
  const keeps = split["behavior"] === "Removed" && split["invert"] === true;
  const pattern = patternNames.find((name) => regexes[name] === regex);
  if (pattern === undefined || !(isolates || keeps)) throw file.unsupported("pre_tokenizer", `words are cut by an expression that is none of ${patternNames.join(", ")}`);
  return pattern;
}

function specialsOf(file: Reader, value: unknown): readonly SpecialToken[] {
  return file.list(value, "added_tokens").map((entry) => {
    const token = file.object(entry, "added_tokens");
    const { id, content } = token;
    if (!isId(id) || typeof content !== "string" || content === "") throw file.invalid("an entry of `added_tokens` has no id or no content");
    const strange = ["single_word", "lstrip", "rstrip"].find((flag) => token[flag] === true);
    if (strange !== undefined) throw file.unsupported(`added_tokens.${strange}`, `the token \`${content}\` takes in what stands around it`);
    return { text: content, id };
  }).toSorted((a, b) => a.id - b.id);
}

function tokensOf(file: Reader, value: unknown, special: ReadonlySet<number>): string {
  const tokens: string[] = [];
  for (const [token, id] of Object.entries(file.object(value, "model.vocab"))) {
    if (!isId(id)) throw file.invalid(`the token \`${token}\` has no id`);
    if (special.has(id)) continue;
    if (token === "" || bytesOfToken(token) === undefined) throw file.unsupported("model.vocab", `the token ${JSON.stringify(token)} is not written in letters for bytes`);
    if (tokens[id] !== undefined) throw file.invalid(`\`${tokens[id]}\` and \`${token}\` have the same id ${id}`);
    tokens[id] = token;
  }
  return Array.from(tokens, (token) => token ?? "").join(" ");
}

function mergesOf(file: Reader, value: unknown): string {
  // A pair that is there twice has its last rank.
  const last = new Map<string, number>();
  file.list(value, "model.merges").forEach((entry, rank) => {
    const line = Array.isArray(entry) ? entry.join(" ") : entry;
    if (typeof line !== "string" || line.split(" ").length !== 2) throw file.invalid(`the merge ${JSON.stringify(entry)} does not name two tokens`);
    last.set(line, rank);
  });
  return [...last].toSorted((a, b) => a[1] - b[1]).map(([line]) => line).join("\n");
}
