/**
 * @file Where a scalar is surely zero: up to which index of an axis anything else can occur. What a causal mask or a cache leaves out at one position is found from its guards,
 * so that sums over a whole context can stop there.
 */
import type { Scalar } from "./graph.ts";
import { binary, bool, int, rewrite, sub, subexpressions } from "./scalar.ts";
import { positionsOf } from "./sums.ts";

/** An index of the axis at a position beyond which the scalar is zero; it depends on no axis. */
export function lastNonZero(s: Scalar, position: number): Scalar | undefined {
  return lastOther(s, position, 0);
}

/** An index beyond which the scalar is minus infinity, or so low that maxima and exponentials do not see it. */
export function lastAboveLowest(s: Scalar, position: number): Scalar | undefined {
  return lastOther(s, position, -Infinity);
}

const both = (a: Scalar | undefined, b: Scalar | undefined): Scalar | undefined =>
  a && b && (a === b ? a : binary("max", a, b));

/** The first guard `axis < bound` with a bound that depends on no axis, and what the scalars are where it holds: most of a long context, without the choices for its end. */
export function belowGuard(
  scalars: readonly Scalar[],
  position: number,
): { readonly bound: Scalar; readonly scalars: readonly Scalar[] } | undefined {
  const guard = subexpressions(...scalars).find(
    (s) =>
      s.kind === "binary" &&
      s.op === "lt" &&
      s.left.kind === "axis" &&
      s.left.position === position &&
      positionsOf(s.right).size === 0,
  );
  if (guard?.kind !== "binary") return undefined;
  return {
    bound: guard.right,
    scalars: scalars.map((s) => rewrite(s, (part) => (part === guard ? bool(true) : undefined))),
  };
}

function lastOther(s: Scalar, position: number, value: number): Scalar | undefined {
  const within = (part: Scalar): Scalar | undefined => lastOther(part, position, value);
  switch (s.kind) {
    case "literal":
      return s.value === value ? int(-1) : undefined;
    case "select":
      return (
        both(lastWhere(s.condition, position) ?? within(s.then), within(s.else)) ?? both(within(s.then), within(s.else))
      );
    case "cast":
      return value === 0 ? within(s.of) : undefined;
    case "unary":
      if (value === 0 && s.op === "exp") return lastAboveLowest(s.of, position);
      return value === 0 && s.op === "neg" ? within(s.of) : undefined;
    case "binary":
      switch (s.op) {
        case "mul":
          return value === 0 ? (within(s.left) ?? within(s.right)) : undefined;
        case "div":
          return value === 0 ? within(s.left) : undefined;
        case "add":
          return value === 0 ? both(within(s.left), within(s.right)) : (within(s.left) ?? within(s.right));
        case "sub":
          return value === 0 ? both(within(s.left), within(s.right)) : within(s.left);
        default:
          return undefined;
      }
    default:
      return undefined;
  }
}

/** An index beyond which a condition is false. */
function lastWhere(condition: Scalar, position: number): Scalar | undefined {
  if (condition.kind !== "binary") return undefined;
  const { op, left, right } = condition;
  const bounds = (at: Scalar, bound: Scalar): boolean =>
    at.kind === "axis" && at.position === position && positionsOf(bound).size === 0;
  switch (op) {
    case "le":
      return bounds(left, right) ? right : undefined;
    case "lt":
      return bounds(left, right) ? sub(right, int(1)) : undefined;
    case "eq":
      return bounds(left, right) ? right : bounds(right, left) ? left : undefined;
    case "and":
      return lastWhere(left, position) ?? lastWhere(right, position);
    default:
      return undefined;
  }
}
