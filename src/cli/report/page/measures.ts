/** @file What steps measure, as histograms with the limits between which documents stay. */
import type { Histogram } from "../../../data/survey/histogram.ts";
import { grouped } from "../../frame/amounts.ts";
import { html, type Html } from "./markup.ts";

const width = 300;
const height = 96;
const bottom = 16;
const top = 14;

/** Charts beside each other. */
export function measureCharts(measures: readonly Histogram[]): readonly Html[] {
  return measures.length === 0 ? [] : [html`<div class="measures">${measures.map(chart)}</div>`];
}

function chart({ name, about, min, max, edges, counts }: Histogram): Html {
  const most = Math.max(1, ...counts);
  const step = width / counts.length;
  const plot = height - bottom - top;
  const outside = (from: number, to: number): boolean =>
    (min !== undefined && to <= min) || (max !== undefined && from >= max);
  const bars = counts.map((count, i) => {
    const [from, to] = [edges[i] ?? 0, edges[i + 1] ?? 0];
    const tall = count === 0 ? 0 : Math.max(1, (plot * count) / most);
    const says = `${number(from)} to ${number(to)}${i === counts.length - 1 ? " and more" : ""}: ${grouped(count)} documents`;
    return html`<rect
      class="${outside(from, to) ? "column lost" : "column"}"
      x="${(i * step + 0.5).toFixed(1)}"
      y="${(top + plot - tall).toFixed(1)}"
      width="${(step - 1).toFixed(1)}"
      height="${tall.toFixed(1)}"
      ><title>${says}</title></rect
    >`;
  });
  const limits = [
    ["least", min],
    ["most", max],
  ] as const;
  const marks = limits.flatMap(([what, value]) => (value === undefined ? [] : [limitMark(what, value, edges)]));
  const ends = [
    html`<text x="0" y="${height - 3}">${number(edges[0] ?? 0)}</text>`,
    html`<text x="${width}" y="${height - 3}" text-anchor="end">${number(edges.at(-1) ?? 0)}</text>`,
  ];
  const said = limits.flatMap(([what, value]) => (value === undefined ? [] : [`${what} ${number(value)}`])).join(", ");
  return html`<div class="measure">
    <b>${name}</b> <small>${about}${said === "" ? "" : `; ${said}`}</small
    ><svg viewBox="0 0 ${width} ${height}" role="img">
      <line class="grid" x1="0" x2="${width}" y1="${height - bottom}" y2="${height - bottom}" />
      ${bars}${marks}${ends}
    </svg>
  </div>`;
}

/** A line at a limit; one beyond what was measured is only said. */
function limitMark(what: string, value: number, edges: readonly number[]): Html {
  const bin = edges.findLastIndex((edge) => edge <= value);
  const [from, to] = [edges[bin], edges[bin + 1]];
  if (from === undefined) return html``;
  if (to === undefined && value > from) return html``;
  const share = (bin + (to === undefined ? 0 : (value - from) / (to - from))) / (edges.length - 1);
  const x = (width * share).toFixed(1);
  const anchor = share > 0.5 ? "end" : "start";
  return html`<line class="limit" x1="${x}" x2="${x}" y1="${top - 4}" y2="${height - bottom}" /><text
      class="limit"
      x="${(width * share + (share > 0.5 ? -3 : 3)).toFixed(1)}"
      y="${top - 4}"
      text-anchor="${anchor}"
      >${what} ${number(value)}</text
    >`;
}

const number = (value: number): string =>
  Math.abs(value) >= 1000 ? grouped(value) : String(Number(value.toPrecision(3)));
