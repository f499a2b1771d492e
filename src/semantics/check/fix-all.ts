/** @file Applies the mechanical fixes of a program until none is left. A fix can uncover mistakes that it hid; none is kept that leaves more errors than before. */
import { applyFixes } from "../../diagnostics/apply-fixes.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { isLibrary } from "../load/scope.ts";

export interface Fixed {
  /** The new texts of the files that changed, by their paths. */
  readonly texts: ReadonlyMap<string, string>;
  /** What is said of them. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Says what is wrong where some files have these texts instead of their own. */
export type Check = (texts: ReadonlyMap<string, string>) => readonly Diagnostic[];

/** Overlapping fixes wait for the next round, and a fix can uncover the next mistake. */
const mostRounds = 10;

export function fixAll(check: Check): Fixed {
  let fixed: Fixed = { texts: new Map(), diagnostics: check(new Map()) };
  for (let round = 0; round < mostRounds; round++) {
    const fixable = fixed.diagnostics.filter((d) => d.fixes.length === 1);
    const next = attempt(fixed, fixable, check) ?? oneByOne(fixed, fixable, check);
    if (!next) break;
    fixed = next;
  }
  return fixed;
}

function attempt(
  { texts, diagnostics: before }: Fixed,
  fixable: readonly Diagnostic[],
  check: Check,
): Fixed | undefined {
  const changed = applyFixes(fixable).filter(({ file, text }) => !isLibrary(file) && text !== file.text);
  if (changed.length === 0) return undefined;
  const after = new Map([...texts, ...changed.map(({ file, text }) => [file.path, text] as const)]);
  const diagnostics = check(after);
  return errors(diagnostics) <= errors(before) ? { texts: after, diagnostics } : undefined;
}

/** Where not all fixes go together, trying each takes as many checks: the first ones have to do. */
const mostSingle = 20;

function oneByOne(fixed: Fixed, fixable: readonly Diagnostic[], check: Check): Fixed | undefined {
  if (fixable.length < 2) return undefined;
  for (const diagnostic of fixable.slice(0, mostSingle)) {
    const next = attempt(fixed, [diagnostic], check);
    if (next) return next;
  }
  return undefined;
}

function errors(diagnostics: readonly Diagnostic[]): number {
  return diagnostics.filter((d) => d.severity === "error").length;
}
