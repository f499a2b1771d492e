/** @file The report of curation as a page of text: the funnel, what every step dropped and why, and the mix. */
import type { Amount, Manifest, ManifestStep } from "../../data/curate/shards/manifest.ts";
import { byCount, factName, grouped, scaled, shareText, textSize } from "../frame/amounts.ts";
import { sampleText, sharesText, type DataReport, type Mixed } from "./data-report.ts";

export function printFunnel({ path, manifest, mix, run, warnings }: DataReport): string {
  const sample = sampleText(manifest);
  return [
    `${manifest.name}  ${path}`,
    ...(sample === undefined ? [] : [sample]),
    "",
    ...columns([
      ...sourceRows(manifest),
      ...(manifest.steps.length > 0 ? [[], ["step", ...heads], ...manifest.steps.flatMap(stepRows)] : []),
      [],
      leftRow(manifest),
    ]),
    ...(sample === undefined ? ["", ...mixLines(mix, run)] : warnings.length > 0 ? [""] : []),
    ...warnings.map((warning) => `warning: ${warning}`),
  ]
    .map((line) => `${line}\n`)
    .join("");
}

const heads = ["documents", "", "", "text", "", "", "tokens"];

/** Name; documents, text and tokens, each in, arrow, out; and what there is to say. */
type TableRow = readonly string[];

function sourceRows({ sources }: Manifest): readonly TableRow[] {
  const rows = sources.flatMap(
    ({ name, in: into, out, licence, provenance, files, skipped, from }): readonly TableRow[] => {
      const said = [
        from ? `from ${from.name}` : files.length === 1 ? "1 file" : `${grouped(files.length)} files`,
        licence,
        provenance,
      ].filter((part) => part !== undefined);
      return [
        amounts(name, into, out, said.join(", ")),
        ...Object.entries(skipped).map(([reason, { count }]) => [
          `  ${reason}`,
          "",
          "",
          `−${grouped(count)}`,
          "",
          "",
          "",
          "",
          "",
          "",
          "skipped",
        ]),
      ];
    },
  );
  return [["source", ...heads], ...rows];
}

function amounts(name: string, from: Amount, to: Amount, said: string): TableRow {
  return [
    name,
    grouped(from.documents),
    "→",
    grouped(to.documents),
    textSize(from.bytes),
    "→",
    textSize(to.bytes),
    tokens(from),
    "→",
    tokens(to),
    said,
  ];
}

function stepRows({ name, in: into, out, dropped, edits, clusters, facts }: ManifestStep): readonly TableRow[] {
  const share = into.documents === 0 ? "" : shareText(out.documents / into.documents);
  return [
    amounts(name, into, out, share),
    ...byCount(dropped).map(([reason, { count, bytes }]) => [
      `  ${reason}`,
      "",
      "",
      `−${grouped(count)}`,
      "",
      "",
      `−${textSize(bytes)}`,
    ]),
    ...Object.entries(edits).map(([kind, count]) => [
      `  ${kind}`,
      "",
      "",
      grouped(count),
      "",
      "",
      "",
      "",
      "",
      "",
      "edits",
    ]),
    ...(clusters.length > 0
      ? [[`  largest cluster`, "", "", grouped(clusters[0]?.size ?? 0), "", "", "", "", "", "", "documents"]]
      : []),
    ...Object.entries(facts).map(([fact, value]) => [
      `  ${factName(fact)}`,
      "",
      "",
      Number.isInteger(value) ? grouped(value) : value.toFixed(3),
    ]),
  ];
}

function tokens(of: Amount): string {
  return of.tokens === undefined ? "" : scaled(of.tokens);
}

function leftRow({ sources, out }: Manifest): TableRow {
  const from = sources
    .map((source) => source.in)
    .reduce((sum, { documents, bytes, tokens: more }) => ({
      documents: sum.documents + documents,
      bytes: sum.bytes + bytes,
      ...(sum.tokens === undefined || more === undefined ? {} : { tokens: sum.tokens + more }),
    }));
  return amounts("left", from, out, from.bytes === 0 ? "" : shareText(out.bytes / from.bytes));
}

function mixLines(mix: readonly Mixed[], run: DataReport["run"]): readonly string[] {
  const rows = mix.map((part) => [
    part.name,
    sharesText(part, "->"),
    scaled(part.tokens),
    ...(part.epochs === undefined
      ? []
      : [part.epochs.toFixed(2), ...(part.cap === undefined ? [] : [`at most ${part.cap}`])]),
  ]);
  const head = ["mix", "share", "tokens", ...(run ? ["passes"] : [])];
  const of = run ? [`a run of ${run.model} takes ${scaled(run.tokens)} tokens`] : [];
  return [...columns([head, ...rows]), ...of];
}

/** The first column and what is said stand to the left, the numbers between to the right. */
function columns(rows: readonly TableRow[]): readonly string[] {
  const numbers = 9;
  const widths = Array.from({ length: numbers + 1 }, (_, i) => Math.max(0, ...rows.map((row) => row[i]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[0] ?? 0) : i <= numbers ? cell.padStart(widths[i] ?? 0) : cell))
      .join("  ")
      .trimEnd(),
  );
}
