/**
 * @file Every diagnostic code in one typed table, and `report`, the only way to make a diagnostic.
 * Each phase keeps its rows in a file under `codes/`; a new file is spread into `codes` below. The table also
 * feeds `llmc explain` and the generated list of diagnostics.
 */
import { dataCodes } from "./codes/data.ts";
import { fieldCodes } from "./codes/field.ts";
import { semanticsCodes } from "./codes/semantics.ts";
import { syntaxCodes } from "./codes/syntax.ts";
import type { CodeEntry } from "./codes/entry.ts";
import type { Diagnostic, Fix, Label } from "./diagnostic.ts";

export const codes = {
  ...syntaxCodes,
  ...fieldCodes,
  ...semanticsCodes,
  ...dataCodes,
};

/** `phase/what`. */
export type DiagnosticCode = keyof typeof codes;

/** What the message of a code needs to know. */
export type CodeParams<C extends DiagnosticCode> = Parameters<(typeof codes)[C]["message"]>[0];

/** Where a diagnostic points, and what stands under the frame. */
export interface ReportDetails {
  readonly primary: Label;
  readonly related?: readonly Label[];
  readonly notes?: readonly string[];
  readonly help?: string;
  readonly fixes?: readonly Fix[];
  readonly path?: readonly string[];
}

/** Makes a diagnostic of the given code; the parameters are those of the code's message. */
export function report<C extends DiagnosticCode>(code: C, params: CodeParams<C>, details: ReportDetails): Diagnostic {
  const entry = codes[code] as unknown as CodeEntry<CodeParams<C>>;
  return {
    code,
    severity: entry.severity,
    message: entry.message(params),
    primary: details.primary,
    related: details.related ?? [],
    notes: details.notes ?? [],
    ...(details.help === undefined ? {} : { help: details.help }),
    fixes: details.fixes ?? [],
    path: details.path ?? [],
  };
}
