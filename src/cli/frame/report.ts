/** @file Diagnostics of a command on the terminal: each as a frame, then one line that counts them. */
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { renderDiagnostic } from "../../diagnostics/render-terminal.ts";
import type { Host } from "./host.ts";

export function isError(diagnostic: Diagnostic): boolean {
  return diagnostic.severity === "error";
}

/** Nobody reads more at once; `check --json` has all of them. */
const mostShown = 100;

export function printDiagnostics(diagnostics: readonly Diagnostic[], host: Host): void {
  for (const diagnostic of diagnostics.slice(0, mostShown))
    host.err(`${renderDiagnostic(diagnostic, { color: host.colors.isColorSupported })}\n\n`);
  if (diagnostics.length > mostShown) host.err(`and ${countDiagnostics(diagnostics.slice(mostShown))} more\n\n`);
}

/** `2 errors and 1 warning`. */
export function countDiagnostics(diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter(isError).length;
  const warnings = diagnostics.length - errors;
  const parts = [
    ...(errors > 0 ? [plural(errors, "error")] : []),
    ...(warnings > 0 ? [plural(warnings, "warning")] : []),
  ];
  return parts.join(" and ");
}

/** A path as it can be pasted into a shell. */
export function shown(path: string): string {
  return /^[\w./@%+=:,-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
