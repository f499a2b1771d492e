/** @file What must hold for any text whatever: it is checked, rendered, fixed and formatted without an exception and without a change of meaning. */
import { parseFile } from "../../grammar/parse.ts";
import { formatText } from "../../grammar/print.ts";
import { readComments } from "../../grammar/print/comments.ts";
import type { Diagnostic } from "../../src/diagnostics/diagnostic.ts";
import { renderDiagnostics } from "../../src/diagnostics/render-terminal.ts";
import { fixAll } from "../../src/semantics/check/fix-all.ts";
import { checkSource } from "./check-source.ts";

const isError = (d: Diagnostic): boolean => d.severity === "error";
const path = "mutated.llm";

function check(text: string): readonly Diagnostic[] {
  return checkSource({ path, text }, []);
}

/** Why a text is treated wrongly; nothing where all is well. */
export async function problemWith(text: string): Promise<string | undefined> {
  try {
    const before = check(text);
    const shown = renderDiagnostics(before);
    // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
    if (/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/.test(shown))
      return "a control character reaches the terminal";
    if (
      /undefined|\[object|internal:/.test(before.map((d) => d.message).join("\n")) &&
      !/undefined|internal/.test(text)
    )
      return `a message speaks of the compiler: ${before.map((d) => d.message).join("; ")}`;
    const fixed = fixAll((texts) => check(texts.get(path) ?? text)).texts.get(path) ?? text;
    const left = check(fixed).filter(isError).length;
    if (left > before.filter(isError).length)
      return `fixes raise the errors from ${before.filter(isError).length} to ${left}:\n${fixed}`;
    return await problemWithFormat(text);
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message).split("\n").slice(0, 8).join("\n") : String(error);
  }
}

async function problemWithFormat(text: string): Promise<string | undefined> {
  if (parseFile({ path, text }).diagnostics.some(isError)) return undefined;
  const once = await formatText(text);
  if (meaningOf(once) !== meaningOf(text)) return `formatting changes the meaning:\n${once}`;
  const twice = await formatText(once);
  return twice === once ? undefined : `formatting again changes the text:\n${once}\n--- again\n${twice}`;
}

/** The tree without places, and the comments. Documentation in the midst of an expression moves to what it stands in. */
function meaningOf(text: string): string {
  const source = { path, text };
  const { file, diagnostics } = parseFile(source);
  const comments = readComments(source)
    .map((comment) => comment.text.trimEnd())
    .toSorted();
  return JSON.stringify([file, diagnostics.filter(isError).length, comments], (key, value: unknown) =>
    key === "span" || key === "bodySpan" || key === "doc" ? undefined : value,
  );
}
