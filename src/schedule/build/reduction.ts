/** @file The operators of reductions in kernels: where they start, how they combine, how the four parts of a vector come together. */
import type { DType, Reduction } from "../../ir/graph.ts";
import { add, binary, component, components, largest, literal, max, min } from "../../kernel/expr.ts";
import type { Expr, ValueType, Width } from "../../kernel/ir.ts";

export const kernelOp = (op: Reduction["op"]): "add" | "max" | "min" => (op === "sum" ? "add" : op);

/** The value of an empty reduction: for maxima and minima the extreme finite number. */
export function startOf(op: Reduction["op"], type: ValueType): Expr {
  if (op === "sum") return literal(type, 0);
  if (type.scalar === "i32") return literal(type, op === "max" ? -0x80000000 : 0x7fffffff);
  return literal(type, op === "max" ? -largest : largest);
}

export function combine(op: Reduction["op"], left: Expr, right: Expr): Expr {
  return op === "sum" ? add(left, right) : op === "max" ? max(left, right) : min(left, right);
}

/** The combination of a vector's components, as a tree. */
export function across(op: Reduction["op"], value: Expr): Expr {
  if (value.type.width === 1) return value;
  const [x, y, z, w] = components(value);
  if (!x || !y || !z || !w) return component(value, 0);
  return binary(kernelOp(op), combine(op, x, y), combine(op, z, w));
}

export const valueType = (dtype: DType, width: Width): ValueType => ({
  scalar: dtype === "bool" ? "i32" : dtype,
  width,
});
