/**
 * @file Tile sizes of contractions: pure functions of sizes and target, by a small cost model.
 *
 * On the software adapter a lane is one of four SIMD components, and a load is a gather of four addresses that costs about as much as ten multiply-adds, however
 * the addresses lie. So a lane computes a tile as large as registers and a little spilling allow, and loads rows + columns values for rows · columns multiply-adds.
 * Measured on 512³: 4x4 1.8, 8x4 2.7, 8x8 3.4, 16x8 4.7 GFLOP/s.
 */
import { invariant } from "../../util/invariant.ts";
import type { Target } from "../build/lowered.ts";
import { powerOfTwoAbove } from "../build/powers.ts";

export interface TileSizes {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly accumulators: number;
}

/** The part of the output that one lane computes, and the lanes of a workgroup along m and n. */
export interface RegisterTile {
  readonly rows: number;
  readonly columns: number;
  readonly lanesM: number;
  readonly lanesN: number;
  readonly reason: string;
}

/** In multiply-adds of one SIMD group: a gather, a spilled accumulator, the overhead of one step along k. */
const cost = { load: 10, spill: 1, step: 6 };
/** Accumulators a lane keeps before they spill. */
const registers = 32;
const mostAccumulators = 128;
/** SIMD groups of four lanes that keep two cores busy to the end. */
const wantedGroups = 16;

/** The tile of the `registers` engine with the least estimated time. */
export function registerTile({ batch, m, n, accumulators }: TileSizes): RegisterTile {
  const quads = n % 4 === 0;
  let best: { time: number; rows: number; columns: number } | undefined;
  for (const rows of [16, 8, 4, 2, 1]) {
    for (const columns of quads ? [16, 8, 4] : [8, 4, 2, 1]) {
      const values = rows * columns * accumulators;
      if (values > mostAccumulators && values > 4) continue;
      const tiles = Math.ceil(m / rows) * Math.ceil(n / columns) * batch;
      const step = cost.load * (rows + columns) + values + cost.spill * Math.max(0, values - registers) + cost.step;
      const groups = Math.max(Math.ceil(tiles / 4), wantedGroups);
      const time = groups * step;
      if (best === undefined || time < best.time) best = { time, rows, columns };
    }
  }
  const { rows, columns } = best ?? { rows: 1, columns: 1 };
  const tilesM = Math.ceil(m / rows);
  const tilesN = Math.ceil(n / columns);
  // Lanes side by side share rows of `a` or columns of `b` in the cache: a square of lanes shares most.
  const lanesN = tilesN >= 4 ? 4 : tilesN >= 2 ? 2 : 1;
  const lanesM = Math.min(16 / lanesN, powerOfTwoAbove(tilesM));
  return {
    rows,
    columns,
    lanesM,
    lanesN,
    reason: `${rows}x${columns} outputs a lane: ${rows + columns} loads for ${rows * columns * accumulators} multiply-adds, ${tilesM * tilesN * batch} tiles`,
  };
}

/** The tile of a workgroup that stages its operands in shared memory. A lane computes rows x 4 of it. */
export interface StagedTile {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly rows: number;
  /** Parts of k that workgroups of their own sum up; more than one needs a second kernel. */
  readonly splits: number;
  readonly reason: string;
}

/** Workgroups that keep a GPU busy. */
const wantedWorkgroups = 128;
/** The least part of k that is worth a workgroup of its own. */
const leastSplit = 256;
/** Large tiles first: twice the tile is half the traffic. */
const stagedTiles = [
  { m: 128, n: 64, rows: 8 },
  { m: 64, n: 64, rows: 4 },
  { m: 32, n: 32, rows: 4 },
] as const;

/** `operands` counts the distinct operands along m and along n, which share the shared memory. */
export function stagedTile(
  { batch, m, n, k, accumulators }: TileSizes,
  operands: { readonly a: number; readonly b: number },
  target: Target,
): StagedTile {
  const splitsOf = (tiles: number): number =>
    Math.max(1, Math.min(Math.ceil(wantedWorkgroups / tiles), Math.floor(k / leastSplit)));
  const candidates = stagedTiles.map((tile) => {
    const tiles = batch * Math.ceil(m / tile.m) * Math.ceil(n / tile.n);
    const wasted = (Math.ceil(m / tile.m) * tile.m * Math.ceil(n / tile.n) * tile.n) / (m * n);
    return { ...tile, tiles, splits: splitsOf(tiles), fits: tile.rows * accumulators <= 8 && wasted <= 1.5 };
  });
  const smallest = candidates.at(-1);
  const chosen = candidates.find(({ fits, tiles, splits }) => fits && tiles * splits >= wantedWorkgroups) ?? smallest;
  invariant(chosen, "there are tiles to choose from");
  const bytesPerK = 4 * (operands.a * chosen.m + operands.b * chosen.n);
  const depth = [16, 8, 4].find((depth) => depth * bytesPerK <= target.sharedBytes && depth < 2 * k) ?? 4;
  const { splits, tiles } = chosen;
  return {
    m: chosen.m,
    n: chosen.n,
    k: depth,
    rows: chosen.rows,
    splits,
    reason: `tiles of ${chosen.m}x${chosen.n}x${depth} staged in shared memory, ${tiles} workgroups${splits === 1 ? "" : `, k in ${splits} parts that a second kernel adds up`}`,
  };
}
