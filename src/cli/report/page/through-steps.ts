/** @file How the documents of each source, and of each language, come through the steps: a table of what is left after each. */
import type { Manifest } from "../../../data/curate/shards/manifest.ts";
import type { Survey } from "../../../data/survey/survey.ts";
import { grouped } from "../../frame/amounts.ts";
import { html, type Html } from "./markup.ts";

interface Row {
  readonly name: string;
  readonly read: number;
  /** Documents after each step. */
  readonly left: readonly number[];
}

/** Sources that a table shows. */
const mostRows = 20;

export function throughSteps(
  { steps }: Manifest,
  { steps: surveys, languages, documents, of }: Survey,
): readonly Html[] {
  if (steps.length === 0) return [];
  const names = steps.map(({ name }) => name);
  const sources = (surveys[0]?.sources ?? []).map(({ name, in: into }, i): Row => ({
    name,
    read: into.documents,
    left: surveys.map((survey) => survey.sources[i]?.out.documents ?? 0),
  }));
  const more = sources.length - mostRows;
  return [
    table(
      "source",
      names,
      sources.slice(0, mostRows),
      more > 0 ? html`<p class="soft">and ${grouped(more)} more sources</p>` : undefined,
    ),
    ...(languages === undefined
      ? []
      : [
          table(
            "language",
            names,
            languages.map(({ language, read, left }) => ({ name: language, read, left })),
            html`<p class="soft">
              Languages are those of a sample of ${grouped(languages.reduce((sum, { read }) => sum + read, 0))}
              documents${documents < of ? `, drawn from ${grouped(documents)} of ${grouped(of)}` : ""}.
            </p>`,
          ),
        ]),
  ];
}

function table(what: string, steps: readonly string[], rows: readonly Row[], said: Html | undefined): Html {
  const cells = ({ name, read, left }: Row): Html =>
    html`<tr>
      <td><b>${name}</b></td>
      <td class="n">${grouped(read)}</td>
      ${left.map((count) => {
        const share = read === 0 ? 0 : count / read;
        return html`<td
          class="n heat"
          style="--share: ${(100 * share).toFixed(1)}%"
          title="${grouped(count)} documents"
        >
          ${(100 * share).toFixed(share < 0.1 ? 1 : 0)}%
        </td>`;
      })}
    </tr>`;
  return html`<div class="card wide">
    <table>
      <tr>
        <th>${what}</th>
        <th class="n">read</th>
        ${steps.map((step) => html`<th class="step-name">${step.split("_").map((part, i, parts) => html`${part}${i < parts.length - 1 ? html`_<wbr />` : undefined}`)}</th>`)}
      </tr>
      ${rows.map(cells)}
    </table>
    ${said}
  </div>`;
}
