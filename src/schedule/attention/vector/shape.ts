/** @file The sizes that attention on a CPU works in. */

import type { FlashProblem } from "../problem.ts";

export interface VectorShape {
  readonly lanes: number;
  /** Rows of a workgroup's block. A multiple of the panel. */
  readonly rows: number;
  /** Own rows in a register tile of products, a vector or two. A multiple of `sumRows`. */
  readonly panel: number;
  /** Other rows between which maxima are settled and sums rescaled. Their scores stay in the L1 cache. */
  readonly span: number;
  /** Other rows in a register tile of products. */
  readonly dotRows: number;
  /** Own rows and vectors of features in a register tile of a sum. */
  readonly sumRows: number;
  readonly sumVectors: number;
}

/** Bytes of scratch for whole rows, meant to stay in the L2 cache. */
const scratchBytes = 1 << 18;

export function vectorShape(
  { form: { e, f }, queries, keys }: FlashProblem,
  side: "query" | "key",
  lanes: number,
): VectorShape {
  // Registers: 32 come with vectors of 16, else count on 16. A tile of 12 sums hides the latency of multiply-adds, and leaves registers for what is multiplied.
  const many = lanes === 16;
  const own = side === "query" ? queries : keys;
  const panel = own > lanes ? 2 * lanes : lanes;
  // By columns and as sums, rows are there twice.
  const fitting = Math.floor(scratchBytes / (8 * (e.size + f.size)) / panel) * panel;
  const rows = Math.min(Math.max(32, 2 * panel), Math.ceil(own / panel) * panel, Math.max(panel, fitting));
  return {
    lanes,
    rows,
    panel,
    span: 48,
    dotRows: many ? 8 : 6,
    sumRows: own >= 4 ? 4 : own >= 2 ? 2 : 1,
    sumVectors: many ? 4 : 3,
  };
}
