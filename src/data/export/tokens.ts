/**
 * @file The tokens of what curation left as files of other trainers: nanoGPT's `train.bin` and `val.bin` (tokens of 16 bits, nothing else), and llm.c's (256 numbers of 32
 * bits first: a magic number, a version and the count of tokens; `dev/data/data_common.py`). Each shard is encoded by a worker; the pieces are then put together.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Split } from "../../runtime/data/corpus.ts";
import { type TokenizerData } from "../../runtime/data/tokenizer/tokenizer.ts";
import { createTokenizer } from "../../runtime/data/tokens.ts";
import { RuntimeFailure } from "../../runtime/util/failure.ts";
import { writeTokenizerJson } from "../tokenizer/tokenizer-json.ts";
import { nanogptMeta } from "../write/nanogpt-meta.ts";
import type { Context } from "../curate/workers/context.ts";
import type { Ran } from "../curate/curate.ts";
import { piecePath, type Encoding, type PieceTally } from "../curate/workers/encode-shard.ts";
import { namedShards } from "../curate/result.ts";
import { tallyOf } from "../curate/shards/shards.ts";
import { contentOf, hashOf, putPlain, stored } from "../curate/shards/store.ts";
import { sumSizes, type Tally } from "../curate/shards/tally.ts";

export interface TokenFormat {
  readonly kind: "nanogpt" | "llm.c";
  readonly tokenizer: TokenizerData;
  readonly split: Split;
  /** What training puts behind each document of a source, by its name. */
  readonly separators: Readonly<Record<string, string>>;
  /** The token that tells documents apart, if the tokenizer has one. */
  readonly mark: number | undefined;
}

interface TokenExport {
  readonly files: ReadonlyMap<string, string>;
  readonly tokens: PieceTally;
}

export async function exportTokens(
  ran: Ran,
  exports: string,
  format: TokenFormat,
  context: Context,
): Promise<TokenExport> {
  const folder = join(exports, hashOf(["tokens", 1, format]));
  await mkdir(folder, { recursive: true });
  const bytesPerToken = format.kind === "nanogpt" || createTokenizer(format.tokenizer).vocabulary <= 2 ** 16 ? 2 : 4;
  const pieces = await encoded(ran, folder, bytesPerToken, format, context);
  const tokens = { train: 0, validation: 0 };
  for (const { tally } of pieces) {
    tokens.train += tally.train;
    tokens.validation += tally.validation;
  }
  for (const [part, what] of [
    ["train", "training"],
    ["validation", "validation"],
  ] as const) {
    if (tokens[part] === 0)
      throw new RuntimeFailure(
        "data/empty",
        `no document of \`${ran.plan.name}\` fell to ${what}, and ${nameOf(format)} reads a file of each part`,
        "cut each document near its end with `split { by: position }`, or keep more of them for validation",
      );
  }
  const files = new Map<string, string>();
  for (const { name, part, from, count } of cutsOf(format, tokens)) {
    files.set(name, join(folder, name));
    async function* content(): AsyncGenerator<Uint8Array> {
      if (format.kind === "llm.c") yield llmcHead(count, bytesPerToken);
      yield* tokensOf(pieces, part, from, from + count, bytesPerToken);
    }
    await putPlain(context.store.temporary, join(folder, name), content());
  }
  for (const [name, content] of vocabularyFiles(format)) {
    files.set(name, join(folder, name));
    await putPlain(context.store.temporary, join(folder, name), typeof content === "string" ? content : [content]);
  }
  return { files, tokens };
}

const nameOf = ({ kind }: TokenFormat): string => (kind === "nanogpt" ? "nanoGPT" : kind);

interface Piece {
  readonly path: string;
  readonly tally: PieceTally;
}

