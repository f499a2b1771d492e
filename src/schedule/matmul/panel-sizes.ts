/**
 * @file Sizes of the contraction engine for CPUs, as pure functions of a contraction's sizes and the length of a vector. They follow the caches of today's cores (32 KiB and
 * 512 KiB or more) and the registers that compilers keep.
 */
import type { TileSizes } from "./tile-sizes.ts";

export interface PanelTile {
  /** The part of the output that registers hold, for every accumulator. */
  readonly micro: { readonly rows: number; readonly vectors: number };
  /** Columns of a panel: those vectors. */
  readonly panel: number;
  /** Rows and columns of a task, and the values of k that are multiplied at a time. */
  readonly rows: number;
  readonly columns: number;
  readonly k: number;
  readonly reason: string;
}

/** Registers for accumulators: of 16, or of 32 with vectors of 16, three or four hold operands. */
const accumulatorRegisters = (lanes: number): number => (lanes === 16 ? 24 : 12);

function microTile(accumulators: number, n: number, lanes: number): PanelTile["micro"] {
  const most = accumulatorRegisters(lanes) / accumulators;
  const vectors = Math.max(1, Math.min(most >= 20 ? 3 : most >= 10 ? 2 : 1, Math.ceil(n / lanes)));
  return { rows: Math.max(1, Math.min(Math.floor(most / vectors), lanes === 16 ? 8 : 6)), vectors };
}

/** Most rows of a task: more would not stay in the core's cache with what is computed from them. */
const mostRows = 96;
/** A packed operand beyond so many bytes comes from memory for every task: then more rows share it, where there are enough. */
const cached = { bytes: 4 << 20, rows: 2 * mostRows, from: 16 * 2 * mostRows };
/** What reading the packed operand once costs, in rows of work. */
const readCost = 6;
/** Cores that are to finish together. */
const cores = 4;
/** Bytes of sums kept between pieces of k that leave the rest of the core's cache to others. */
const keptBytes = 768 << 10;
/** Values of k in one pass: so many that a panel stays in the core's first cache with the rows it meets. */
const pass = 384;
/** With fewer blocks of rows than this the columns are parted as well. */
const leastBlocks = 8;

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
const lcm = (a: number, b: number): number => (a / gcd(a, b)) * b;
const roundUp = (x: number, to: number): number => Math.ceil(x / to) * to;

/** `transposed`: whether squares of vectors are transposed to stage rows. */
export function panelTile({ batch, m, n, k, accumulators }: TileSizes, lanes: number, transposed: boolean): PanelTile {
  const micro = microTile(accumulators, n, lanes);
  const panel = micro.vectors * lanes;
  const most = 4 * k * n > cached.bytes && m >= cached.from ? cached.rows : mostRows;
  const rows = rowsOfTask(m, most, transposed ? lcm(micro.rows, lanes) : micro.rows);
  const pieces = Math.ceil(k / pass);
  const piece = pieces === 1 ? k : roundUp(Math.ceil(k / pieces), lanes);
  const panels = Math.ceil(n / panel);
  // Few blocks of rows are parted by columns too, and so are sums that must stay in the cache.
  const widest = pieces === 1 ? panels : Math.max(1, Math.floor(keptBytes / 4 / accumulators / rows / panel));
  const parts = Math.max(
    Math.ceil(panels / widest),
    Math.min(panels, Math.ceil(leastBlocks / (batch * Math.ceil(m / rows)))),
  );
  const columns = Math.ceil(panels / parts) * panel;
  const passes = pieces === 1 ? "" : `, k in ${pieces} passes`;
  return {
    micro,
    panel,
    rows,
    columns,
    k: piece,
    reason: `${micro.rows}x${panel} outputs in registers, tasks of ${rows} rows and ${columns} columns of packed panels${passes}`,
  };
}

/** Rows that part a matrix so that cores finish together and the packed operand is not read too often. */
function rowsOfTask(m: number, most: number, unit: number): number {
  let best = { rows: unit, cost: Infinity };
  for (let rows = unit; rows <= roundUp(Math.min(m, most), unit); rows += unit) {
    const blocks = Math.ceil(m / rows);
    const cost = roundUp(blocks, cores) * rows + readCost * blocks;
    if (cost <= best.cost) best = { rows, cost };
  }
  return best.rows;
}
