/** @file What printing a kernel's body needs to know of its declarations, and what it collects on the way: the helpers and constants used. */
import type { Kernel, ValueType } from "../../src/kernel/ir.ts";
import { visitExpressions, visitStatements } from "../../src/kernel/walk.ts";
import type { HelperUse } from "./helpers.ts";
import { helperCall } from "./helpers.ts";
import { wgslName } from "./names.ts";

export interface Scope {
  readonly kernel: Kernel;
  /** Register arrays that are only indexed by literals: each element is a variable of its own, so that drivers keep it in a register. */
  readonly split: ReadonlySet<string>;
  readonly helpers: Map<string, HelperUse>;
  readonly uses: Set<"lane" | "group" | "largest">;
}

export function scopeOf(kernel: Kernel): Scope {
  return {
    kernel,
    split: splitRegisters(kernel),
    helpers: new Map(),
    uses: new Set(),
  };
}

function splitRegisters(kernel: Kernel): ReadonlySet<string> {
  const split = new Set(kernel.registers.filter((register) => register.length > 1).map((register) => register.name));
  visitExpressions(kernel.body, (expr) => {
    if (expr.kind === "element" && expr.index.kind !== "literal") split.delete(expr.name);
  });
  const names = new Set([...kernel.bindings, ...kernel.shared, ...kernel.registers].map((array) => wgslName(array.name)));
  visitStatements(kernel.body, (statement) => {
    if (statement.kind === "set" && statement.index && statement.index.kind !== "literal") split.delete(statement.target);
    if (statement.kind === "let" || statement.kind === "var") names.add(wgslName(statement.name));
    if (statement.kind === "for") names.add(wgslName(statement.variable));
  });
  for (const register of kernel.registers) {
    const parts = Array.from({ length: register.length }, (_, index) => partName(register.name, index));
    if (parts.some((part) => names.has(part))) split.delete(register.name);
  }
  return split;
}

/** The variable that holds an element of a split register. */
export const partName = (register: string, index: number): string => `${wgslName(register)}_${index}`;

/** The name to call a helper by, which is then printed with the module. */
export function useHelper(scope: Scope, use: HelperUse): string {
  const call = helperCall(use);
  scope.helpers.set(call, use);
  return call;
}

/** `f32`, `vec4f`, `vec2<bool>`. */
export function typeName({ scalar, width }: ValueType): string {
  if (width === 1) return scalar;
  return scalar === "bool" ? `vec${width}<bool>` : `vec${width}${scalar[0] ?? ""}`;
}
