/**
 * @file What a phase reports. Phases collect diagnostics and never throw for a user's mistake.
 * Create them only through `report` of `codes.ts`, which holds every code and its message in one typed table.
 */
import type { Severity } from "./codes/entry.ts";
import type { DiagnosticCode } from "./codes.ts";
import type { Span } from "./source.ts";

/** A span with the few words written beside its underline. */
export interface Label {
  readonly span: Span;
  readonly text: string;
}

/** A mechanical mend: `llmc check --fix` applies it. */
export interface Fix {
  /** An imperative: "write `wo[h, e, d]`". */
  readonly title: string;
  readonly edits: readonly TextEdit[];
}

export interface TextEdit {
  readonly span: Span;
  readonly text: string;
}

export interface Diagnostic {
  readonly code: DiagnosticCode;
  readonly severity: Severity;
  /** One sentence with the concrete numbers, no trailing full stop. */
  readonly message: string;
  readonly primary: Label;
  /** The other half of the conflict. */
  readonly related: readonly Label[];
  /** Extra lines under the frame, such as a table of declared and indexed axes. Printed as they are. */
  readonly notes: readonly string[];
  /** A plain help line, where no mechanical fix exists. */
  readonly help?: string;
  readonly fixes: readonly Fix[];
  /** Where the declaration was instantiated: `["Tiny", "layers", "layer", "mix: attention"]`. */
  readonly path: readonly string[];
}
