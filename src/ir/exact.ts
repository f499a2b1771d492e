/**
 * @file Which scalars have the same bits on every device. Devices may fuse and reorder floating-point operations as long as the result is at least as accurate, so a value is safe where all its
 * operations but the last are exact: nothing is as accurate as the one number that rounding gives.
 */
import { interval } from "./affine.ts";
import type { Space } from "./affine.ts";
import type { BinaryOp, Scalar } from "./graph.ts";
import { operands } from "./scalar.ts";

/** Multiples of 2^unit within bounds. */
interface Grid {
  readonly unit: number;
  readonly low: number;
  readonly high: number;
}

const significantBits = 24;

/** Whether a scalar over a space is exact up to its last operation. */
export function roundsOnce(s: Scalar, space: Space): boolean {
  if (s.kind === "select")
    return isDecided(s.condition, space) && [s.then, s.else].every((side) => roundsOnce(side, space));
  if (s.kind === "unary" && s.op === "neg") return roundsOnce(s.of, space);
  if (s.kind === "binary" && (s.op === "add" || s.op === "sub" || s.op === "mul"))
    return operands(s).every((o) => gridOf(o, space) !== undefined);
  return gridOf(s, space) !== undefined;
}

/** Whether a condition is the same everywhere: it compares exact values. */
function isDecided(s: Scalar, space: Space): boolean {
  return (
    s.kind !== "read" &&
    operands(s).every((o) => (o.dtype === "bool" ? isDecided(o, space) : gridOf(o, space) !== undefined))
  );
}

/** What is known of a value that is exact on every device; nothing if it may not be. */
function gridOf(s: Scalar, space: Space): Grid | undefined {
  if (s.dtype === "bool") return undefined;
  if (s.dtype === "i32") return isWhole(s) ? { unit: 0, ...interval(s, space) } : undefined;
  switch (s.kind) {
    case "literal":
      return literalGrid(Math.fround(s.value));
    case "random":
      return s.law === "uniform" ? { unit: -24, low: 0, high: 1 } : { unit: -21, low: -8, high: 8 };
    case "cast":
      return inF32(gridOf(s.of, space));
    case "select":
      return isDecided(s.condition, space) ? union(gridOf(s.then, space), gridOf(s.else, space)) : undefined;
    case "unary": {
      const of = s.op === "neg" ? gridOf(s.of, space) : undefined;
      return of && { unit: of.unit, low: -of.high, high: -of.low };
    }
    case "binary":
      return binaryGrid(s.op, gridOf(s.left, space), gridOf(s.right, space));
    default:
      return undefined;
  }
}

function binaryGrid(op: BinaryOp, a: Grid | undefined, b: Grid | undefined): Grid | undefined {
  if (!a || !b) return undefined;
  const unit = Math.min(a.unit, b.unit);
  if (op === "add") return inF32({ unit, low: a.low + b.low, high: a.high + b.high });
  if (op === "sub") return inF32({ unit, low: a.low - b.high, high: a.high - b.low });
  if (op === "min" || op === "max") return union(a, b);
  if (op !== "mul") return undefined;
  const products = [a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high];
  return inF32({ unit: a.unit + b.unit, low: Math.min(...products), high: Math.max(...products) });
}

const union = (a: Grid | undefined, b: Grid | undefined): Grid | undefined =>
  a && b && { unit: Math.min(a.unit, b.unit), low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) };

/** Integers are exact whatever is done with them, unless they are read or made of floats. */
const isWhole = (s: Scalar): boolean =>
  s.kind !== "read" && s.kind !== "slot" && operands(s).every((o) => o.dtype !== "f32" && isWhole(o));

/** Nothing where a number may have more bits than f32 holds. */
function inF32(grid: Grid | undefined): Grid | undefined {
  return grid && Math.max(-grid.low, grid.high) * 2 ** -grid.unit <= 2 ** significantBits ? grid : undefined;
}

/** Down to the lowest bit that is set. */
function literalGrid(value: number): Grid | undefined {
  if (!Number.isFinite(value)) return undefined;
  let unit = value === 0 ? 0 : Math.floor(Math.log2(Math.abs(value))) + 1;
  while (!Number.isInteger(value * 2 ** -unit)) unit--;
  return { unit, low: value, high: value };
}
