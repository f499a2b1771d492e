/** @file `node scripts/run.mjs scripts/plot-loss.ts LOG.jsonl OUT.svg`: the loss of a run as a picture, for the documentation: training (mean of 20 steps) and validation. */
import { readFileSync, writeFileSync } from "node:fs";

const [log = "", out = ""] = process.argv.slice(2);
const entries = readFileSync(log, "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as { readonly kind: string; readonly step: number; readonly loss: number });
const of = (kind: string): readonly (readonly [number, number])[] =>
  entries.filter((entry) => entry.kind === kind).map(({ step, loss }) => [step, loss]);
const [steps, evaluations] = [of("step"), of("evaluation")];
const window = 20;
const means = steps.flatMap(([step], i) => {
  if (i % window !== window - 1) return [];
  return [[step, steps.slice(i + 1 - window, i + 1).reduce((sum, [, loss]) => sum + loss, 0) / window] as const];
});

const [width, height, left, bottom] = [720, 280, 44, 30] as const;
const last = steps.at(-1)?.[0] ?? 1;
const [least, most] = [
  Math.floor(Math.min(...means.map(([, loss]) => loss), ...evaluations.map(([, loss]) => loss))),
  Math.ceil(Math.max(...means.map(([, loss]) => loss))),
];
const x = (step: number): string => (left + ((width - left - 12) * step) / last).toFixed(1);
const y = (loss: number): string => (10 + ((height - bottom - 10) * (most - loss)) / (most - least)).toFixed(1);
const levels = Array.from({ length: most - least + 1 }, (_, i) => least + i);
const marks = [0, 0.25, 0.5, 0.75, 1].map((share) => Math.round(share * last));

writeFileSync(
  out,
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12">
<style>text { fill: #777 } path, line { fill: none } .grid { stroke: #8884 } .train { stroke: #4c8dd6; stroke-width: 1.5 } .val { fill: #d9602b }</style>
${levels.map((loss) => `<line class="grid" x1="${left}" x2="${width - 12}" y1="${y(loss)}" y2="${y(loss)}"/><text x="${left - 8}" y="${y(loss)}" dy="4" text-anchor="end">${loss}</text>`).join("\n")}
${marks.map((step) => `<text x="${x(step)}" y="${height - 10}" text-anchor="${step === last ? "end" : "middle"}">${step}</text>`).join("\n")}
<path class="train" d="M${means.map(([step, loss]) => `${x(step)} ${y(loss)}`).join("L")}"/>
${evaluations.map(([step, loss]) => `<circle class="val" cx="${x(step)}" cy="${y(loss)}" r="4"/><text x="${x(step)}" y="${y(loss)}" dy="-10" text-anchor="${step === last ? "end" : "middle"}">${loss.toFixed(2)}</text>`).join("\n")}
<text x="${width - 12}" y="24" text-anchor="end">nats a token by step: training (line), validation (dots)</text>
</svg>
`,
);