/** The tokens of every shard, in order. */
async function encoded(
  ran: Ran,
  folder: string,
  bytesPerToken: 2 | 4,
  format: TokenFormat,
  { pool, store, progress }: Context,
): Promise<readonly Piece[]> {
  const shards = (await namedShards(ran)).map(({ source, shard, name }) => ({
    source,
    shard,
    output: join(folder, name.replace(/jsonl$/, "json")),
  }));
  const missing: (typeof shards)[number][] = [];
  for (const one of shards) if ((await stored<PieceTally>(one.output)) === undefined) missing.push(one);
  const done: Tally[] = [];
  await pool.each(
    missing,
    ({ source, shard, output }) => {
      const mark =
        format.mark === undefined
          ? {}
          : { mark: { id: format.mark, at: format.kind === "llm.c" ? ("start" as const) : ("end" as const) } };
      const encoding: Encoding = {
        bytesPerToken,
        split: format.split,
        separator: format.separators[source] ?? "",
        ...mark,
      };
      return {
        kind: "encode" as const,
        temporary: store.temporary,
        input: shard,
        output,
        tokenizer: format.tokenizer,
        encoding,
      };
    },
    async ({ shard }) => {
      done.push((await tallyOf(shard)) as Tally);
      progress({ step: "encoding", ...sumSizes(done) });
    },
  );
  return Promise.all(
    shards.map(async ({ output }) => ({
      path: piecePath(output),
      tally: (await stored<PieceTally>(output)) as PieceTally,
    })),
  );
}

interface Cut {
  readonly name: string;
  readonly part: keyof PieceTally;
  readonly from: number;
  readonly count: number;
}

/** llm.c's `fineweb.py` writes files of so many tokens; one file may have no more than 2³¹ - 1. */
const mostOfFile = 10 ** 8;

/** The files of both parts: one of each for nanoGPT; for llm.c as many as are needed, of the same length, since each must hold a whole batch. */
function cutsOf({ kind }: TokenFormat, tokens: PieceTally): readonly Cut[] {
  if (kind === "nanogpt")
    return [
      { name: "train.bin", part: "train", from: 0, count: tokens.train },
      { name: "val.bin", part: "validation", from: 0, count: tokens.validation },
    ];
  return (["train", "validation"] as const).flatMap((part) => {
    const files = Math.ceil(tokens[part] / mostOfFile);
    const start = (i: number): number => Math.floor((tokens[part] * i) / files);
    return Array.from({ length: files }, (_, i): Cut => ({
      name: `${part === "train" ? "train" : "val"}_${String(i).padStart(6, "0")}.bin`,
      part,
      from: start(i),
      count: start(i + 1) - start(i),
    }));
  });
}

/** Tokens of 16 bits have the form of its GPT-2, wider ones that of its Llama 3. */
function llmcHead(count: number, bytesPerToken: 2 | 4): Uint8Array {
  const head = Buffer.alloc(4 * 256);
  for (const [i, value] of [...(bytesPerToken === 2 ? [20240520, 1] : [20240801, 7]), count].entries())
    head.writeInt32LE(value, 4 * i);
  return head;
}

/** The bytes of a part's tokens `from` to `to`, of all pieces in a row. */
async function* tokensOf(
  pieces: readonly Piece[],
  part: keyof PieceTally,
  from: number,
  to: number,
  bytesPerToken: 2 | 4,
): AsyncGenerator<Uint8Array> {
  let first = 0;
  for (const { path, tally } of pieces) {
    const [start, end] = [Math.max(from, first) - first, Math.min(to, first + tally[part]) - first];
    first += tally[part];
    if (start >= end) continue;
    const before = part === "train" ? 0 : tally.train;
    yield (await contentOf(path)).subarray(bytesPerToken * (before + start), bytesPerToken * (before + end));
  }
}

/** What turns tokens back into text: a `tokenizer.json`, and nanoGPT's own table. */
function vocabularyFiles({ kind, tokenizer }: TokenFormat): readonly (readonly [string, string | Uint8Array])[] {
  const { vocabulary, bytesOf } = createTokenizer(tokenizer);
  const json =
    tokenizer.kind === "bpe" || tokenizer.kind === "pipeline"
      ? [["tokenizer.json", writeTokenizerJson(tokenizer)] as const]
      : [];
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return kind === "nanogpt"
    ? [...json, ["meta.pkl", nanogptMeta(Array.from({ length: vocabulary }, (_, id) => decoder.decode(bytesOf(id))))]]
    : json;
}
