/** @file Times of something that is run several times, in seconds. */

async function timesOf(runs: number, run: () => Promise<unknown>): Promise<readonly number[]> {
  const times: number[] = [];
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    await run();
    times.push((performance.now() - start) / 1000);
  }
  return times.toSorted((a, b) => a - b);
}

export const bestOf = async (runs: number, run: () => Promise<unknown>): Promise<number> =>
  (await timesOf(runs, run))[0] ?? NaN;

export const medianOf = async (runs: number, run: () => Promise<unknown>): Promise<number> =>
  (await timesOf(runs, run))[runs >> 1] ?? NaN;
