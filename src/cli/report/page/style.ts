/** @file How the report looks, by day and by night. */
import type { Html } from "./markup.ts";

export const style: Html = {
  html: `
:root { color-scheme: light dark; --page: #f6f5f1; --card: #ffffff; --ink: #1d2430; --soft: #5d6675; --line: #e2dfd6; --kept: #2f6f8f; --lost: #d9694f; --track: #ece9e0; --mark: #fdf3d6;
  --c0: #2f6f8f; --c1: #e0a030; --c2: #5c9a63; --c3: #b2578b; --c4: #7a6cc4; --c5: #d9694f; --c6: #4aa6a0; --c7: #8a7a5c; }
@media (prefers-color-scheme: dark) { :root { --page: #12161d; --card: #1a2029; --ink: #e6e9ee; --soft: #97a1b1; --line: #2c3442; --kept: #58a6c9; --lost: #e57f66; --track: #262e3a; --mark: #3a3320;
  --c0: #58a6c9; --c1: #e9b44c; --c2: #7cc084; --c3: #d57fb0; --c4: #9f93e6; --c5: #e57f66; --c6: #6cc7c1; --c7: #b7a684; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1040px; margin: 0 auto; padding: 40px 24px 80px; }
h1 { font-size: 30px; margin: 0; letter-spacing: -0.01em; }
h2 { font-size: 19px; margin: 44px 0 12px; }
h3 { font-size: 14px; margin: 0 0 10px; color: var(--soft); font-weight: 600; }
p { margin: 0 0 12px; }
.soft, small { color: var(--soft); }
small { font-size: 13px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 18px 20px; margin: 0 0 14px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(180px, 1fr)); gap: 14px; margin: 24px 0 0; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 14px 18px; }
.tile b { display: block; font-size: 25px; font-weight: 650; font-variant-numeric: tabular-nums; letter-spacing: -0.01em; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(380px, 100%), 1fr)); gap: 14px; }
table { border-collapse: collapse; width: 100%; align-self: start; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; color: var(--soft); font-size: 13px; border-bottom: 1px solid var(--line); padding: 4px 14px 6px 0; vertical-align: bottom; }
td { padding: 6px 14px 6px 0; vertical-align: top; border-bottom: 1px solid var(--line); }
tr:last-child > td { border-bottom: 0; }
.n, .w { white-space: nowrap; }
.n { text-align: right; }
.file { overflow-wrap: anywhere; min-width: 12em; }
details { border-bottom: 1px solid var(--line); }
details:last-child { border-bottom: 0; }
summary { cursor: pointer; list-style: none; padding: 10px 0; }
summary::-webkit-details-marker { display: none; }
.step { display: grid; grid-template-columns: 14px 170px 1fr 270px; gap: 14px; align-items: center; }
.step::before { content: "›"; color: var(--soft); font-size: 18px; line-height: 1; transition: transform 0.15s; }
details[open] > .step::before { transform: rotate(90deg); }
.step .name { font-weight: 600; overflow-wrap: anywhere; }
.step .n small { display: block; }
.bar { height: 20px; border-radius: 4px; background: var(--track); display: flex; overflow: hidden; }
.bar i { display: block; background: var(--kept); }
.bar i + i { background: var(--lost); }
.inside { padding: 2px 0 14px 28px; }
.why { margin: 0 0 14px; }
.why > b { font-variant-numeric: tabular-nums; }
.document { border-left: 3px solid var(--line); margin: 8px 0; padding: 1px 0 1px 12px; }
.document code { color: var(--soft); font-size: 12px; overflow-wrap: anywhere; }
.document p { margin: 2px 0 0; font: 13px/1.45 ui-monospace, "SF Mono", Menlo, Consolas, monospace; white-space: pre-wrap; overflow-wrap: anywhere; max-height: 8.7em; overflow: hidden; }
.document p { unicode-bidi: isolate; }
.document p.diff { max-height: none; }
del, ins { text-decoration: none; border-radius: 3px; padding: 0 2px; }
del { background: color-mix(in srgb, var(--lost) 28%, transparent); text-decoration: line-through; }
ins { background: color-mix(in srgb, var(--c2) 32%, transparent); }
.detail { font-size: 13px; color: var(--soft); overflow-wrap: anywhere; unicode-bidi: isolate; }
h4 { font-size: 13px; margin: 18px 0 8px; color: var(--soft); font-weight: 600; }
.reasons { width: auto; }
.measures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(240px, 100%), 1fr)); gap: 16px 24px; }
.measure small { font-size: 12px; }
svg .lost { fill: var(--lost); }
svg line.limit { stroke: var(--ink); stroke-dasharray: 3 2; }
svg text.limit { fill: var(--ink); }
.wide { overflow-x: auto; }
.step-name { text-align: right; vertical-align: bottom; padding-left: 10px; }
.heat { background: linear-gradient(color-mix(in srgb, var(--kept) 22%, transparent) 0 0) left / var(--share) 100% no-repeat; padding-left: 10px; }
.document em { font-style: normal; background: var(--mark); border-radius: 3px; padding: 0 5px; font-size: 13px; }
.warning { background: var(--mark); border-radius: 8px; padding: 10px 14px; margin: 12px 0 0; }
svg { display: block; width: 100%; height: auto; overflow: visible; }
svg text { fill: var(--soft); font-size: 11px; font-family: inherit; }
svg .grid { stroke: var(--line); }
svg .column { fill: var(--kept); }
.dot { display: inline-block; width: 11px; height: 11px; border-radius: 3px; margin-right: 8px; vertical-align: -1px; }
footer { margin-top: 48px; }
footer code { overflow-wrap: anywhere; font-size: 12px; }
@media (max-width: 720px) { .step { grid-template-columns: 14px 1fr; } .step .bar, .step .n { grid-column: 2; text-align: left; } .pair { grid-template-columns: 1fr; } }
@media print { details > * { display: block; } }
`,
};
