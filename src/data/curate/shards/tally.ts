/** @file What is counted of a shard, and of shards together. Shards are added in their order, so that who made them when does not matter. */
import { sumSeen, type SeenFields } from "./seen-fields.ts";
import type { Example, ManifestSource, ManifestStep } from "./manifest.ts";

export interface Size {
  documents: number;
  bytes: number;
}
type Skipped = ManifestSource["skipped"];
type Dropped = ManifestStep["dropped"];

export interface StepTally {
  readonly in: Size;
  readonly out: Size;
  readonly dropped: Dropped;
  readonly edits: Readonly<Record<string, number>>;
  /** Of a step that looks at other fields than the text. */
  readonly seen?: SeenFields;
}

export interface Tally extends Readonly<Size> {
  /** Documents by length, as in a manifest. */
  readonly lengths: readonly number[];
  /** Of the steps that made the shard. */
  readonly steps: readonly StepTally[];
  readonly skipped: Skipped;
}

/** How many examples of a reason a manifest shows. */
export const shown = 3;

/** Characters of an example in the cache: more than are shown, so that what must be hidden is found whole. */
const beginning = 1000;

/** An example for the cache, where texts are as they are. */
export function exampleOf(id: string, text: string, detail?: string): Example {
  return { id, text: text.slice(0, beginning), ...(detail === undefined ? {} : { detail }) };
}

/** Characters of an example as it is shown. */
const shownCharacters = 120;

export function cutExample(example: Example): Example {
  return { ...example, text: cutText(example.text, shownCharacters) };
}

/** The beginning of a text, without half of a character at its end. */
export const cutText = (text: string, characters: number): string =>
  text.length > characters ? `${text.slice(0, characters).replace(/[\ud800-\udbff]$/, "")}…` : text;

const noSize = (): Size => ({ documents: 0, bytes: 0 });

export function count(lengths: number[], length: number): void {
  const place = length < 2 ? 0 : 31 - Math.clz32(length);
  while (lengths.length <= place) lengths.push(0);
  lengths[place] = (lengths[place] ?? 0) + 1;
}

export const sumSizes = (sizes: readonly Readonly<Size>[]): Size => ({
  documents: sizes.reduce((sum, { documents }) => sum + documents, 0),
  bytes: sizes.reduce((sum, { bytes }) => sum + bytes, 0),
});

export const sumLengths = (all: readonly (readonly number[])[]): readonly number[] =>
  Array.from({ length: Math.max(0, ...all.map(({ length }) => length)) }, (_, i) =>
    all.reduce((sum, lengths) => sum + (lengths[i] ?? 0), 0),
  );

export const sumSteps = (steps: readonly StepTally[]): StepTally => ({
  ...withSeen(steps.flatMap(({ seen }) => (seen === undefined ? [] : [seen]))),
  in: sumSizes(steps.map((step) => step.in)),
  out: sumSizes(steps.map((step) => step.out)),
  dropped: merged(
    steps.map((step) => step.dropped),
    (all) => ({
      count: all.reduce((sum, { count: n }) => sum + n, 0),
      bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
      examples: all.flatMap(({ examples }) => examples).slice(0, shown),
    }),
  ),
  edits: merged(
    steps.map((step) => step.edits),
    (all) => all.reduce((sum, n) => sum + n, 0),
  ),
});

export const sumSkipped = (all: readonly Skipped[]): Skipped =>
  merged(all, (of) => ({
    count: of.reduce((sum, { count: n }) => sum + n, 0),
    examples: of.flatMap(({ examples }) => examples).slice(0, shown),
  }));

/** Records with what they hold under the same name together, by name. */
function merged<T>(
  records: readonly Readonly<Record<string, T>>[],
  join: (values: readonly T[]) => T,
): Readonly<Record<string, T>> {
  const names = [...new Set(records.flatMap((record) => Object.keys(record)))].toSorted();
  return Object.fromEntries(
    names.map((name) => [
      name,
      join(records.flatMap((record) => (Object.hasOwn(record, name) ? [record[name] as T] : []))),
    ]),
  );
}

const withSeen = (all: readonly SeenFields[]): Pick<StepTally, "seen"> =>
  all.length === 0 ? {} : { seen: sumSeen(all) };

/** Counts of one step while a shard goes through it. */
export class StepCounter {
  readonly in = noSize();
  readonly out = noSize();
  private readonly dropped: Record<string, { count: number; bytes: number; readonly examples: Example[] }> = {};
  private readonly edits: Record<string, number> = {};

  enter(bytes: number): void {
    this.in.documents++;
    this.in.bytes += bytes;
  }
  keep(bytes: number, counts: Readonly<Record<string, number>> = {}, copies = 1): void {
    this.out.documents += copies;
    this.out.bytes += copies * bytes;
    for (const [kind, n] of Object.entries(counts)) this.edits[kind] = (this.edits[kind] ?? 0) + n;
  }
  drop(reason: string, bytes: number, example: () => Example): void {
    const of = (this.dropped[reason] ??= { count: 0, bytes: 0, examples: [] });
    of.count++;
    of.bytes += bytes;
    if (of.examples.length < shown) of.examples.push(example());
  }
  tally(seen?: SeenFields): StepTally {
    return sumSteps([
      { in: this.in, out: this.out, dropped: this.dropped, edits: this.edits, ...(seen === undefined ? {} : { seen }) },
    ]);
  }
}
