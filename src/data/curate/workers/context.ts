/** @file What a run of curation has at hand, and what is said of the files it reads. */
import { RuntimeFailure } from "../../../runtime/util/failure.ts";
import type { Damage } from "../../read/stream/item.ts";
import type { FilesToRead } from "../../steps/plan.ts";
import type { Pool } from "./pool.ts";
import type { Store } from "../shards/store.ts";

export interface Progress {
  /** What is being done, by the names of the steps. */
  readonly step: string;
  /** What `documents` counts, where it is something else. */
  readonly unit?: "files";
  /** Of what was done in this run; what was done before is not said again. */
  readonly documents: number;
  readonly bytes: number;
}

export interface Context {
  readonly store: Store;
  /** Where relative paths start. */
  readonly folder: string;
  readonly pool: Pool;
  readonly progress: (progress: Progress) => void;
  readonly signal: AbortSignal | undefined;
}

/** What makes the same files give other documents. */
export const readingOf = ({ format, field, id, separator, delimiter, quoting, damaged }: FilesToRead): unknown => ({
  version: 3,
  format,
  field,
  id,
  separator,
  delimiter,
  quoting,
  damaged,
});

export function damageFailure(file: string, { at, message, help }: Damage): RuntimeFailure {
  const skip = "or skip what is damaged: `damaged: skip`";
  return new RuntimeFailure(
    "data/damaged",
    `${file}${at === undefined ? "" : `, ${at}`}: ${message}`,
    help === undefined ? skip.slice(3) : `${help}; ${skip}`,
  );
}
