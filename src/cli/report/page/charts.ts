/** @file Charts as SVG: columns of a histogram, and shares stacked over a run. */
import { grouped } from "../../frame/amounts.ts";
import { html, type Html } from "./markup.ts";

const width = 460;
const height = 190;
const left = 44;
const bottom = 24;
const top = 8;

/** Bin i counts values from 2^i on; `unit` says the bounds of a bin. */
export function histogram(counts: readonly number[], unit: (value: number) => string): Html {
  const first = Math.max(
    0,
    counts.findIndex((count) => count > 0),
  );
  const shown = counts.slice(first);
  const most = Math.max(1, ...shown);
  const step = (width - left) / Math.max(1, shown.length);
  const plot = height - bottom - top;
  const bars = shown.map((count, i) => {
    const tall = (plot * count) / most;
    return html`<rect
      class="column"
      x="${(left + i * step + 1).toFixed(1)}"
      y="${(top + plot - tall).toFixed(1)}"
      width="${Math.max(1, step - 2).toFixed(1)}"
      height="${tall.toFixed(1)}"
      rx="2"
      ><title>${unit(2 ** (first + i))} to ${unit(2 ** (first + i + 1))}: ${grouped(count)} documents</title></rect
    >`;
  });
  const every = Math.ceil(shown.length / 8);
  const ticks = shown.flatMap((_, i) =>
    i % every === 0
      ? [
          html`<text x="${(left + i * step).toFixed(1)}" y="${height - 6}" text-anchor="middle"
            >${unit(2 ** (first + i))}</text
          >`,
        ]
      : [],
  );
  return html`<svg viewBox="0 0 ${width} ${height}" role="img">
    ${gridLines((share) => grouped(share * most))}${bars}${ticks}
  </svg>`;
}

function gridLines(label: (share: number) => string): readonly Html[] {
  return [0, 0.5, 1].map((share) => {
    const y = (top + (height - bottom - top) * (1 - share)).toFixed(1);
    return html`<line class="grid" x1="${left}" x2="${width}" y1="${y}" y2="${y}" /><text
        x="${left - 8}"
        y="${Number(y) + 4}"
        text-anchor="end"
        >${label(share)}</text
      >`;
  });
}

export interface Band {
  readonly name: string;
  /** Shares at the start and at the end; they change evenly between. */
  readonly from: number;
  readonly to: number;
}

export const bandColor = (i: number): string => `var(--c${i % 8})`;

/** Bands on top of each other, the first at the bottom. */
export function stackedArea(bands: readonly Band[]): Html {
  const plot = height - bottom - top;
  const y = (share: number): string => (top + plot * (1 - share)).toFixed(1);
  let [from, to] = [0, 0];
  const areas = bands.map((band, i) => {
    const [lowFrom, lowTo] = [from, to];
    [from, to] = [from + band.from, to + band.to];
    return html`<polygon
      points="${left},${y(lowFrom)} ${left},${y(from)} ${width},${y(to)} ${width},${y(lowTo)}"
      style="fill: ${bandColor(i)}"
      ><title>${band.name}</title></polygon
    >`;
  });
  const ticks = [
    html`<text x="${left}" y="${height - 6}">start of the run</text>`,
    html`<text x="${width}" y="${height - 6}" text-anchor="end">end</text>`,
  ];
  return html`<svg viewBox="0 0 ${width} ${height}" role="img">
    ${gridLines((share) => `${100 * share}%`)}${areas}${ticks}
  </svg>`;
}
