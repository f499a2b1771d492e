/** @file What a survey collects of one step: of each source some documents that it dropped, by reason, some that it edited and some that it kept, and what it measures. */
import { changedPart, diffOf, type ChangedPart, type DiffPiece } from "../text/diff.ts";
import { keyedHash } from "../text/keyed.ts";
import type { Followed } from "./follow.ts";
import { histogramOf, type Histogram } from "./histogram.ts";
import type { Measured } from "./measures.ts";
import type { Hiding } from "../curate/redactions.ts";
import type { Dropped } from "../curate/shards/shards.ts";
import { cutText } from "../curate/shards/tally.ts";

export interface ShownDocument {
  readonly source: string;
  readonly id: string;
  readonly text: string;
  readonly reason?: string;
  readonly detail?: string;
}
export interface ShownEdit {
  readonly source: string;
  readonly id: string;
  readonly pieces: readonly DiffPiece[];
}
export interface ShownSample {
  readonly dropped: readonly ShownDocument[];
  readonly edited: readonly ShownEdit[];
  readonly kept: readonly ShownDocument[];
  readonly measures: readonly Histogram[];
}

/** Of a source: so many of each reason, so many that were edited and that were kept; and of a step in all. */
const ofSource = { dropped: 2, edited: 2, kept: 1 } as const;
const ofStep = { dropped: 24, edited: 8, kept: 8 } as const;

/** Characters of a text that are shown, and in which personal data are looked for before. */
const shown = 500;
const lookedAt = 2000;

interface Ranked<T> {
  readonly rank: number;
  readonly value: T;
}

/** The values of lowest rank of each group. */
class Sample<T> {
  private readonly groups = new Map<string, Ranked<T>[]>();
  private readonly ofGroup: number;

  constructor(ofGroup: number) {
    this.ofGroup = ofGroup;
  }
  offer(group: string, rank: number, value: () => T): void {
    const taken = this.groups.get(group) ?? [];
    // A copy of a document that is there.
    if (taken.some((one) => one.rank === rank)) return;
    if (taken.length === this.ofGroup && rank >= (taken.at(-1)?.rank ?? 0)) return;
    this.groups.set(
      group,
      [...taken, { rank, value: value() }].toSorted((a, b) => a.rank - b.rank).slice(0, this.ofGroup),
    );
  }
  /** So many of the lowest rank, but the first of every group before the second of any. */
  most(count: number): readonly T[] {
    const all = [...this.groups.values()].flatMap((group) => group.map((one, place) => ({ ...one, place })));
    return all
      .toSorted((a, b) => a.place - b.place || a.rank - b.rank)
      .slice(0, count)
      .map(({ value }) => value);
  }
}

export class StepSample {
  private readonly step: string;
  private readonly hide: Hiding;
  private readonly mask: (text: string) => string;
  private readonly measured: Measured | undefined;
  private readonly values: number[][];
  private readonly dropped = new Sample<ShownDocument & { readonly of?: number }>(ofSource.dropped);
  private readonly edited = new Sample<Omit<ShownEdit, "pieces"> & { readonly part: ChangedPart }>(ofSource.edited);
  private readonly kept = new Sample<ShownDocument>(ofSource.kept);

  /** `hide` does what redactions after the step do; `mask` hides what the step itself replaces, in the text before it. */
  constructor(step: string, hide: Hiding, mask: (text: string) => string, measured: Measured | undefined) {
    [this.step, this.hide, this.mask, this.measured] = [step, hide, mask, measured];
    this.values = measured?.measures.map(() => []) ?? [];
  }

  measure(text: string): void {
    for (const [i, value] of this.measured?.of(text).entries() ?? []) this.values[i]?.push(value);
  }
  drop(document: Followed, text: string, { reason, detail, of }: Dropped): void {
    this.dropped.offer(`${document.source}\0${reason}`, this.rankOf(document), () => ({
      ...this.document(document, text),
      reason,
      ...(detail === undefined ? {} : { detail: this.hide.said(detail, document.id) }),
      ...(of === undefined ? {} : { of }),
    }));
  }
  edit(document: Followed, before: string, after: string): void {
    this.edited.offer(document.source, this.rankOf(document), () => ({
      ...this.named(document),
      part: changedPart(this.hide.text(this.mask(before), document.id), this.hide.text(after, document.id)),
    }));
  }
  keep(document: Followed, text: string): void {
    this.kept.offer(document.source, this.rankOf(document), () => this.document(document, text));
  }

  /** Numbers of the documents that those repeat that are shown. */
  get repeated(): readonly number[] {
    return this.dropped.most(ofStep.dropped).flatMap(({ of }) => of ?? []);
  }
  /** `names` are the ids of those. */
  shown(names: ReadonlyMap<number, string> | undefined): ShownSample {
    return {
      dropped: this.dropped.most(ofStep.dropped).map(({ of, ...document }) => {
        const name = of === undefined ? undefined : names?.get(of);
        return name === undefined ? document : { ...document, detail: `repeats ${this.hide.said(name, name)}` };
      }),
      edited: this.edited.most(ofStep.edited).map(({ part, ...named }) => ({ ...named, pieces: diffOf(part) })),
      kept: this.kept.most(ofStep.kept),
      measures: this.measured?.measures.flatMap((measure, i) => histogramOf(measure, this.values[i] ?? []) ?? []) ?? [],
    };
  }

  /** Drawn by the id, differently for every step. */
  private rankOf({ id }: Followed): number {
    return keyedHash(id, this.step);
  }
  private named({ source, id }: Followed): { readonly source: string; readonly id: string } {
    return { source, id: cutText(this.hide.said(id, id), 200) };
  }
  private document(document: Followed, text: string): ShownDocument {
    return { ...this.named(document), text: cutText(this.hide.text(text.slice(0, lookedAt), document.id), shown) };
  }
}
