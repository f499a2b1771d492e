/** @file `llmc data`: curates the text of a file and shows how it came through, what is left, and what a run makes of it. */
import { resolve } from "node:path";
import type { Command, Input } from "../frame/command.ts";
import { withFailures } from "../frame/failures.ts";
import type { ExitCode, Host } from "../frame/host.ts";
import { shown } from "../frame/report.ts";

export const data: Command = {
  name: "data",
  summary: "curate the text of a file and show what is left of it, and why",
  positionals: ["FILE"],
  options: {
    name: {
      type: "string",
      value: "NAME",
      help: "a data declaration of the file; default: that of the first model, else the first",
    },
    report: {
      type: "string",
      value: "FILE",
      help: "write a page with documents that were dropped, edited and kept, what was measured, and the mix",
    },
    out: {
      type: "string",
      short: "o",
      value: "DIR",
      help: "write the documents that are left, and those that were dropped with the reason",
    },
    format: {
      type: "string",
      value: "FORMAT",
      help: "of --out: jsonl (default), parquet, or tokens for nanogpt or llm.c",
    },
    sample: {
      type: "count",
      min: 1,
      value: "N",
      help: "try the steps on about N documents, drawn by chance from all files; nothing is trained on them",
    },
    force: { type: "boolean", help: "write over files of that folder that were edited" },
    json: { type: "boolean", help: "print the manifest, the mix and what the page shows as JSON" },
  },
  examples: [
    "llmc data docs/examples/curated.llm",
    "llmc data docs/examples/curated.llm --report report.html",
    "llmc data docs/examples/curated.llm --sample 1000",
    "llmc data docs/examples/curated.llm --out corpus",
    "llmc data docs/examples/curated.llm --out corpus --format parquet",
  ],
  run: (input, host) => withFailures(host, () => runData(input, host)),
};

const mostSampled = 100_000;
const tokenFormats: readonly string[] = ["nanogpt", "llm.c"];

async function runData(input: Input, host: Host): Promise<ExitCode> {
  const path = input.positionals[0] ?? "";
  const out = input.text("out");
  const { exportFormat, exportData } = await import("../report/export-data.ts");
  const format = exportFormat(input.text("format"));
  if (out === undefined && input.text("format") !== undefined) {
    host.err("`--format` says how documents are written, and `--out DIR` where: give both\n");
    return 2;
  }
  const sample = input.number("sample");
  if (sample !== undefined && (sample > mostSampled || (out !== undefined && tokenFormats.includes(format)))) {
    host.err(
      sample > mostSampled
        ? `\`--sample\` takes ${mostSampled} documents at most: they are in memory while they are drawn\n`
        : `\`--sample\` tries the steps, and \`--format ${format}\` is for training: write a sample as jsonl or parquet\n`,
    );
    return 2;
  }
  const { findSection } = await import("../model/find-section.ts");
  const { dataOfFirstModel } = await import("../report/data-runs.ts");
  const found = findSection(path, input.text("name"), { keywords: ["data"], choose: dataOfFirstModel }, host);
  if (!found) return 1;
  if (out !== undefined) await exportData(found, { out, format, force: input.flag("force"), sample }, host);
  const { measureData } = await import("../report/measure-data.ts");
  const page = input.text("report");
  const surveyed = page !== undefined || input.flag("json");
  const report = await measureData(found, path, { sample, surveyed }, host);
  if (page !== undefined) {
    const { reportPage } = await import("../report/page/page.ts");
    const { saveText } = await import("../../runtime/files/write-atomically.ts");
    await saveText(resolve(host.cwd, page), reportPage(report), {
      what: "a page",
      is: (before) => /^\s*<!doctype html>/i.test(before),
    });
    host.err(`wrote ${page}\n`);
  }
  if (input.flag("json")) {
    host.out(`${JSON.stringify(report, undefined, 2)}\n`);
    return 0;
  }
  const { printFunnel } = await import("../report/print-funnel.ts");
  host.out(printFunnel(report));
  const name = input.text("name") === undefined ? "" : ` --name ${report.manifest.name}`;
  if (sample !== undefined) host.err(`next: llmc data ${shown(path)}${name}, which curates the whole\n`);
  else if (page === undefined)
    host.err(`next: llmc data ${shown(path)}${name} --report report.html, which shows examples of what was dropped\n`);
  else
    host.err(
      `next: ${report.run ? `llmc train ${shown(path)} --model ${report.run.model}` : `name it in a model: data: ${report.manifest.name}`}\n`,
    );
  return 0;
}
