import { describe, expect, test } from "vitest";
import type { Leaf } from "../../src/ir/graph.ts";
import { evaluate, evaluateOne } from "../../src/ir/evaluate/evaluate.ts";
import { comp, leaf, scatter, update } from "../../src/ir/node.ts";
import { add, axis, binary, cast, int, literal, mul, random, read, select, sub, unary } from "../../src/ir/scalar.ts";
import { dependsOn } from "../../src/ir/dependence.ts";
import { erf } from "../../src/abi/numeric.ts";
import { uniform } from "../../src/abi/random.ts";
import { define, dim, integers, parameter } from "../support/build.ts";
import { tinyModel } from "../support/tiny-model.ts";

const T = dim("T", 4);
const x = parameter("x", T);
const numbers = Float64Array.of(1, 2, 3, 4);
const bind = (): Float64Array => numbers;

describe("the evaluator", () => {
  test("never evaluates the side of a select that is not taken", () => {
    const shifted = define("y", [T], [], (t) => select(binary("lt", int(0), t!), x(sub(t!, int(1))), literal(-1)));
    expect([...evaluateOne(shifted.node, bind)]).toEqual([-1, 1, 2, 3]);
  });

  test("says which read left which axis", () => {
    const ahead = define("y", [T], [], (t) => x(add(t!, int(1))));
    expect(() => evaluateOne(ahead.node, bind)).toThrow("y reads x at 4 on axis T of size 4");
    const both = define("y", [T], [], (t) =>
      add(select(binary("lt", t!, int(3)), x(add(t!, int(1))), literal(0)), x(add(t!, int(1)))),
    );
    expect(() => evaluateOne(both.node, bind)).toThrow("at 4");
  });

  test("shares what two branches need without evaluating it elsewhere", () => {
    const y = define("y", [T], [], (t) => {
      const next = unary("exp", x(add(t!, int(1))));
      const inside = binary("lt", t!, int(3));
      return add(select(inside, mul(next, next), literal(0)), select(inside, next, literal(1)));
    });
    expect([...evaluateOne(y.node, bind)]).toEqual(
      [2, 3, 4].map((v) => Math.exp(v) * Math.exp(v) + Math.exp(v)).concat(1),
    );
  });

  test("drops scattered points outside, and adds those that meet", () => {
    const ids = integers("ids", 9, T);
    const node = scatter({ name: "s" }, [dim("V", 3)], [T], [ids(axis(0))], x(axis(0)));
    const values = new Map<Leaf, Float64Array>([
      [x.node, numbers],
      [ids.node, Float64Array.of(2, 0, 2, 7)],
    ]);
    expect([...evaluateOne(node, (l) => values.get(l)!)]).toEqual([2, 0, 4]);
  });

  test("draws the runtime's numbers", () => {
    const node = define("u", [T], [], (t) => random(77, t!)).node;
    expect([...evaluateOne(node, bind, { seed: 5, step: 9 })]).toEqual([0, 1, 2, 3].map((i) => uniform(5, 9, 77, i)));
  });

  test("gives an update the new value and leaves the old one readable", () => {
    const next = update(x.node, define("n", [T], [], (t) => mul(x(t!), literal(2))).node);
    const values = evaluate([next, x.node], bind);
    expect([...values.get(next)!]).toEqual([2, 4, 6, 8]);
    expect(values.get(x.node)).toBe(numbers);
  });

  test("reduces nothing to the identity of the reduction", () => {
    const none = dim("N", 0);
    const reduced = (["sum", "max", "min"] as const).map((op) => define("r", [], [none], () => literal(1), op).node);
    expect(reduced.map((n) => evaluateOne(n, bind)[0])).toEqual([0, -Infinity, Infinity]);
  });

  test("knows erf to double precision", () => {
    const known = [
      [0.1, 0.1124629160182849],
      [0.5, 0.5204998778130465],
      [1, 0.8427007929497149],
      [2.4, 0.9993114861033549],
      [2.6, 0.9997639655834707],
      [4, 0.9999999845827421],
    ];
    for (const [at, value] of known) expect(erf(at!)).toBeCloseTo(value!, 14);
  });
});

test("tells what is known when", () => {
  const step = leaf("scalar", "step", []);
  const table = define("table", [T], [], (t) => unary("cos", mul(literal(2), x(t!)))).node;
  const decay = comp({ name: "decay" }, [], binary("pow", literal(0.9), read(step, [])));
  const noisy = define("noisy", [T], [], (t) => random(1, t!)).node;
  const angles = define("angles", [T], [], (t) => unary("cos", cast(t!, "f32"))).node;
  expect([angles, decay, table, noisy, tinyModel().logits].map(dependsOn)).toEqual([
    "constant",
    "scalar",
    "parameter",
    "input",
    "input",
  ]);
});
