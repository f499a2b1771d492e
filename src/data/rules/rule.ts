/** @file What a curation step is to the engine that runs it: a verdict on one document, or a decision over all of them. */
import type { Keys, KeyShape } from "./keys.ts";

/** What a per-document step decides. `reason` is a stable slug such as `gopher_short_doc`; `counts` counts edits by kind (e.g. `email: 3`, `line: 12`). */
export type Verdict =
  /** `copies`: how many times the document stays, of the last step of a pass. */
  | {
      readonly kind: "keep";
      readonly text: string;
      readonly counts?: Readonly<Record<string, number>>;
      readonly copies?: number;
    }
  | { readonly kind: "drop"; readonly reason: string; readonly detail?: string };

/** A step that looks at one document alone. Pure: the same text, id and other fields give the same verdict. `id` keys replacements; `metadata` is a JSON object of the other fields. */
export type DocumentRule = (text: string, id: string, metadata?: string) => Verdict;

/** A step that looks at all documents: first a small record of each (in workers), then one decision over all records in the order of documents, then an edit (in workers). */
export interface CorpusRule {
  readonly record: (text: string, id: string) => Uint8Array;
  readonly decide: (
    records: AsyncIterable<{ readonly index: number; readonly record: Uint8Array }>,
  ) => Promise<Decisions>;
}

/** A step that drops documents with keys that others have. */
export interface DuplicateDocumentsRule {
  readonly shape: KeyShape;
  /** Hashes of what is compared in a document, one after the other (in workers). */
  readonly keys: (text: string) => Uint8Array;
  readonly decide: (keys: Keys) => Promise<Decisions>;
}

/** A step that cuts what repeats something. Keys are compared in rounds; what those before found is known to a round, and in the end, when the text is cut (in workers). */
export interface DuplicateUnitsRule {
  readonly shape: KeyShape;
  readonly rounds: readonly {
    /** What is found: keys that occurred before, or all that occur more than once. */
    readonly finds: "later" | "all";
    readonly keys: (text: string, found: readonly WasFound[]) => Uint8Array;
  }[];
  readonly cut: (text: string, found: readonly WasFound[]) => Decision | undefined;
}
/** Whether the next key of a round was found: asked once for each key of each document, in their order. */
export type WasFound = () => boolean;

/** What happens to a document: it is dropped for a reason, as it repeats another one perhaps, or cut: [start, end) ranges of its text (UTF-16 offsets) go. */
export type Decision =
  | { readonly kind: "drop"; readonly reason: string; readonly of?: number }
  | { readonly kind: "cut"; readonly reason: string; readonly ranges: readonly (readonly [number, number])[] };

export interface Decisions {
  readonly of: (index: number) => Decision | undefined;
  /** Some of the sets of duplicates, the largest first. */
  readonly clusters: readonly Cluster[];
}
export interface Cluster {
  readonly size: number;
  /** The first of the documents. */
  readonly first: readonly number[];
}
