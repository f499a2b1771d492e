/** @file How often each word occurs in a text: all that training a byte-pair tokenizer needs to know of it. */
import { grown } from "../../runtime/data/bpe/grown.ts";
import { scanners } from "../../runtime/data/bpe/patterns.ts";
import type { PatternName } from "../../runtime/data/tokenizer/tokenizer.ts";
import { WordTable } from "../../runtime/data/bpe/word-table.ts";

export class WordCounts {
  readonly words = new WordTable();
  /** Exact up to 2^53. */
  counts = new Float64Array(1 << 12);
  readonly #scan: (typeof scanners)[PatternName];

  constructor(pattern: PatternName) {
    this.#scan = scanners[pattern];
  }

  /** Counts the words of a document. No word goes on from one document to the next. */
  add(document: Uint8Array): void {
    const end = document.length;
    for (let at = 0; at < end;) {
      const after = this.#scan(document, at, end);
      const word = this.words.add(document, at, after);
      this.counts = grown(this.counts, word + 1);
      this.counts[word] = (this.counts[word] as number) + 1;
      at = after;
    }
  }
}
