/** @file What all printers of kernels share: indentation, float literals, and which register arrays become variables of their own. */
import { shortest } from "../../src/kernel/print.ts";
import type { Kernel } from "../../src/kernel/ir.ts";
import { visitExpressions, visitStatements } from "../../src/kernel/walk.ts";

export const indent = (lines: readonly string[]): string[] => lines.map((line) => (line === "" ? "" : `  ${line}`));

/** A float literal: `0.1`, `2.0`, `1e-7`. */
export function floatText(value: number): string {
  const text = Object.is(value, -0) ? "-0" : shortest(value);
  return /[.e]/.test(text) ? text.replace("e+", "e") : `${text}.0`;
}

/**
 * Register arrays that are only indexed by literals: each element is printed as a variable of its own, so that compilers keep it in a register. Those whose
 * variables would take the name of something else (as `name` gives it) stay arrays.
 */
export function splitRegisters(kernel: Kernel, name: (name: string) => string): ReadonlySet<string> {
  const split = new Set(kernel.registers.filter((register) => register.length > 1).map((register) => register.name));
  visitExpressions(kernel.body, (expr) => {
    if (expr.kind === "element" && expr.index.kind !== "literal") split.delete(expr.name);
  });
  const names = new Set([...kernel.bindings, ...kernel.shared, ...kernel.registers].map((array) => name(array.name)));
  visitStatements(kernel.body, (statement) => {
    if (statement.kind === "set" && statement.index && statement.index.kind !== "literal")
      split.delete(statement.target);
    if (statement.kind === "let" || statement.kind === "var") names.add(name(statement.name));
    if (statement.kind === "for") names.add(name(statement.variable));
  });
  for (const register of kernel.registers) {
    const parts = Array.from({ length: register.length }, (_, index) => `${name(register.name)}_${index}`);
    if (parts.some((part) => names.has(part))) split.delete(register.name);
  }
  return split;
}
