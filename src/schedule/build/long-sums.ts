/**
 * @file Loops that accumulate, with the rounding errors of long sums kept small. Added one after another, n numbers of one sign lose up to n / 2 units in the last place. So a
 * long loop is nested: the numbers of a block are added up by themselves, then the sums of the blocks, and so on. That costs nothing in memory, and a register a level.
 * Maxima, minima and integers are exact and accumulate directly.
 */
import type { Reduction } from "../../ir/graph.ts";
import { add, asExpr, literal, min, variable } from "../../kernel/expr.ts";
import type { Operand } from "../../kernel/expr.ts";
import type { Expr, Statement, ValueType } from "../../kernel/ir.ts";
import { assign, declare, loop } from "../../kernel/statements.ts";
import type { Names } from "./names.ts";
import { combine } from "./reduction.ts";

/** A register or variable that a loop accumulates into. */
export interface Accumulator {
  readonly name: string;
  readonly type: ValueType;
  readonly op: Reduction["op"];
}

export interface Range {
  /** The name of the loop variable. */
  readonly counter: string;
  readonly from: Operand;
  readonly to: Operand;
  /** How far the counter goes in one step. */
  readonly by: number;
  /** An upper bound of the number of steps. */
  readonly most: number;
}

/** Numbers that are added one after another at most; their sum then keeps five digits. */
const longestRun = 256;

/** The accumulator combined with one more value. */
export const accumulate = ({ name, type, op }: Accumulator, value: Expr): Statement =>
  assign(name, combine(op, variable(name, type), value));

/** A loop over the range; `body` gives the statements of one step, accumulating into what it is given. Spread the result. */
export function accumulatingLoop(
  names: Names,
  into: readonly Accumulator[],
  range: Range,
  body: (into: readonly Accumulator[]) => readonly Statement[],
): readonly Statement[] {
  const { counter, to, by, most } = range;
  const rounds = ({ op, type }: Accumulator): boolean => op === "sum" && type.scalar === "f32";
  const levels = into.some(rounds) ? Math.max(1, Math.ceil(Math.log(most) / Math.log(longestRun) - 1e-9)) : 1;
  const run = 2 ** Math.ceil(Math.log2(most) / levels - 1e-9);
  const size = (level: number): number => by * run ** level;
  // A range that blocks fill needs no shorter last block.
  const fills = (block: number): boolean => range.from === 0 && typeof to === "number" && to % block === 0;

  const nest = (level: number, from: Operand, end: Operand, sums: readonly Accumulator[]): readonly Statement[] => {
    if (level === 0) return loop(counter, from, end, by, body(sums));
    const start = names.fresh("block");
    const parts = sums.map((sum) => (rounds(sum) ? { ...sum, name: names.fresh(`${sum.name}_part`) } : sum));
    const blockEnd = add(variable(start), size(level));
    return loop(start, from, end, size(level), [
      ...parts.flatMap((part, i) => (part === sums[i] ? [] : [declare(part.name, literal(part.type, 0))])),
      ...nest(level - 1, variable(start), fills(size(level)) ? blockEnd : min(blockEnd, asExpr(end)), parts),
      ...parts.flatMap((part, i) =>
        part === sums[i] ? [] : [accumulate(sums[i] as Accumulator, variable(part.name, part.type))],
      ),
    ]);
  };
  return nest(levels - 1, range.from, to, into);
}
