/** @file The funnel of the report: a bar for each step, and behind it what went, why, what is measured, and for example which documents. */
import type { Amount, Example, Manifest, ManifestStep } from "../../../data/curate/shards/manifest.ts";
import type { StepSurvey } from "../../../data/survey/survey.ts";
import { visibleText } from "../../../runtime/util/terminal-text.ts";
import { byCount, factName, grouped, shareText, textSize } from "../../frame/amounts.ts";
import { documentOf, editOf, headed } from "./documents.ts";
import { html, type Html } from "./markup.ts";
import { measureCharts } from "./measures.ts";

export function funnel({ steps }: Manifest, start: Amount, surveys: readonly StepSurvey[]): Html {
  if (steps.length === 0) return html`<p class="soft">The declaration has no steps.</p>`;
  return html`<div class="card">${steps.map((step, i) => stepRow(step, start, surveys[i]))}</div>`;
}

function stepRow(step: ManifestStep, start: Amount, survey: StepSurvey | undefined): Html {
  const { name, in: into, out } = step;
  const lost = into.bytes - out.bytes;
  // Copies that a step made may be more than there was at the start.
  const part = (bytes: number): string =>
    `${start.bytes === 0 ? 0 : Math.min(100, (100 * bytes) / start.bytes).toFixed(2)}%`;
  const more = out.documents - into.documents;
  const change = more === 0 ? "no document dropped" : `${more > 0 ? "+" : "−"}${grouped(Math.abs(more))} documents`;
  return html`<details>
    <summary class="step">
      <span class="name">${name}</span
      ><span class="bar" title="${textSize(out.bytes)} left, ${textSize(Math.max(0, lost))} went"
        ><i style="width: ${part(out.bytes)}"></i><i style="width: ${part(Math.max(0, lost))}"></i></span
      ><span class="n"
        >${grouped(out.documents)} · ${textSize(out.bytes)}<small
          >${change}, ${into.bytes === 0 ? "0.0%" : shareText(Math.max(0, lost) / into.bytes)} of the text</small
        ></span
      >
    </summary>
    <div class="inside">${inside(step)}${survey && closely(survey)}</div>
  </details>`;
}

function inside({ dropped, edits, clusters, facts }: ManifestStep): readonly Html[] {
  const reasons = byCount(dropped).map(
    ([reason, { count, bytes }]) =>
      html`<tr>
        <td><b>${reason}</b></td>
        <td class="n">${grouped(count)} ${count === 1 ? "document" : "documents"}</td>
        <td class="n">${textSize(bytes)}</td>
      </tr>`,
  );
  const said = [
    ...listed(
      Object.entries(edits).map(([kind, count]) => [kind, grouped(count)]),
      "edits:",
    ),
    ...listed(
      Object.entries(facts).map(([fact, value]) => [
        factName(fact),
        Number.isInteger(value) ? grouped(value) : value.toFixed(3),
      ]),
      "found:",
    ),
    ...listed(
      clusters.slice(0, 1).map(({ size }) => ["documents", grouped(size)]),
      "largest cluster:",
    ),
  ];
  const all = [
    ...said,
    ...(reasons.length > 0
      ? [
          html`<div class="wide">
            <table class="reasons">
              ${reasons}
            </table>
          </div>`,
        ]
      : []),
  ];
  return all.length > 0 ? all : [html`<p class="soft">Nothing was dropped or changed.</p>`];
}

function listed(rows: readonly (readonly [string, string])[], what: string): readonly Html[] {
  if (rows.length === 0) return [];
  return [
    html`<div class="why">
      <span class="soft">${what}</span>
      ${rows.map(([name, value], i) => html`${i > 0 ? ", " : ""}${name} <b>${value}</b>`)}
    </div>`,
  ];
}

function closely({ dropped, edited, kept, measures }: StepSurvey): readonly Html[] {
  return [
    ...headed("Measured", measureCharts(measures)),
    ...headed("Dropped, for example", dropped.map(documentOf)),
    ...headed("Changed, for example", edited.map(editOf)),
    ...headed("Kept, for example", kept.map(documentOf)),
  ];
}

const exampleOf = ({ id, text }: Example): Html => documentOf({ id, text });

/** The largest clusters of every step that compares documents. */
export function clustersOf({ steps }: Manifest): readonly Html[] {
  return steps
    .filter(({ clusters }) => clusters.length > 0)
    .map(
      ({ name, clusters }) =>
        html`<h3>${name}</h3>
          <div class="card">
            ${clusters.map(
              ({ size, documents }) =>
                html`<details>
                  <summary>
                    <b>${grouped(size)}</b> documents:
                    <span class="soft">${visibleText((documents[0]?.text ?? "").slice(0, 90))}</span>
                  </summary>
                  <div class="inside">${documents.map(exampleOf)}</div>
                </details>`,
            )}
          </div>`,
    );
}
