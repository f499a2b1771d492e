/**
 * @file How a value differs between the lanes of a SIMD vector: not at all (`uniform`: a C scalar), by a constant step (`linear`: the scalar of the vector's first
 * lane is enough to know it, and an array is loaded there as a whole vector), or in any way (`varying`: a C vector).
 *
 * Integers carry a number that surely divides them (0: they are zero). That is what makes `(16 · group + lane) / 64` uniform: all lanes of a vector lie in one block of 64.
 */
import type { Expr } from "../../src/kernel/ir.ts";
import { operands } from "../../src/kernel/walk.ts";

export type Shape =
  | { readonly kind: "uniform"; readonly multiple: number }
  /** Lane j of the vector has the first lane's value + j · stride; `multiple` divides the first lane's. i32 only. */
  | { readonly kind: "linear"; readonly stride: number; readonly multiple: number }
  | { readonly kind: "varying" };

export interface Shapes {
  /** Lanes of a vector, and of the workgroup. */
  readonly width: number;
  readonly lanes: number;
  /** Lets and loop variables in sight. */
  readonly locals: ReadonlyMap<string, Shape>;
  /** Vars and registers that need a vector; the others are uniform. */
  readonly varying: ReadonlySet<string>;
}

export const varying: Shape = { kind: "varying" };
const uniform = (multiple = 1): Shape => ({ kind: "uniform", multiple });
const linear = (stride: number, multiple: number): Shape =>
  stride === 0 ? uniform(multiple) : { kind: "linear", stride, multiple };

export function shapeOf(expr: Expr, shapes: Shapes): Shape {
  switch (expr.kind) {
    case "literal":
      return uniform(expr.type.scalar === "i32" ? Math.abs(expr.value) : 1);
    case "builtin":
      if (expr.name === "group" || shapes.width === 1) return uniform();
      return linear(1, shapes.lanes === shapes.width ? 0 : shapes.width);
    case "variable":
      return shapes.locals.get(expr.name) ?? (shapes.varying.has(expr.name) ? varying : uniform());
    case "element":
      return shapes.varying.has(expr.name) || shapeOf(expr.index, shapes).kind !== "uniform" ? varying : uniform();
    case "binary": {
      const [left, right] = [shapeOf(expr.left, shapes), shapeOf(expr.right, shapes)];
      if (left.kind === "varying" || right.kind === "varying") return varying;
      if (expr.left.type.scalar !== "i32" || expr.left.type.width !== 1)
        return left.kind === "uniform" && right.kind === "uniform" ? uniform() : varying;
      return combine(expr, left, right, shapes.width);
    }
    default:
      return operands(expr).every((operand) => shapeOf(operand, shapes).kind === "uniform") ? uniform() : varying;
  }
}

/** The shape of i32 operators on what is uniform or linear. */
function combine(
  expr: Extract<Expr, { kind: "binary" }>,
  left: Exclude<Shape, { kind: "varying" }>,
  right: Exclude<Shape, { kind: "varying" }>,
  width: number,
): Shape {
  const [a, b] = [strideOf(left), strideOf(right)];
  const by = expr.right.kind === "literal" ? expr.right.value : undefined;
  switch (expr.op) {
    case "add":
      return linear(a + b, gcd(left.multiple, right.multiple));
    case "sub":
      return linear(a - b, gcd(left.multiple, right.multiple));
    case "mul":
      if (a === 0 && b === 0) return uniform(left.multiple * right.multiple);
      if (by !== undefined) return linear(a * by, left.multiple * Math.abs(by));
      return expr.left.kind === "literal"
        ? linear(b * expr.left.value, right.multiple * Math.abs(expr.left.value))
        : varying;
    case "div":
    case "idiv":
    case "mod":
    case "imod": {
      const quotient = expr.op === "div" || expr.op === "idiv";
      if (by === undefined || by <= 0) return a === 0 && b === 0 ? uniform() : varying;
      const exact = left.multiple % by === 0;
      if (a === 0) return quotient ? uniform(exact ? left.multiple / by : 1) : uniform(gcd(left.multiple, by));
      if (quotient && exact && a % by === 0) return linear(a / by, left.multiple / by);
      const block = gcd(left.multiple, by);
      if (a < 0 || a * (width - 1) >= block) return varying;
      return quotient ? uniform(exact ? left.multiple / by : 1) : linear(a, block);
    }
    case "lt":
      // A block of the divisor's size that starts at a multiple of it lies on one side of every other multiple.
      if (a > 0 && b === 0 && a * (width - 1) < gcd(left.multiple, right.multiple)) return uniform();
      return a === 0 && b === 0 ? uniform() : varying;
    case "min":
    case "max":
      return a === 0 && b === 0 ? uniform(gcd(left.multiple, right.multiple)) : varying;
    default:
      return a === 0 && b === 0 ? uniform() : varying;
  }
}

/** What a loop's variable is, and whether lanes leave it at different times. */
export function loopShape(
  loop: { readonly variable: string; readonly from: Expr; readonly to: Expr; readonly step: number },
  shapes: Shapes,
): { readonly variable: Shape; readonly divergent: boolean } {
  const from = shapeOf(loop.from, shapes);
  const bound = shapeOf(loop.to, shapes);
  const start = from.kind === "varying" ? from : linear(strideOf(from), gcd(from.multiple, loop.step));
  // Whether any lane goes on is seen by the first lane only if all have the same bound and the others are ahead of it.
  const variable = start.kind === "linear" && (bound.kind !== "uniform" || start.stride < 0) ? varying : start;
  const counter: Expr = { kind: "variable", type: loop.from.type, name: loop.variable };
  const goesOn: Expr = { kind: "binary", type: { scalar: "bool", width: 1 }, op: "lt", left: counter, right: loop.to };
  const divergent =
    shapeOf(goesOn, { ...shapes, locals: new Map(shapes.locals).set(loop.variable, variable) }).kind !== "uniform";
  return { variable, divergent };
}

const strideOf = (shape: Exclude<Shape, { kind: "varying" }>): number => (shape.kind === "linear" ? shape.stride : 0);

function gcd(a: number, b: number): number {
  return b === 0 ? Math.abs(a) : gcd(b, a % b);
}
