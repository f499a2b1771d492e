/** @file Which shards a survey reads, and how many documents of each source came through each step. Both are told by what was counted of every shard. */
import { keyedHash } from "../text/keyed.ts";
import type { Ran } from "../curate/curate.ts";
import { bySource } from "../curate/result.ts";
import { tallyOf } from "../curate/shards/shards.ts";
import { sumSizes, type Size, type StepTally, type Tally } from "../curate/shards/tally.ts";

/** Shards that are read: so many in all, and so many more for reasons that occur in none of them. */
const shardsRead = 16;
const shardsForReasons = 16;

export interface SourceAmounts {
  readonly name: string;
  readonly in: Readonly<Size>;
  readonly out: Readonly<Size>;
}

/** A shard of all that the sources have in a row. */
interface Shard extends Readonly<Size> {
  readonly number: number;
  readonly source: string;
  /** Of all steps of the declaration. */
  readonly steps: readonly Pick<StepTally, "in" | "out">[];
  /** Of all steps, with the number of the step before each. */
  readonly reasons: readonly string[];
}

export class SurveyedShards {
  private readonly sources: readonly string[];
  private readonly shards: readonly Shard[];

  private constructor(sources: readonly string[], shards: readonly Shard[]) {
    this.sources = sources;
    this.shards = shards;
  }

  static async of(ran: Ran): Promise<SurveyedShards> {
    const shards: Shard[] = [];
    const read = ran.sources.flatMap((source) => source.shards);
    const sources = bySource(ran, read).flatMap((own, i) => own.map(() => ran.sources[i]?.source.name ?? ""));
    for (const [number, path] of read.entries()) {
      const steps: StepTally[] = [];
      for (const { outputs } of ran.passes) steps.push(...((await tallyOf(outputs[number] ?? ""))?.steps ?? []));
      const { documents, bytes } = (await tallyOf(path)) as Tally;
      const reasons = steps.flatMap(({ dropped }, step) => Object.keys(dropped).map((reason) => `${step} ${reason}`));
      shards.push({
        number,
        source: sources[number] ?? "",
        documents,
        bytes,
        steps: steps.map((step) => ({ in: step.in, out: step.out })),
        reasons,
      });
    }
    return new SurveyedShards(
      ran.sources.map(({ source }) => source.name),
      shards,
    );
  }

  get documents(): number {
    return sumSizes(this.shards).documents;
  }

  /** What of each source went into a step and came out. */
  amounts(step: number): readonly SourceAmounts[] {
    return this.sources.map((name) => {
      const own = this.shards.filter(({ source }) => source === name).flatMap(({ steps }) => steps[step] ?? []);
      return { name, in: sumSizes(own.map((tally) => tally.in)), out: sumSizes(own.map((tally) => tally.out)) };
    });
  }

  /** A sample of all sources in turn, then shards with a reason that none of these has; in the order of documents. */
  chosen(): readonly Shard[] {
    const ranked = this.shards
      .filter(({ documents }) => documents > 0)
      .toSorted((a, b) => rank(a) - rank(b) || a.number - b.number);
    const turn = new Map<string, number>();
    const turns = ranked.map((shard) => {
      const place = turn.get(shard.source) ?? 0;
      turn.set(shard.source, place + 1);
      return { shard, place };
    });
    const chosen = turns
      .toSorted((a, b) => a.place - b.place)
      .slice(0, shardsRead)
      .map(({ shard }) => shard);
    const covered = new Set(chosen.flatMap(({ reasons }) => reasons));
    for (const shard of ranked) {
      if (chosen.length >= shardsRead + shardsForReasons) break;
      if (shard.reasons.every((reason) => covered.has(reason))) continue;
      chosen.push(shard);
      for (const reason of shard.reasons) covered.add(reason);
    }
    return chosen.toSorted((a, b) => a.number - b.number);
  }
}

const rank = ({ number }: Shard): number => keyedHash(String(number), "surveyed");
