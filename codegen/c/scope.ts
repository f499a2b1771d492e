/** @file Where printing stands in a kernel: what is in sight, how it varies over the lanes, and which lanes are active. */
import type { Array_, Kernel, ScalarType, UniformStatement } from "../../src/kernel/ir.ts";
import { visitExpressions } from "../../src/kernel/walk.ts";
import { splitRegisters } from "../text/text.ts";
import { cName } from "./names.ts";
import type { Shape, Shapes } from "./shape.ts";
import { varyingNames } from "./varying.ts";

export interface Scope extends Shapes {
  /** Vectors that make up the workgroup: with several, each phase is a loop over them. */
  readonly parts: number;
  readonly split: ReadonlySet<string>;
  /** How often each name is used. */
  readonly uses: ReadonlyMap<string, number>;
  readonly registers: ReadonlyMap<string, Array_>;
  readonly locals: Map<string, Shape>;
  /** The mask of the active lanes; absent where all are. */
  readonly mask?: string;
  /** How many divergent branches and loops are around, and how many were around the declaration of a var. */
  readonly depth: number;
  readonly declared: Map<string, number>;
  /** For each register that was set so far, whether the first time was under a mask: the lanes that do not take part keep what was there, so something must be. */
  readonly firstSetMasked: Map<string, boolean>;
  readonly freshMask: () => string;
}

export function scopeOf(kernel: Kernel, body: readonly UniformStatement[], width: number): Scope {
  let masks = 0;
  const uses = new Map<string, number>();
  visitExpressions(body, (expr) => {
    if (expr.kind === "variable") uses.set(expr.name, (uses.get(expr.name) ?? 0) + 1);
  });
  return {
    uses,
    width,
    lanes: kernel.lanes,
    parts: kernel.lanes / width,
    split: splitRegisters(kernel, cName),
    registers: new Map(kernel.registers.map((register) => [register.name, register])),
    varying: varyingNames(kernel, body, width),
    locals: new Map(),
    depth: 0,
    declared: new Map(),
    firstSetMasked: new Map(),
    freshMask: () => `mask_${masks++}`,
  };
}

/** A scope within, where more names come in sight. */
export const blockOf = (scope: Scope): Scope => ({ ...scope, locals: new Map(scope.locals) });

const scalarTypes: Readonly<Record<ScalarType, string>> = {
  f32: "float",
  i32: "int32_t",
  u32: "uint32_t",
  bool: "int32_t",
};

/** `float`, or `f32x16` for what varies; conditions are int32_t: 0 and 1, in vectors 0 and -1. */
export const typeName = (scalar: ScalarType, width: number): string =>
  width === 1 ? scalarTypes[scalar] : `${scalar === "bool" ? "i32" : scalar}x${width}`;

/** How helpers on values of a type are called: `f32x16`. */
export const suffix = (scalar: ScalarType, width: number): string => `${scalar === "bool" ? "i32" : scalar}x${width}`;
