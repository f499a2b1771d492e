/**
 * @file What the contraction engine for CPUs multiplies in one step along k: a number of each operand or, where they are rounded to bfloat16 and the processor multiplies
 * pairs of those, two. The partners of a pair are as many values of k apart as a vector has lanes, so that vectors of neighbours make vectors of pairs, lane by lane.
 */
import { add, div, dot, f32, f32Type, fma, lt, mod, mul, pair, u32Type, variable } from "../../kernel/expr.ts";
import type { Expr, ValueType } from "../../kernel/ir.ts";
import { assign, branch, declare } from "../../kernel/statements.ts";
import type { Scalar } from "../../ir/graph.ts";
import type { ContractCluster } from "../../cluster/cluster.ts";
import type { Block } from "../build/block.ts";
import type { Target } from "../build/lowered.ts";

export interface Steps {
  /** How many cover k. */
  readonly count: number;
  /** What an operand gives for a step. */
  readonly element: ValueType;
  /** The operand whose values are taken: rounding to bfloat16 is part of making a pair. */
  readonly operand: (s: Scalar) => Scalar;
  /** The element of a step, from the operand's values by k. */
  readonly elementAt: (step: Expr, block: Block, value: (k: Expr, block: Block) => Expr) => Expr;
  readonly product: (a: Expr, b: Expr, sum: Expr) => Expr;
}

export const stepsOf = (
  cluster: ContractCluster,
  k: number,
  { lanes, pairs }: Pick<Target, "lanes" | "pairs">,
): Steps =>
  pairs && cluster.products.every(({ a, b }) => isRounded(a) && isRounded(b)) ? pairSteps(k, lanes) : numberSteps(k);

const isRounded = (s: Scalar): boolean => s.kind === "unary" && s.op === "bf16";

const numberSteps = (k: number): Steps => ({
  count: k,
  element: f32Type,
  operand: (s) => s,
  elementAt: (step, block, value) => value(step, block),
  product: fma,
});

/** Values of k past the end count as 0. */
function pairSteps(k: number, lanes: number): Steps {
  const whole = k % (2 * lanes) === 0;
  return {
    count: Math.ceil(k / (2 * lanes)) * lanes,
    element: u32Type,
    operand: (s) => (s.kind === "unary" ? s.of : s),
    elementAt: (step, block, value) => {
      const low = add(mul(div(step, lanes), 2 * lanes), mod(step, lanes));
      const part = (hint: string, at: Expr): Expr => {
        if (whole) return value(at, block);
        const name = block.names.fresh(hint);
        const inside = block.child();
        inside.push(assign(name, value(at, inside)));
        block.push(declare(name, f32(0)), ...branch(lt(at, k), inside.statements));
        return variable(name, f32Type);
      };
      return pair(part("low", low), part("high", add(low, lanes)));
    },
    product: dot,
  };
}
