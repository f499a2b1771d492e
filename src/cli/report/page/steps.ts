/** @file The funnel of the report: a bar for each step, and behind it what went, why, and for example which documents. */
import type { Amount, Example, Manifest, ManifestStep } from "../../../data/curate/shards/manifest.ts";
import { byCount, factName, grouped, shareText, textSize } from "../../frame/amounts.ts";
import { html, type Html } from "./markup.ts";

export function funnel({ steps }: Manifest, start: Amount): Html {
  if (steps.length === 0) return html`<p class="soft">The declaration has no steps.</p>`;
  return html`<div class="card">${steps.map((step) => stepRow(step, start))}</div>`;
}

function stepRow(step: ManifestStep, start: Amount): Html {
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
          >${change}, ${into.bytes === 0 ? "0.0%" : shareText(lost / into.bytes)} of the text</small
        ></span
      >
    </summary>
    <div class="inside">${inside(step)}</div>
  </details>`;
}

function inside({ dropped, edits, clusters, facts }: ManifestStep): readonly Html[] {
  const reasons = byCount(dropped).map(
    ([reason, { count, bytes, examples }]) =>
      html`<div class="why">
        <b>${reason}</b>
        <span class="soft">${grouped(count)} ${count === 1 ? "document" : "documents"}, ${textSize(bytes)}</span
        >${examples.map(exampleOf)}
      </div>`,
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
  const all = [...said, ...reasons];
  return all.length > 0 ? all : [html`<span class="soft">Nothing was dropped or changed.</span>`];
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

export function exampleOf({ id, text, detail }: Example): Html {
  return html`<div class="document">
    <code>${id}</code> ${detail === undefined ? undefined : html`<em>${detail}</em>`}
    <p>${text}</p>
  </div>`;
}

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
                    <span class="soft">${(documents[0]?.text ?? "").slice(0, 90)}</span>
                  </summary>
                  <div class="inside">${documents.map(exampleOf)}</div>
                </details>`,
            )}
          </div>`,
    );
}
