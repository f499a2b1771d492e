/** @file What printing a kernel's body needs to know of its declarations, and what it collects on the way: the helpers and constants used. */
import type { Kernel, ValueType } from "../../src/kernel/ir.ts";
import { splitRegisters } from "../text/text.ts";
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
    split: splitRegisters(kernel, wgslName),
    helpers: new Map(),
    uses: new Set(),
  };
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
