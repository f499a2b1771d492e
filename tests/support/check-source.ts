/** @file What "checking a file" means in the tests of messages: the text and its fields. */
import type { Diagnostic } from "../../src/diagnostics/diagnostic.ts";
import type { SourceFile } from "../../src/diagnostics/source.ts";
import { checkFileFields } from "../../grammar/check-fields.ts";
import { parseFile } from "../../grammar/parse.ts";

export function checkSource(source: SourceFile): readonly Diagnostic[] {
  const { file, diagnostics } = parseFile(source);
  return [...diagnostics, ...checkFileFields(file)].toSorted((a, b) => a.primary.span.start - b.primary.span.start);
}
