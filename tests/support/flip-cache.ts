/** @file A small cache with all that commands keep, and a bit of it that flips: whoever reads it must notice, and everything must be as it was afterwards. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { keepTokenizer, keptTokenizer } from "../../src/cli/tokenizer/kept-tokenizer.ts";
import { countTokens } from "../../src/data/curate/count-tokens.ts";
import { curate } from "../../src/data/curate/curate.ts";
import { CacheDamage, forget } from "../../src/data/curate/shards/damage.ts";
import type { CurationPlan, FilesToRead } from "../../src/data/steps/plan.ts";
import { contentOf } from "../../src/data/curate/shards/store.ts";
import { libraryOf } from "../../src/runtime/cpu/build.ts";
import { findCompiler, type Compiler } from "../../src/runtime/cpu/compiler.ts";
import type { TokenizerData } from "../../src/runtime/data/tokenizer/tokenizer.ts";
import { cacheFolder } from "../../src/runtime/files/cache-folder.ts";
import { madeUpText } from "./made-up-text.ts";

export interface CacheUnderTest {
  /** Flips the bit that a number chooses. Says what went wrong, if anything did. */
  readonly flip: (seed: number) => Promise<string | undefined>;
}

const tokenizer: TokenizerData = { kind: "characters", characters: "abcdefgh" };
const source = '__attribute__((visibility("default"))) int answer(void) { return 42; }\n';

const lines = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, i) => JSON.stringify({ text: madeUpText(from + i) })).join("\n");
const filesToRead = (patterns: readonly string[]): FilesToRead => ({
  patterns,
  format: "auto",
  field: "text",
  damaged: "error",
});

/** `folder` is empty, and the cache lies in it: `XDG_CACHE_HOME` names it. */
export async function cacheToFlip(folder: string): Promise<CacheUnderTest> {
  writeFileSync(join(folder, "a.jsonl"), lines(0, 120));
  writeFileSync(join(folder, "bad.jsonl"), lines(120, 180));
  const plan: CurationPlan = {
    name: "corpus",
    sources: [{ name: "a", kind: "files", files: filesToRead(["a.jsonl"]) }],
    steps: [
      { name: "copies", kind: "exact_duplicates" },
      { name: "personal", kind: "redact", options: {} },
      { name: "likes", kind: "near_duplicates", options: {} },
      { name: "lines", kind: "duplicate_lines", options: {} },
      {
        name: "clean",
        kind: "decontaminate",
        options: {},
        against: [{ name: "bad", files: filesToRead(["bad.jsonl"]) }],
      },
    ],
  };
  const compiler: Compiler | undefined = await findCompiler().catch(() => undefined);
  const cache = await cacheFolder();
  const kept = join(cache, "tokenizers/made.json");
  let said: string[] = [];
  const use = async (): Promise<string> => {
    const options = { folder, cache, workers: 1, notice: (text: string) => void said.push(text) };
    const curated = await curate(plan, options);
    const counted = await countTokens(curated, { kind: "bytes" }, options);
    if ((await keptTokenizer(kept, options.notice)) === undefined) await keepTokenizer(kept, tokenizer);
    if (compiler !== undefined) await libraryOf(new Map([["answer.c", source]]), compiler);
    return JSON.stringify([
      counted,
      readdirSync(curated.folder)
        .toSorted()
        .map((name) => readFileSync(join(curated.folder, name), "utf8")),
      await keptTokenizer(kept, options.notice),
    ]);
  };
  mkdirSync(join(cache, "tokenizers"), { recursive: true });
  const good = await use();
  const all = (): readonly string[] =>
    readdirSync(cache, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(cache, join(entry.parentPath, entry.name)))
      .toSorted();
  return {
    flip: async (seed) => {
      const files = all();
      const random = generator(seed);
      const file = files[Math.floor(random() * files.length)] ?? "";
      const path = join(cache, file);
      const bytes = readFileSync(path);
      if (bytes.length === 0) return undefined;
      const bit = Math.floor(random() * 8 * bytes.length);
      bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      writeFileSync(path, bytes);
      said = [];
      const log = process.stderr.write.bind(process.stderr);
      // Of libraries it is said on standard error.
      process.stderr.write = ((text: string) => (said.push(text), true)) as typeof process.stderr.write;
      try {
        if ((await use()) !== good) return `${file}, bit ${bit}: the result is another`;
        const noticed =
          said.length > 0 ||
          (await noticedByReading(cache, path)) ||
          (file.startsWith("files/") && !readFileSync(path).equals(bytes));
        return noticed ? undefined : `${file}, bit ${bit}: nobody noticed`;
      } catch (error) {
        return `${file}, bit ${bit}: ${String(error)}`;
      } finally {
        process.stderr.write = log;
      }
    },
  };
}

/** What no command needs as long as what was made of it is there is looked at when it is read. */
async function noticedByReading(cache: string, path: string): Promise<boolean> {
  try {
    await contentOf(path.replace(/\.sum$/, ""));
    return false;
  } catch (error) {
    if (!(error instanceof CacheDamage)) throw error;
    await forget(cache, path);
    return true;
  }
}

/** Numbers from 0 to 1 (mulberry32). */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
