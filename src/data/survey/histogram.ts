/** @file Histograms of what steps measure. */
import type { Measure } from "./measures.ts";

/** Values of a measure in bins: bin i holds what is from `edges[i]` up to `edges[i + 1]`, the last one also what is above. */
export interface Histogram extends Measure {
  readonly edges: readonly number[];
  readonly counts: readonly number[];
}

const bins = 24;

export function histogramOf(measure: Measure, values: readonly number[]): Histogram | undefined {
  const sorted = values.filter(Number.isFinite).toSorted((a, b) => a - b);
  if (sorted.length === 0) return undefined;
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] as number;
  const limits = [measure.min, measure.max].filter((value) => value !== undefined);
  // A few far values would leave one column for all others; a limit is shown unless it is farther than they are.
  const top = Math.max(at(0.99), ...limits.filter((value) => value <= 4 * at(0.99) || value === measure.min));
  const low = sorted[0] as number;
  const positive = sorted.find((value) => value > 0) ?? 1;
  const logarithmic = low >= 1 && top / Math.max(low, positive) > 50;
  const from = logarithmic ? low : Math.min(low, ...limits.filter((value) => value === measure.min || value <= top));
  const to = top > from ? top * (logarithmic ? 1 : 1 + 1e-9) : from + 1;
  const edges = Array.from({ length: bins + 1 }, (_, i) =>
    logarithmic ? from * (to / from) ** (i / bins) : from + ((to - from) * i) / bins,
  );
  const counts = edges.slice(1).map(() => 0);
  for (const value of sorted) {
    const share = logarithmic ? Math.log(value / from) / Math.log(to / from) : (value - from) / (to - from);
    const bin = Math.max(0, Math.min(bins - 1, Math.floor(bins * share)));
    counts[bin] = (counts[bin] as number) + 1;
  }
  return { ...measure, edges, counts };
}
