/**
 * @file How many lanes work on one row. On a GPU as many as give each a few vectors of the row, so that loads coalesce and the reduction is short. On the software adapter a
 * barrier costs more than a short loop, so one lane walks the whole row and neighbouring rows are its SIMD neighbours, unless there are too few rows for that.
 */
import type { Target } from "../build/lowered.ts";
import { powerOfTwoAbove } from "../build/powers.ts";

export interface RowShape {
  /** Lanes for one row: a power of two. */
  readonly width: number;
  /** Lanes of a workgroup. */
  readonly lanes: number;
  /** Elements, or vectors, of the row that one lane works on. */
  readonly chunks: number;
  /** Whether a lane keeps staged elements in registers: then its chunks are unrolled. */
  readonly staged: boolean;
  readonly reason: string;
}

/** Vectors a lane of a GPU gets at least, as long as the row has them. */
const chunksWanted = 4;
/** Rows in flight that keep the software adapter's cores and SIMD lanes busy. */
const rowsWanted = 64;

/** `length` counts elements along the row, `vector` how many a lane takes at once. */
export function rowShape(rows: number, length: number, vector: 1 | 4, target: Target): RowShape {
  const units = Math.max(1, length / vector);
  if (target.simd) return simdShape(rows, units, target);
  const enough = target.staging ? units / chunksWanted : Math.min(rowsWanted / rows, units / chunksWanted);
  const width = Math.min(target.lanes, powerOfTwoAbove(enough));
  const rowsAtOnce = target.staging ? 128 / width : Math.min(target.lanes / width, powerOfTwoAbove(rows / 16));
  const lanes = width * Math.max(1, Math.min(powerOfTwoAbove(rows), rowsAtOnce));
  const chunks = Math.ceil(units / width);
  const staged = target.staging && chunks <= 8;
  const reason = `${width} lane${width === 1 ? "" : "s"} a row of ${length}, ${lanes / width} rows a workgroup, ${staged ? "staged values in registers" : "streamed"}`;
  return { width, lanes, chunks, staged, reason };
}

/** A vector along the row, unless the row is so short that most of it would idle: then a vector across rows. */
function simdShape(rows: number, length: number, { lanes }: Target): RowShape {
  const width = length >= lanes / 2 || rows < lanes ? lanes : 1;
  const chunks = Math.ceil(length / width);
  const staged = chunks <= 16;
  const reason = `${width === 1 ? `${lanes} rows of ${length} at once` : `a row of ${length} at a time`}, ${staged ? "staged values in registers" : "streamed"}`;
  return { width, lanes, chunks, staged, reason };
}
