/** @file The report of curation as one page that asks nothing of the network: how the documents came through, what is left, and what a run makes of it. */
import type { Manifest, ManifestSource } from "../../../data/curate/shards/manifest.ts";
import type { Survey } from "../../../data/survey/survey.ts";
import { visibleText } from "../../../runtime/util/terminal-text.ts";
import { grouped, scaled, shareText, textSize } from "../../frame/amounts.ts";
import { sampleText, sharesText, type DataReport, type Mixed } from "../data-report.ts";
import { bandColor, histogram, stackedArea } from "./charts.ts";
import { html, type Html } from "./markup.ts";
import { clustersOf, funnel } from "./steps.ts";
import { style } from "./style.ts";
import { throughSteps } from "./through-steps.ts";

export function reportPage(report: DataReport): string {
  const { manifest, path, survey } = report;
  const sample = sampleText(manifest);
  const start = manifest.sources.reduce(
    (sum, { in: into }) => ({ documents: sum.documents + into.documents, bytes: sum.bytes + into.bytes }),
    { documents: 0, bytes: 0 },
  );
  const clusters = clustersOf(manifest);
  return html`<!doctype html>
    <html lang="en">
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <title>${manifest.name}: curation</title>
      <style>
        ${style}
      </style>
      <main>
        <h1>${manifest.name}</h1>
        <p class="soft">as declared in ${path}</p>
        ${sample === undefined ? undefined : html`<p class="warning">${sample}</p>`}
        <div class="tiles">
          ${tile("documents", grouped(manifest.out.documents), `of ${grouped(start.documents)}`)}
          ${tile("text", textSize(manifest.out.bytes), `of ${textSize(start.bytes)}`)}
          ${tile("kept", start.bytes === 0 ? "–" : shareText(manifest.out.bytes / start.bytes), "of the text")}
          ${manifest.out.tokens === undefined ? undefined : tile("tokens", scaled(manifest.out.tokens), `${(manifest.out.bytes / Math.max(1, manifest.out.tokens)).toFixed(2)} bytes each`)}
        </div>
        <h2>The funnel</h2>
        ${funnel(manifest, start, survey?.steps ?? [])} ${survey && sampled(survey)}
        ${survey && through(manifest, survey)}
        <h2>Sources</h2>
        <div class="card wide">${sourceTable(manifest)}</div>
        ${skippedOf(manifest)}
        <h2>How long the documents are</h2>
        <div class="pair">${lengths(manifest)}</div>
        ${
          clusters.length > 0
            ? html`<h2>Duplicates</h2>
                ${clusters}`
            : undefined
        }
        ${
          sample === undefined
            ? html`<h2>The mix</h2>
                <div class="card wide">${mixOf(report)}</div>`
            : report.warnings.map((warning) => html`<p class="warning">${warning.replaceAll("`", "")}</p>`)
        }
        <footer class="soft">
          <small>Result <code>${manifest.hash}</code></small>
        </footer>
      </main>
    </html> `.html;
}

/** Says of how many documents the examples are. */
function sampled({ documents, of }: Survey): Html {
  return html`<p class="soft">
    <small
      >A step opens to the documents that it dropped, changed and kept: a sample of
      ${documents < of ? `${grouped(documents)} of ` : ""}${grouped(of)} documents, the same every time. What a step
      redacts is hidden in all of them.</small
    >
  </p>`;
}

function through(manifest: Manifest, survey: Survey): Html {
  const tables = throughSteps(manifest, survey);
  return tables.length === 0
    ? html``
    : html`<h2>What is left after each step</h2>
        ${tables}`;
}

function tile(name: string, value: string, of: string): Html {
  return html`<div class="tile"><small>${name}</small><b>${value}</b><small>${of}</small></div>`;
}

function sourceTable({ sources }: Manifest): Html {
  return html`<table>
    <tr>
      <th>source</th>
      <th>files</th>
      <th>licence</th>
      <th>provenance</th>
      <th class="n">documents</th>
      <th class="n">text</th>
    </tr>
    ${sources.map(sourceRow)}
  </table>`;
}

function sourceRow({ name, licence, provenance, files, in: into, out, from }: ManifestSource): Html {
  return html`<tr>
    <td><b>${name}</b></td>
    <td class="file">${from ? `from ${from.name}` : fileNames(files)}</td>
    <td class="w">${licence}</td>
    <td>${provenance}</td>
    <td class="n">${grouped(into.documents)} → ${grouped(out.documents)}</td>
    <td class="n">${textSize(into.bytes)} → ${textSize(out.bytes)}</td>
  </tr>`;
}

function fileNames([first, ...more]: ManifestSource["files"]): string {
  return `${first?.name ?? "none"}${more.length > 0 ? ` and ${grouped(more.length)} more` : ""}`;
}

function skippedOf({ sources }: Manifest): readonly Html[] {
  return sources.flatMap(({ name, skipped }) =>
    Object.entries(skipped).map(
      ([reason, { count, examples }]) =>
        html`<p class="warning">
          ${name}: ${grouped(count)} skipped,
          ${reason}${examples.length > 0 ? html` <small>${visibleText(examples.join("; "))}</small>` : undefined}
        </p>`,
    ),
  );
}

function lengths({ lengths: { bytes, tokens } }: Manifest): readonly Html[] {
  return [chart("bytes a document", bytes), ...(tokens ? [chart("tokens a document", tokens)] : [])];
}

function chart(name: string, counts: readonly number[]): Html {
  return html`<div class="card">
    <h3>${name}</h3>
    ${histogram(counts, binary)}
  </div>`;
}

/** A power of two. */
function binary(value: number): string {
  return value >= 2 ** 20 ? `${value / 2 ** 20}Mi` : value >= 2 ** 10 ? `${value / 2 ** 10}Ki` : String(value);
}

function mixOf({ mix, run, warnings }: DataReport): Html {
  return html`<p>
      ${run ? `Over the run of ${run.model}, which takes ${scaled(run.tokens)} tokens.` : "No run of this file trains on it; these are its shares."}
    </p>
    <div class="pair">
      <div>${stackedArea(mix)}</div>
      <table>
        <tr>
          <th>source</th>
          <th class="n">share</th>
          <th class="n">tokens</th>
          <th class="n">passes</th>
          <th class="n">at most</th>
        </tr>
        ${mix.map(mixRow)}
      </table>
    </div>
    ${warnings.map((warning) => html`<p class="warning">${warning.replaceAll("`", "")}</p>`)}`;
}

function mixRow(part: Mixed, i: number): Html {
  return html`<tr>
    <td><i class="dot" style="background: ${bandColor(i)}"></i>${part.name}</td>
    <td class="n">${sharesText(part, "→")}</td>
    <td class="n">${scaled(part.tokens)}</td>
    <td class="n">${part.epochs?.toFixed(2)}</td>
    <td class="n">${part.cap}</td>
  </tr>`;
}
