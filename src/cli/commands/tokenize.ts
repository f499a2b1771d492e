/** @file `llmc tokenize`: text to tokens and back, and where one ends and the next begins. */
import { resolve } from "node:path";
import type { Tokenizer } from "../../runtime/data/tokenizer/tokenizer.ts";
import type { Command, Input } from "../frame/command.ts";
import { withFailures } from "../frame/failures.ts";
import type { ExitCode, Host } from "../frame/host.ts";
import { plural, shown } from "../frame/report.ts";

export const tokenize: Command = {
  name: "tokenize",
  summary: "text to tokens and back, with a model's tokenizer",
  positionals: ["SOURCE", "[TEXT]"],
  options: {
    decode: { type: "boolean", short: "d", help: "TEXT is ids: print the text they stand for" },
    special: { type: "boolean", help: "let the texts of special tokens become those tokens" },
    name: { type: "string", value: "NAME", help: "a tokenizer or data declaration of the file; default: the first" },
    save: { type: "string", value: "FILE", help: "write the tokenizer as a tokenizer.json" },
    json: { type: "boolean", help: "print every token with its id, text and bytes as JSON" },
  },
  examples: [
    'llmc tokenize models/quickstart.llm "Once upon a time"',
    "llmc tokenize tokenizer.json < book.txt > ids.txt",
    "llmc tokenize runs/Tiny --decode < ids.txt",
  ],
  run: (input, host) => withFailures(host, () => runTokenize(input, host)),
};

async function runTokenize(input: Input, host: Host): Promise<ExitCode> {
  const [given = "", text] = input.positionals;
  const { findTokenizer } = await import("../model/find-tokenizer.ts");
  const data = await findTokenizer(given, input.text("name"), host);
  if (!data) return 1;
  const save = input.text("save");
  if (save !== undefined) {
    if (data.kind !== "bpe" && data.kind !== "pipeline")
      throw await failure(
        "usage",
        `a tokenizer of ${data.kind} has no tokenizer.json`,
        "only byte pairs (`bpe`) and what was read from a file have one",
      );
    const { writeTokenizerJson } = await import("../../data/tokenizer/tokenizer-json.ts");
    const { saveText } = await import("../../runtime/files/write-atomically.ts");
    await saveText(resolve(host.cwd, save), writeTokenizerJson(data), {
      what: "a tokenizer.json",
      is: (before) => /^\s*\{[^]*"model"\s*:/.test(before),
    });
    host.err(`wrote ${save}\n`);
    if (text === undefined) {
      host.err(`next: llmc tokenize ${shown(save)} "Once upon a time"\n`);
      return 0;
    }
  }
  const { createTokenizer } = await import("../../runtime/data/tokens.ts");
  const tokenizer = createTokenizer(data);
  const bytes = text === undefined ? await host.input() : new TextEncoder().encode(text);
  const ids = input.flag("decode")
    ? await idsIn(bytes, tokenizer)
    : tokenizer.encode(bytes, text === undefined ? "standard input" : "the text", input.flag("special"));
  if (input.flag("json")) {
    const tokens = Array.from(ids, (id) => ({
      id,
      text: new TextDecoder("utf-8", { ignoreBOM: true }).decode(tokenizer.bytesOf(id)),
      bytes: Array.from(tokenizer.bytesOf(id)),
    }));
    host.out(`${JSON.stringify({ vocabulary: tokenizer.vocabulary, tokens }, undefined, 1)}\n`);
    return 0;
  }
  if (input.flag("decode")) {
    // What was put before the text is none of it.
    const [first = 0] = ids;
    const skips = ids.length > 0 && tokenizer.blankFirst === true && tokenizer.bytesOf(first)[0] === 0x20;
    ids.forEach((id, i) => host.out(tokenizer.bytesOf(id).subarray(skips && i === 0 ? 1 : 0)));
    return 0;
  }
  host.out(`${ids.join(" ")}\n`);
  host.err(
    `${boundaries(tokenizer, ids, host)}\n${plural(ids.length, "token")} of ${plural(bytes.length, "byte")}${ids.length > 0 ? `, ${(bytes.length / ids.length).toFixed(2)} bytes a token` : ""}\n`,
  );
  host.err(
    `next: llmc tokenize ${shown(given)}${input.text("name") === undefined ? "" : ` --name ${input.text("name")}`} --decode "${Array.from(ids.subarray(0, 4)).join(" ")}"\n`,
  );
  return 0;
}

async function failure(code: "usage" | "tokenizer/token", message: string, help: string): Promise<Error> {
  const { RuntimeFailure } = await import("../../runtime/util/failure.ts");
  return new RuntimeFailure(code, message, help);
}

/** Ids as `tokenize` prints them, or as a list of JSON. */
async function idsIn(bytes: Uint8Array, { vocabulary }: Tokenizer): Promise<Uint32Array> {
  const words = new TextDecoder()
    .decode(bytes)
    .split(/[\s,[\]]+/)
    .filter((word) => word !== "");
  const bad = words.find((word) => !/^\d+$/.test(word) || Number(word) >= vocabulary);
  if (bad === undefined) return Uint32Array.from(words, Number);
  const why = /^\d+$/.test(bad)
    ? `there is no token ${bad}: they go up to ${vocabulary - 1}`
    : `\`${bad}\` is not the id of a token`;
  throw await failure(
    "tokenizer/token",
    why,
    "give ids as `llmc tokenize` prints them: whole numbers with blanks between",
  );
}

/** More would only scroll by. */
const mostShown = 1000;

/** The text with its tokens told apart: by colours in turn, else by strokes. */
function boundaries(tokenizer: Tokenizer, ids: Uint8Array | Uint16Array | Uint32Array, { colors }: Host): string {
  const pieces = Array.from(ids.subarray(0, mostShown), (id) => textOf(tokenizer.bytesOf(id)));
  const more = ids.length > mostShown ? ` … and ${ids.length - mostShown} more` : "";
  if (!colors.isColorSupported) return `${pieces.join("|")}${more}`;
  const paints = [colors.bgBlue, colors.bgMagenta, colors.bgCyan] as const;
  return `${pieces.map((piece, i) => colors.black((paints[i % paints.length] as (text: string) => string)(piece))).join("")}${more}`;
}

/** On one line: line breaks and the bytes of cut characters are written as in a string. */
function textOf(bytes: Uint8Array): string {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return text.replace(/\p{Cc}/gu, (control) => JSON.stringify(control).slice(1, -1).replace("\u007f", "\\u007f"));
  } catch {
    return Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
  }
}
