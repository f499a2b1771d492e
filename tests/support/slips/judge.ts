/** @file Plants slips and judges what is said of them: one error, of the right kind, at the right place, with the right help, and a fix that restores what was meant. */
import { parseFile } from "../../../grammar/parse.ts";
import { mix } from "../../../src/abi/random.ts";
import type { Diagnostic } from "../../../src/diagnostics/diagnostic.ts";
import { renderDiagnostics } from "../../../src/diagnostics/render-terminal.ts";
import { fixAll } from "../../../src/semantics/check/fix-all.ts";
import { checkSource } from "../check-source.ts";
import { codeOf, type Edit, type Kind } from "./kind.ts";
import { kinds } from "./kinds.ts";
import type { Spec } from "../slip-specs.ts";

export interface Planted {
  readonly kind: Kind;
  readonly spec: Spec;
  readonly edit: Edit;
  readonly text: string;
}

/** Places of a kind, drawn over the specs by a seed; fewer where there are not so many. */
export function draw(kind: Kind, specs: readonly Spec[], count: number, seed: number): readonly Planted[] {
  const all = specs
    .filter(isRight)
    .flatMap((spec) =>
      kind
        .places(codeOf(spec.text), spec.text)
        .map((edit, i) => ({ spec, edit, order: mix((seed + mix(i + mix(specs.indexOf(spec) + 1))) >>> 0) })),
    );
  return all
    .toSorted((a, b) => a.order - b.order)
    .slice(0, count)
    .map(({ spec, edit }) => planted(kind, spec, edit));
}

const rights = new Map<string, boolean>();
/** Only in a spec without errors is a slip the only one. */
function isRight({ text }: Spec): boolean {
  const right = rights.get(text) ?? errorsOf(check(text)).length === 0;
  rights.set(text, right);
  return right;
}

function planted(kind: Kind, spec: Spec, edit: Edit): Planted {
  const text =
    edit.text === "\r\n"
      ? spec.text.replaceAll("\n", "\r\n")
      : spec.text.slice(0, edit.start) + edit.text + spec.text.slice(edit.end);
  return { kind, spec, edit, text };
}

/** The slip of a kind at the place of a spec that a number names: `name` as `draw` and `describe` say it. */
export function slipNamed(kindName: string, spec: Spec, start: number): Planted {
  const kind = kinds.find(({ name }) => name === kindName);
  const edit = kind?.places(codeOf(spec.text), spec.text).find((place) => place.start === start);
  if (!kind || !edit) throw new Error(`there is no ${kindName} at ${start} of ${spec.name}`);
  return planted(kind, spec, edit);
}

const file = "slip.llm";
let last: { readonly text: string; readonly found: readonly Diagnostic[] } = { text: "", found: [] };
function check(text: string): readonly Diagnostic[] {
  if (last.text !== text) last = { text, found: checkSource({ path: file, text }, []) };
  return last.found;
}
const errorsOf = (diagnostics: readonly Diagnostic[]): readonly Diagnostic[] =>
  diagnostics.filter((d) => d.severity === "error");

/** What is wrong with what is said; nothing where all is right. */
export function judge({ kind, spec, edit, text }: Planted): { readonly wrong?: string; readonly said: string } {
  const diagnostics = check(text);
  const errors = errorsOf(diagnostics);
  const said = renderDiagnostics(diagnostics);
  const wrong = ((): string | undefined => {
    if (kind.harmless)
      return diagnostics.length > errorsOf(check(spec.text)).length && errors.length > 0
        ? "nothing is wrong"
        : undefined;
    const [error, ...more] = errors;
    if (!error) return meaningOf(text) === meaningOf(spec.text) ? "the slip changes nothing" : "nothing is said";
    if (more.length > 0) return `${errors.length} errors`;
    if (!kind.codes.some((code) => error.code.startsWith(code))) return `code ${error.code}`;
    if (!isNear(error, edit, text, kind)) return "another place";
    const words = [
      error.message,
      error.help ?? "",
      error.primary.text,
      ...error.related.map((r) => r.text),
      ...error.notes,
      ...error.fixes.map((f) => f.title),
    ].join("\n");
    const missing = (kind.says?.(spec.text.slice(edit.start, edit.end)) ?? []).find((word) => !words.includes(word));
    if (missing !== undefined) return `does not say ${missing}`;
    if (error.fixes.length !== 1) return undefined;
    const fixed = fixAll((texts) => check(texts.get(file) ?? text));
    if (errorsOf(fixed.diagnostics).length > 0) return "the fix leaves errors";
    return meaningOf(fixed.texts.get(file) ?? text) ===
      meaningOf(
        kind.meant === undefined ? spec.text : spec.text.slice(0, edit.start) + kind.meant + spec.text.slice(edit.end),
      )
      ? undefined
      : "the fix means something else";
  })();
  return { ...(wrong !== undefined && { wrong }), said };
}

function isNear(
  { primary, related }: Diagnostic,
  { start, text: inserted }: Edit,
  text: string,
  { later, elsewhere }: Kind,
): boolean {
  const line = (offset: number): number => text.slice(0, offset).split("\n").length;
  const slip = [line(start), line(start + inserted.trimEnd().length)];
  const on = (span: { readonly start: number; readonly end: number }, more = 0): boolean =>
    line(span.start) <= (slip[1] ?? 0) + more && line(Math.max(span.start, span.end - 1)) >= (slip[0] ?? 0) - more;
  return (
    on(primary.span) ||
    elsewhere === true ||
    (later === true && (on(primary.span, 1) || related.some(({ span }) => on(span))))
  );
}

/** The syntax tree without places. */
export function meaningOf(text: string): string {
  const { file: tree } = parseFile({ path: file, text });
  return JSON.stringify(tree.declarations, (key, value: unknown) =>
    key === "span" || key.endsWith("Span") || key === "doc" || key === "raw" ? undefined : value,
  );
}

/** A name of a slip that finds it again. */
export function describeSlip({ kind, spec, edit }: Planted): string {
  return `${kind.name} · ${spec.name}:${edit.start}`;
}
