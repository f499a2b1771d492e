/** @file Contenders that take turns, so that a slow moment of the machine hits all alike, and what their times say. */

export interface Contender {
  readonly name: string;
  /** What was found out when it was opened: `10770816 parameters`. */
  readonly about: string;
  /** Seconds of one sample. */
  readonly sample: () => Promise<number>;
  readonly close: () => void | Promise<void>;
}

/** A contender, or why it does not take part. */
export type Entry = Contender | { readonly name: string; readonly absent: string };

export interface Timing {
  readonly name: string;
  readonly median: number;
  readonly best: number;
  readonly samples: readonly number[];
}

export interface Patience {
  readonly rounds: number;
  /** Stops after so many seconds, but never before three rounds. */
  readonly seconds: number;
}

const fewestRounds = 3;

/** Times of every contender, in their order. A first round that does not count warms up. */
export async function interleave(
  contenders: readonly Contender[],
  { rounds, seconds }: Patience,
): Promise<readonly Timing[]> {
  for (const contender of contenders) await contender.sample();
  const times = contenders.map((): number[] => []);
  const start = performance.now();
  for (let round = 0; round < rounds && (round < fewestRounds || performance.now() - start < seconds * 1000); round++) {
    for (const [i, contender] of contenders.entries()) times[i]?.push(await contender.sample());
  }
  return contenders.map(({ name }, i) => timing(name, times[i] ?? []));
}

export function timing(name: string, samples: readonly number[]): Timing {
  const sorted = samples.toSorted((a, b) => a - b);
  return { name, samples, median: sorted[sorted.length >> 1] ?? NaN, best: sorted[0] ?? NaN };
}

/** Seconds that some work takes. */
export async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}
