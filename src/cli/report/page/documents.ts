/** @file Documents in the report: how one begins, and what a step changed of one. Their text is shown, and does nothing. */
import type { ShownDocument, ShownEdit } from "../../../data/survey/step-sample.ts";
import { visibleText } from "../../../runtime/util/terminal-text.ts";
import { html, type Html } from "./markup.ts";

/** A heading, if there is something below it. */
export const headed = (title: string, content: readonly Html[]): readonly Html[] =>
  content.length === 0 ? [] : [html`<h4>${title}</h4>`, ...content];

export function documentOf({
  source,
  id,
  text,
  reason,
  detail,
}: Partial<ShownDocument> & Pick<ShownDocument, "id" | "text">): Html {
  const why = reason === undefined ? undefined : html` <em>${reason}</em>`;
  const more = detail === undefined ? undefined : html` <span class="detail">${visibleText(detail)}</span>`;
  return html`<div class="document">
    ${named(source, id)}${why}${more}${preformatted("text", [html`${visibleText(text)}`])}
  </div>`;
}

export function editOf({ source, id, pieces }: ShownEdit): Html {
  const shown = pieces.map(({ kind, text }) => {
    switch (kind) {
      case "same":
        return html`${visibleText(text)}`;
      case "gap":
        return html`<span class="soft"> … </span>`;
      case "removed":
        return html`<del>${visibleText(text)}</del>`;
      case "added":
        return html`<ins>${visibleText(text)}</ins>`;
    }
  });
  return html`<div class="document">${named(source, id)}${preformatted("diff", shown)}</div>`;
}

/** A text whose white space is shown: there must be no more of it than the text has. */
const preformatted = (what: "text" | "diff", content: readonly Html[]): Html => html`<p class="${what}">${content}</p>`;

const named = (source: string | undefined, id: string): Html =>
  html`${source === undefined ? undefined : html`<b>${source}</b> `}<code>${visibleText(id)}</code>`;
