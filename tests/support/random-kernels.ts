/**
 * @file Random kernels for the tests of printers: expressions of all types, registers, shared memory, a reduction, branches and loops, uniform and not. Values stay small
 * and functions smooth, so that f32 on two machines differs little.
 */
import fc from "fast-check";
import * as folding from "../../src/kernel/expr.ts";
import {
  add,
  f32Type,
  group,
  i32,
  i32Type,
  lane,
  load,
  mul,
  register,
  variable,
  vectorOf,
} from "../../src/kernel/expr.ts";
import type { Array_, BinaryOp, Binding, Expr, Kernel, UnaryOp, ValueType, Width } from "../../src/kernel/ir.ts";
import {
  assign,
  branch,
  declare,
  define,
  loop,
  phase,
  reduce,
  store,
  uniformBranch,
  uniformLoop,
} from "../../src/kernel/statements.ts";

/** An expression to build, with or without folding. */
type Recipe =
  | { readonly leaf: "lane" | "group" | "loop" | "x" | "acc" }
  | { readonly constant: number }
  | { readonly op: string; readonly of: readonly Recipe[] };

/** Ways to build an expression: the constructors, or the same nodes with nothing folded. */
export interface Builder {
  readonly unary: (op: UnaryOp, of: Expr) => Expr;
  readonly binary: (op: BinaryOp, left: Expr, right: Expr) => Expr;
}
export const folded: Builder = folding;
export const plain: Builder = {
  unary: (op, of) => ({ kind: "unary", type: folding.unaryType(op, of.type), op, of }),
  binary: (op, left, right) => ({ kind: "binary", type: folding.binaryType(op, left.type), op, left, right }),
};

const integerRecipe: fc.Arbitrary<Recipe> = fc.letrec<{ int: Recipe }>((tie) => ({
  int: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom<Recipe>({ leaf: "lane" }, { leaf: "group" }, { leaf: "loop" }),
    fc.integer({ min: -3, max: 5 }).map((constant) => ({ constant })),
    fc.record({
      op: fc.constantFrom("add", "sub", "mul", "idiv", "imod", "min", "max"),
      of: fc.tuple(tie("int"), tie("int")),
    }),
    fc.record({ op: fc.constantFrom("neg", "abs", "sign"), of: fc.tuple(tie("int")) }),
    fc.record({
      op: fc.constantFrom("select lt", "select eq", "select and", "select or not"),
      of: fc.tuple(tie("int"), tie("int"), tie("int"), tie("int")),
    }),
  ),
})).int;

/** Values stay small and every function is smooth, so that f32 on two machines differs little. */
const floatRecipe: fc.Arbitrary<Recipe> = fc.letrec<{ float: Recipe }>((tie) => ({
  float: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom<Recipe>({ leaf: "x" }, { leaf: "acc" }),
    fc.constantFrom(-2, -1, -0.5, 0, 0.1, 1, 3).map((constant) => ({ constant })),
    fc.record({
      op: fc.constantFrom("add", "sub", "mul", "div", "min", "max", "power"),
      of: fc.tuple(tie("float"), tie("float")),
    }),
    fc.record({
      op: fc.constantFrom("neg", "abs", "exp", "log", "sqrt", "rsqrt", "sin", "cos", "tanh", "erf", "square", "cube"),
      of: fc.tuple(tie("float")),
    }),
    fc.record({ op: fc.constant("fma"), of: fc.tuple(tie("float"), tie("float"), tie("float")) }),
    fc.record({ op: fc.constant("choose"), of: fc.tuple(integerRecipe, integerRecipe, tie("float"), tie("float")) }),
    fc.record({ op: fc.constant("number"), of: fc.tuple(integerRecipe) }),
    fc.record({ op: fc.constantFrom("turn", "spread"), of: fc.tuple(tie("float")) }),
  ),
})).float;

interface Leaves {
  readonly x: Expr;
  readonly acc: Expr;
  readonly loop: Expr;
}

