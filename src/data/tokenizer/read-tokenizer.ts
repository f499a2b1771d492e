/** @file A tokenizer from whatever file it is published in, told by its content. */
import type { TokenizerData } from "../../runtime/data/tokenizer/tokenizer.ts";
import { RuntimeFailure } from "../../runtime/util/failure.ts";
import { isRankFile, readRanks, type RankSettings } from "./ranks.ts";
import { readSentencePiece } from "./sentence-piece.ts";
import { readTokenizerJson } from "./tokenizer-json.ts";

export interface TokenizerFile {
  /** As shown in errors. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** The text of another file in the same folder, if it is there. */
  readonly beside: (file: string) => string | undefined;
}

export function readTokenizer({ name, bytes, beside }: TokenizerFile, settings: RankSettings = {}): TokenizerData {
  const start = new TextDecoder().decode(bytes.subarray(0, 256));
  const text = (): string => new TextDecoder().decode(bytes);
  if (isRankFile(start)) return readRanks(text(), name, settings);
  if (settings.pattern !== undefined || settings.specials !== undefined) {
    throw new RuntimeFailure(
      "usage",
      `${name} says itself how text is cut into words and which special tokens there are`,
      "leave out `pattern` and `specials`",
    );
  }
  if (start.startsWith("#version") || name.endsWith("merges.txt")) return readPair(beside("vocab.json"), text(), name);
  if (name.endsWith(".txt")) {
    throw new RuntimeFailure(
      "tokenizer/unsupported",
      `${name} is a list of tokens, and does not say how text is prepared and cut`,
      "name the `tokenizer.json` of the model",
    );
  }
  if (/^\uFEFF?\s*[{[]/.test(start)) return readJson(text().replace(/^\uFEFF/, ""), name, beside);
  if (/\.model(\.\w+)?$/.test(name) || start.startsWith("\n")) return readSentencePiece(bytes, name);
  return readTokenizerJson(text(), name);
}

/** A vocabulary alone, `{ "token": id }`, has its merges in a file beside it. */
function readJson(text: string, name: string, beside: TokenizerFile["beside"]): TokenizerData {
  if (!/"model"\s*:\s*\{/.test(text)) {
    const merges = beside("merges.txt");
    if (merges !== undefined) return readPair(text, merges, name);
  }
  return readTokenizerJson(text, name);
}

/** `vocab.json` and `merges.txt`, as GPT-2 was published. */
function readPair(vocab: string | undefined, merges: string, name: string): TokenizerData {
  if (vocab === undefined)
    throw new RuntimeFailure("data/missing", `beside ${name} there is no \`vocab.json\``, "put both into one folder");
  const lines = merges.split(/\r?\n/).filter((line) => line !== "" && !line.startsWith("#version"));
  const ids = parsed(vocab, name);
  if (Object.keys(ids).some((token) => token.endsWith("</w>"))) {
    throw new RuntimeFailure(
      "tokenizer/unsupported",
      `${name} has tokens that end in \`</w>\`, and does not say how text is prepared`,
      "name the `tokenizer.json` of the model",
    );
  }
  const level = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };
  const special = ids["<|endoftext|>"];
  const added =
    special === undefined
      ? []
      : [
          {
            id: special,
            content: "<|endoftext|>",
            single_word: false,
            lstrip: false,
            rstrip: false,
            normalized: false,
            special: true,
          },
        ];
  return readTokenizerJson(
    JSON.stringify({
      added_tokens: added,
      normalizer: null,
      pre_tokenizer: level,
      decoder: level,
      model: { type: "BPE", vocab: ids, merges: lines },
    }),
    name,
  );
}

function parsed(vocab: string, name: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(vocab);
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return value as Readonly<Record<string, unknown>>;
  } catch {
    // Said below.
  }
  throw new RuntimeFailure(
    "tokenizer/invalid",
    `the vocabulary of ${name} is no list of tokens with their ids`,
    "get the file again",
  );
}
