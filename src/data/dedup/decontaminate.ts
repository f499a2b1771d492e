/**
 * @file Documents that share runs of words with texts to be tested on go: 13 words of simplified text (GPT-3, appendix C, and The Pile;
 * datatrove's filter has 12). Memory: 16 to 32 bytes a word of the tests.
 */
import { createRunHasher } from "./run-hashes.ts";
import { SeenHashes } from "./hash64.ts";
import { simplify } from "../text/simplify.ts";
import { wordsBy, type WordKind } from "../text/words.ts";
import { bytesOf } from "../wasm/kernels.ts";
import type { DocumentRule } from "../rules/rule.ts";

export interface DecontaminateOptions {
  readonly words: WordKind;
  /** Words in a run. A test shorter than that has no run, and is not looked for. */
  readonly ngram: number;
  /** How many runs may be shared. */
  readonly allowed: number;
}
export const decontaminateDefaults: DecontaminateOptions = { words: "auto", ngram: 13, allowed: 0 };

/** A text to be tested on, one of those of a declared test. */
export interface TestText {
  readonly test: string;
  readonly text: string;
}

/** Tells whether a text has as many words as a run, so that it can be looked for. */
export function isLongEnough(options: Partial<DecontaminateOptions>): (text: string) => boolean {
  const { words, ngram } = { ...decontaminateDefaults, ...options };
  return (text) => wordsBy(words)(simplify(text)).length >= ngram;
}

export function decontaminate(texts: Iterable<TestText>, options: Partial<DecontaminateOptions> = {}): DocumentRule {
  const { words: kind, ngram, allowed } = { ...decontaminateDefaults, ...options };
  const hasher = createRunHasher({ words: kind, ngram, hash: "xxhash", reserved: 0 });
  const known = new SeenHashes();
  const hashesOf = (text: string): Int32Array => {
    const { at, runs } = hasher.hash(text);
    return new Int32Array(bytesOf(hasher.kernels.memory, 0).buffer, at, 2 * runs);
  };
  const names: string[] = [];
  for (const { test, text } of texts) {
    const hashes = hashesOf(text);
    for (let i = 0; i < hashes.length; i += 2) known.add(hashes[i] ?? 0, hashes[i + 1] ?? 0, names.length);
    names.push(test);
  }
  return (text) => {
    const hashes = hashesOf(text);
    let shared = 0;
    let first: { readonly run: number; readonly text: number } | undefined;
    for (let i = 0; i < hashes.length; i += 2) {
      const of = known.find(hashes[i] ?? 0, hashes[i + 1] ?? 0);
      if (of < 0) continue;
      shared++;
      first ??= { run: i / 2, text: of };
    }
    if (shared <= allowed || first === undefined) return { kind: "keep", text };
    const words = wordsBy(kind)(simplify(text))
      .slice(first.run, first.run + ngram)
      .join(" ");
    const test = names[first.text] ?? "";
    return {
      kind: "drop",
      reason: "contaminated",
      detail: `${shared} ${shared === 1 ? "run" : "runs"} of ${ngram} words; with text ${first.text - names.indexOf(test) + 1} of ${test}: “${words}”`,
    };
  };
}