function buildInteger(recipe: Recipe, leaves: Leaves, by: Builder): Expr {
  if ("constant" in recipe) return i32(recipe.constant);
  if ("leaf" in recipe) return recipe.leaf === "lane" ? lane : recipe.leaf === "group" ? group : leaves.loop;
  const of = recipe.of.map((part) => buildInteger(part, leaves, by)) as [Expr, Expr, Expr, Expr];
  switch (recipe.op) {
    case "neg":
    case "abs":
    case "sign":
      return by.unary(recipe.op, of[0]);
    case "mul":
      // Factors stay small, so that nothing overflows.
      return by.binary("mul", by.binary("imod", of[0], i32(50)), by.binary("imod", of[1], i32(50)));
    case "idiv":
    case "imod":
      return by.binary(recipe.op, of[0], by.binary("add", by.binary("imod", of[1], i32(7)), i32(1)));
    case "select lt":
      return folding.select(by.binary("lt", of[0], of[1]), of[2], of[3]);
    case "select eq":
      return folding.select(by.binary("eq", of[0], of[1]), of[2], of[3]);
    case "select and":
      return folding.select(
        by.binary(
          "and",
          by.binary("le", of[0], of[1]),
          by.binary("or", by.binary("ne", of[1], of[2]), by.binary("lt", of[3], of[0])),
        ),
        of[2],
        of[3],
      );
    case "select or not":
      return folding.select(
        by.binary(
          "or",
          by.unary("not", by.binary("lt", of[0], of[1])),
          by.binary("and", by.binary("eq", of[1], of[2]), by.binary("lt", of[3], of[0])),
        ),
        of[2],
        of[3],
      );
    default:
      return by.binary(recipe.op as BinaryOp, of[0], of[1]);
  }
}

function buildFloat(recipe: Recipe, leaves: Leaves, by: Builder): Expr {
  const type = leaves.x.type;
  const constant = (value: number): Expr => folding.splat(folding.f32(value), type.width);
  if ("constant" in recipe) return constant(recipe.constant);
  if ("leaf" in recipe) return recipe.leaf === "acc" ? leaves.acc : leaves.x;
  const positive = (value: Expr): Expr => by.binary("add", by.unary("abs", value), constant(0.5));
  const number = (value: Expr): Expr =>
    folding.splat(folding.convert(by.binary("sub", by.binary("imod", value, i32(5)), i32(2)), "f32"), type.width);
  if (recipe.op === "number") return number(buildInteger(recipe.of[0] as Recipe, leaves, by));
  if (recipe.op === "choose") {
    const [left, right] = [recipe.of[0], recipe.of[1]].map((part) => buildInteger(part as Recipe, leaves, by)) as [
      Expr,
      Expr,
    ];
    return folding.select(
      by.binary("le", left, right),
      buildFloat(recipe.of[2] as Recipe, leaves, by),
      buildFloat(recipe.of[3] as Recipe, leaves, by),
    );
  }
  const of = recipe.of.map((part) => buildFloat(part, leaves, by)) as [Expr, Expr, Expr];
  switch (recipe.op) {
    case "add":
    case "sub":
      return by.binary("mul", by.binary(recipe.op, of[0], of[1]), constant(0.5));
    case "mul":
      return by.binary("mul", by.unary("tanh", of[0]), of[1]);
    case "div":
      return by.binary("div", of[0], positive(of[1]));
    case "power":
      return by.binary("pow", positive(by.unary("tanh", of[0])), by.unary("tanh", of[1]));
    case "square":
    case "cube":
      return by.binary("pow", by.unary("tanh", of[0]), constant(recipe.op === "cube" ? 3 : 2));
    case "exp":
      return by.unary("exp", by.binary("min", of[0], constant(0.5)));
    case "log":
    case "sqrt":
    case "rsqrt":
      return by.unary(recipe.op, positive(of[0]));
    case "fma":
      return folding.fma(by.unary("tanh", of[0]), of[1], of[2]);
    case "turn":
      return folding.vector(folding.components(of[0]).toReversed());
    case "spread":
      return folding.splat(folding.component(of[0], type.width - 1), type.width);
    case "min":
    case "max":
      return by.binary(recipe.op, of[0], of[1]);
    default:
      return by.unary(recipe.op as UnaryOp, of[0]);
  }
}

