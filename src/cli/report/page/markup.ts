/** @file Pieces of HTML. What comes from documents is escaped here and nowhere else. */

/** HTML that was made by `html` or `join`. */
export interface Html {
  readonly html: string;
}

type HtmlPart = Html | string | number | undefined | readonly Html[];

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function textOf(part: HtmlPart): string {
  if (part === undefined) return "";
  if (typeof part === "string" || typeof part === "number")
    return String(part).replace(/[&<>"']/g, (c) => escapes[c] ?? c);
  return "html" in part ? part.html : part.map((p) => p.html).join("");
}

/** A template: texts in it are escaped, pieces of HTML are not. */
export function html(strings: TemplateStringsArray, ...parts: readonly HtmlPart[]): Html {
  return { html: strings.map((text, i) => text + (i < parts.length ? textOf(parts[i]) : "")).join("") };
}
