/** @file What curation says of itself: what went into every step and came out, and why. Equal inputs give equal manifests, to the byte. */

export interface Manifest {
  readonly version: 1;
  readonly name: string;
  /** The name of the result: a hash of the plan, of the files' contents and of the steps' versions. */
  readonly hash: string;
  readonly sources: readonly ManifestSource[];
  readonly steps: readonly ManifestStep[];
  readonly out: Amount;
  /** Of a sample: how many documents were asked for, of how many. All else is then of the sample. */
  readonly sample?: { readonly asked: number; readonly of: number; readonly estimated: boolean };
  /** Of the documents that are left: how many have from 2^i to 2^(i+1) - 1 bytes, and the same in tokens once they were counted. */
  readonly lengths: { readonly bytes: readonly number[]; readonly tokens?: readonly number[] };
}

/** Bytes of UTF-8. Tokens are there where the tokenizer is known before curation. */
export interface Amount {
  readonly documents: number;
  readonly bytes: number;
  readonly tokens?: number;
}

export interface ManifestSource {
  readonly name: string;
  readonly licence?: string;
  readonly provenance?: string;
  readonly files: readonly { readonly name: string; readonly bytes: number; readonly sha256?: string }[];
  readonly in: Amount;
  readonly out: Amount;
  /** What could not be read, by reason. */
  readonly skipped: Readonly<Record<string, { readonly count: number; readonly examples: readonly string[] }>>;
  /** The manifest of the declaration this source is. */
  readonly from?: Manifest;
}

export interface ManifestStep {
  readonly name: string;
  readonly kind: string;
  readonly in: Amount;
  readonly out: Amount;
  /** By reason, with some of the documents. */
  readonly dropped: Readonly<
    Record<string, { readonly count: number; readonly bytes: number; readonly examples: readonly Example[] }>
  >;
  /** Edits by kind: `email`, `line`, … */
  readonly edits: Readonly<Record<string, number>>;
  /** Duplicates, the largest clusters first. */
  readonly clusters: readonly { readonly size: number; readonly documents: readonly Example[] }[];
  /** Facts of a step of its own, such as a classifier's accuracy on documents held out. */
  readonly facts: Readonly<Record<string, number>>;
}

export interface Example {
  readonly id: string;
  /** How the text begins. */
  readonly text: string;
  readonly detail?: string;
}
