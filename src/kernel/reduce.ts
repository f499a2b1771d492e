/**
 * @file The `reduce` statement spelled out in phases, so that printers, the barrier analysis and the interpreter share one fixed tree. A run of lanes is
 * combined in few stages of radix up to 16 and not in log2 stages of two: a stage costs two barriers, its reads cost little. In each stage a lane
 * stores its value and reads those of the r lanes that differ from it in one digit; so all lanes stay busy alike and each ends with the result.
 */
import { invariant } from "../util/invariant.ts";
import { add, binary, i32, lane, load, mod, mul, register, sub, variable } from "./expr.ts";
import type { Expr, Kernel, UniformStatement } from "./ir.ts";
import { assign, declare, define, loop, phase, store } from "./statements.ts";
import { visitStatements } from "./walk.ts";

type Reduce = Extract<UniformStatement, { kind: "reduce" }>;

/** The kernel's body without `reduce` statements. */
export function expandReduces(kernel: Kernel): readonly UniformStatement[] {
  const expand = (body: readonly UniformStatement[]): readonly UniformStatement[] =>
    body.flatMap((statement): readonly UniformStatement[] => {
      switch (statement.kind) {
        case "phase":
          return [statement];
        case "reduce":
          return expandReduce(statement, kernel);
        case "for":
          return [{ ...statement, body: expand(statement.body) }];
        case "if":
          return [{ ...statement, then: expand(statement.then), else: expand(statement.else) }];
      }
    });
  return expand(kernel.body);
}

/** One stage a factor of the width; `stride` is the distance of the lanes that a stage combines. */
function expandReduce(statement: Reduce, kernel: Kernel): readonly UniformStatement[] {
  const width = statement.width ?? kernel.lanes;
  const value = kernel.registers.find((candidate) => candidate.name === statement.register);
  const scratch = kernel.shared.find((candidate) => candidate.name === statement.scratch);
  invariant(
    value && scratch,
    `${kernel.name}: reduce of ${statement.register} by ${statement.scratch}, which are not both declared`,
  );
  invariant(
    width >= 1 && kernel.lanes % width === 0,
    `${kernel.name}: runs of ${width} do not divide ${kernel.lanes} lanes`,
  );
  invariant(scratch.length >= kernel.lanes, `${kernel.name}: ${scratch.name} is smaller than the lanes`);
  const [first, total, k] = freshNames(["first", "total", "k"], kernel) as [string, string, string];
  const sum = variable(total, value.element);
  const phases: UniformStatement[] = [];
  let stride = 1;
  for (const radix of factors(width)) {
    phases.push(
      phase(
        [store(scratch, lane, register(value))],
        `${statement.op} ${value.name} over ${stride === 1 ? "" : `${stride} × `}${radix} lanes`,
      ),
    );
    const start =
      stride * radix === kernel.lanes ? mod(lane, stride) : sub(lane, mul(digit(stride, radix), i32(stride)));
    const other = load(scratch, add(variable(first), mul(variable(k), i32(stride))));
    phases.push(
      phase([
        define(first, start),
        declare(total, load(scratch, variable(first))),
        ...loop(k, 1, radix, 1, [assign(total, binary(statement.op, sum, other))]),
        assign(value, sum),
      ]),
    );
    stride *= radix;
  }
  return phases;
}

/** Which of `radix` places at distance `stride` the lane has. */
const digit = (stride: number, radix: number): Expr =>
  mod(stride === 1 ? lane : binary("div", lane, i32(stride)), radix);

/** Factors ≤ 16, as even as a greedy choice makes them; a prime above 16 stays whole. */
function factors(width: number): number[] {
  if (width === 1) return [];
  const stages = Math.max(1, Math.ceil(Math.log2(width) / 4 - 1e-9));
  const wanted = Math.ceil(width ** (1 / stages) - 1e-9);
  for (let radix = wanted; radix <= 16; radix++) if (width % radix === 0) return [radix, ...factors(width / radix)];
  for (let radix = Math.min(wanted, 16); radix > 1; radix--)
    if (width % radix === 0) return [radix, ...factors(width / radix)];
  return [width];
}

/** Names that nothing around the phases has. */
function freshNames(wanted: readonly string[], kernel: Kernel): string[] {
  const taken = new Set([...kernel.bindings, ...kernel.shared, ...kernel.registers].map((array) => array.name));
  visitStatements(kernel.body, (statement) => {
    if (statement.kind === "for") taken.add(statement.variable);
  });
  return wanted.map((name) => {
    let fresh = name;
    while (taken.has(fresh)) fresh = `${fresh}_`;
    return fresh;
  });
}
