/**
 * @file One order for the operands of commutative operators, by what they are and not by when they were made: scalars are interned, so a subexpression without reads is older
 * than the reads of every layer but the first, and kernels of equal layers would differ in nothing but the order of a product.
 */
import { operands } from "../../ir/scalar.ts";
import type { Binary, BinaryOp, Scalar } from "../../ir/graph.ts";

const commutative: ReadonlySet<BinaryOp> = new Set(["add", "mul", "min", "max", "eq", "ne", "and", "or"]);

const hashes = new WeakMap<Scalar, number>();

/** Equal for scalars that differ in nothing but which nodes of equal shapes they read. */
function structure(s: Scalar): number {
  let hash = hashes.get(s);
  if (hash === undefined) {
    const inner = operands(s).map(structure);
    if (s.kind === "binary" && commutative.has(s.op)) inner.sort((a, b) => a - b);
    const parts = [s.kind, s.dtype, describe(s), ...inner].join();
    hash = 0x811c9dc5;
    for (let i = 0; i < parts.length; i++) hash = Math.imul(hash ^ parts.charCodeAt(i), 0x01000193);
    hashes.set(s, hash);
  }
  return hash;
}

function describe(s: Scalar): string {
  switch (s.kind) {
    case "literal":
      return String(s.value);
    case "axis":
      return String(s.position);
    case "slot":
      return String(s.index);
    case "read":
      return `${s.of.kind} ${s.of.axes.map((axis) => axis.size).join("x")}`;
    case "unary":
    case "binary":
      return s.op;
    // The stream of random numbers is of a declaration, and so of a layer.
    case "random":
    case "select":
    case "cast":
      return "";
  }
}

/** Literals stay on the right. */
export function operandsInOrder(s: Binary): readonly [Scalar, Scalar] {
  const { op, left, right } = s;
  const swap =
    commutative.has(op) && left.kind !== "literal" && right.kind !== "literal" && structure(left) > structure(right);
  return swap ? [right, left] : [left, right];
}
