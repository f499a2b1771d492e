/**
 * @file Lists what redaction finds in text files, for a person to judge: `node scripts/run.mjs scripts/data/list-redactions.ts FOLDER`.
 * Counts by kind; then, of each kind, what a second look does not confirm, with the text around it: addresses that the usual pattern
 * does not find, and all numbers, which nothing but a reader can confirm.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { globSync } from "tinyglobby";
import { findPersonalData } from "../../src/data/redact/redact.ts";

const folder = process.argv[2];
if (folder === undefined) {
  console.error("usage: node scripts/run.mjs scripts/data/list-redactions.ts FOLDER [how many of each kind]");
  process.exit(2);
}
const shown = Number(process.argv[3] ?? 40);
const usual = /^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}$/;
const counts = new Map<string, number>();
const doubtful = new Map<string, Map<string, string>>();
for (const path of globSync("**/*.txt", { cwd: folder }).toSorted()) {
  const text = readFileSync(join(folder, path), "utf8");
  for (const { kind, start, end } of findPersonalData(text)) {
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
    const found = text.slice(start, end);
    if (kind === "email" && usual.test(found)) continue;
    const seen = doubtful.get(kind) ?? new Map<string, string>();
    if (!seen.has(found)) seen.set(found, text.slice(Math.max(0, start - 30), end + 15).replace(/\s+/g, " "));
    doubtful.set(kind, seen);
  }
}
for (const [kind, count] of counts) {
  const seen = doubtful.get(kind) ?? new Map<string, string>();
  console.log(`${kind}: ${count} found, ${seen.size} different ones to judge`);
  for (const [found, around] of [...seen].slice(0, shown)) console.log(`  ${found}    … ${around} …`);
}