export interface RandomPlan {
  readonly lanes: number;
  readonly groups: number;
  readonly width: Width;
  readonly floats: readonly [Recipe, Recipe, Recipe];
  readonly integers: readonly [Recipe, Recipe];
  readonly rounds: number;
  readonly distance: number;
}

export const randomPlan: fc.Arbitrary<RandomPlan> = fc.record({
  lanes: fc.constantFrom(1, 4, 16, 32, 64),
  groups: fc.constantFrom(1, 3, 5),
  width: fc.constantFrom<Width[]>(1, 2, 4),
  floats: fc.tuple(floatRecipe, floatRecipe, floatRecipe),
  integers: fc.tuple(integerRecipe, integerRecipe),
  rounds: fc.integer({ min: 1, max: 3 }),
  distance: fc.integer({ min: 0, max: 70 }),
});

/** Registers, a uniform loop that passes values on through shared memory, a reduction, lane loops and branches, vectors, integers. */
export function buildRandom(
  { lanes, groups, width, floats, integers, rounds, distance }: RandomPlan,
  by: Builder,
): Kernel {
  const type: ValueType = vectorOf(f32Type, width);
  const cells = lanes * groups;
  const x: Binding = { name: "x", access: "read", element: type, length: cells };
  const y: Binding = { name: "y", access: "write", element: type, length: cells };
  const n: Binding = { name: "n", access: "read_write", element: i32Type, length: cells };
  const acc: Array_ = { name: "acc", element: type, length: 1 };
  const parts: Array_ = { name: "parts", element: type, length: 2 };
  const s: Array_ = { name: "s", element: type, length: lanes };
  const at = add(mul(group, lanes), lane);
  const leaves = (round: Expr): Leaves => ({ x: load(x, at), acc: register(acc), loop: round });
  const float = (index: 0 | 1 | 2, round: Expr): Expr => buildFloat(floats[index], leaves(round), by);
  const integer = (index: 0 | 1, round: Expr): Expr => buildInteger(integers[index], leaves(round), by);
  const round = variable("round");
  return {
    name: "random_kernel",
    groups,
    lanes,
    bindings: [x, y, n],
    shared: [s],
    registers: [acc, parts],
    comment: [],
    body: [
      phase([assign(acc, load(x, at)), store(n, at, add(load(n, at), integer(0, i32(1))))]),
      ...uniformLoop("round", 0, rounds, 1, [
        phase([define("v", float(0, round)), store(s, lane, variable("v", type))], "put"),
        phase(
          [
            declare("sum", load(s, folding.mod(add(lane, distance), lanes))),
            ...loop("j", 0, add(folding.mod(round, 2), 1), 1, [
              assign("sum", folding.mul(add(variable("sum", type), float(1, variable("j"))), 0.5)),
            ]),
            assign(acc, variable("sum", type)),
          ],
          "take",
        ),
        ...uniformBranch(folding.lt(round, group), [reduce("max", acc, s)], [phase([])]),
      ]),
      phase([
        { kind: "set", target: "parts", index: i32(0), value: register(acc) },
        { kind: "set", target: "parts", index: i32(1), value: float(2, i32(0)) },
        ...loop("turn", folding.mod(lane, 2), folding.mod(folding.mul(lane, group), 4), 1, [
          ...branch(folding.lt(variable("turn"), folding.mod(lane, 3)), [
            assign(acc, folding.mul(add(register(acc), load(x, at)), 0.5)),
          ]),
        ]),
        ...branch(
          folding.lt(integer(1, i32(2)), folding.mod(lane, 3)),
          [store(y, at, register(parts, 0))],
          [store(y, at, register(parts, 1))],
        ),
      ]),
    ],
  };
}

/** Contents of a buffer. */
export const numbers = (length: number): number[] => Array.from({ length }, (_, i) => 2 * Math.sin(i * 12.9898));
