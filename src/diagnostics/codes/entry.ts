/** @file The shape of one row in the table of diagnostic codes. */
export interface CodeEntry<P> {
  readonly severity: Severity;
  /** One sentence with the concrete numbers and no trailing full stop. */
  readonly message: (params: P) => string;
  /** One paragraph for `llmc explain <code>` and the generated documentation. */
  readonly explanation: string;
}

/** A row that makes the program wrong. */
export function error<P>(message: (params: P) => string, explanation: string): CodeEntry<P> {
  return { severity: "error", message, explanation };
}

/** A row that deserves attention and stops nothing. */
export function warning<P>(message: (params: P) => string, explanation: string): CodeEntry<P> {
  return { severity: "warning", message, explanation };
}

export type Severity = "error" | "warning";
