/** @file What a curation step is to the engine that runs it: a verdict on one document, or a decision over all of them. */

/** What a per-document step decides. `reason` is a stable slug such as `gopher_short_doc`; `counts` counts edits by kind (e.g. `email: 3`, `line: 12`). */
export type Verdict =
  | { readonly kind: "keep"; readonly text: string; readonly counts?: Readonly<Record<string, number>> }
  | { readonly kind: "drop"; readonly reason: string; readonly detail?: string };

/** A step that looks at one document alone. Pure: the same text and id give the same verdict. `id` keys replacements. */
export type DocumentRule = (text: string, id: string) => Verdict;

/** A step that looks at all documents: first a fixed-size or small record per document (in workers), then one decision over all records in document order (spilling is the engine's), then an edit. */
export interface CorpusRule {
  /** The record of a document: bytes the engine stores, sorted by document order, streamed back to `decide`. */
  readonly record: (text: string, id: string) => Uint8Array;
  /** Reads all records in order; bounded memory (≤ ~60 bytes a document/line/signature beyond its input), says which documents go or what is cut. */
  readonly decide: (records: AsyncIterable<{ readonly index: number; readonly record: Uint8Array }>) => Promise<Decisions>;
}

export interface Decisions {
  /** What happens to a document: nothing (undefined), dropped with a reason and (for near-duplicates) the document it repeats, or cut: [start, end) ranges of its text (UTF-16 offsets) that go. */
  readonly of: (index: number) => { readonly kind: "drop"; readonly reason: string; readonly of?: number } | { readonly kind: "cut"; readonly reason: string; readonly ranges: readonly (readonly [number, number])[] } | undefined;
  /** For reports: duplicate clusters, the largest first (at most a hundred), each a list of document indices. */
  readonly clusters: readonly (readonly number[])[];
}
