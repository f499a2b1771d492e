/** Printed kernels are reviewed as files: `vitest -u` rewrites them. */
import { expect, test } from "vitest";
import { printWgsl } from "../../codegen/wgsl/print.ts";
import { printKernel } from "../../src/kernel/print.ts";
import {
  add,
  all,
  and,
  binary,
  convert,
  div,
  eq,
  f32,
  f32Type,
  fma,
  group,
  i32Type,
  lane,
  le,
  load,
  lt,
  max,
  mod,
  mul,
  neg,
  not,
  or,
  register,
  select,
  sub,
  sum,
  unary,
  variable,
  vectorOf,
} from "../../src/kernel/expr.ts";
import type { Array_, Binding, Kernel } from "../../src/kernel/ir.ts";
import { assign, branch, define, loop, phase, reduce, store, uniformLoop } from "../../src/kernel/statements.ts";
import { expectClean, runOnDawn, runOnInterpreter } from "../support/kernels.ts";

const bind = (name: string, access: Binding["access"], length: number, element = f32Type): Binding => ({
  name,
  access,
  element,
  length,
});

/** A row of scores to probabilities: a loop over phases, two reductions, a sentinel. */
function softmax(rows: number, length: number): Kernel {
  const lanes = 64;
  const [score, p] = [bind("score", "read", rows * length), bind("p", "write", rows * length)];
  const [m, z]: Array_[] = [
    { name: "m", element: f32Type, length: 1 },
    { name: "z", element: f32Type, length: 1 },
  ];
  const scratch: Array_ = { name: "scratch", element: f32Type, length: lanes };
  const at = add(mul(group, length), variable("i"));
  const each = (body: Parameters<typeof loop>[4]): ReturnType<typeof loop> => loop("i", lane, length, lanes, body);
  return {
    name: "softmax",
    groups: rows,
    lanes,
    bindings: [score, p],
    shared: [scratch],
    registers: [m as Array_, z as Array_],
    comment: ["p[r, i] = exp(score[r, i] - m[r]) / sum(j) exp(score[r, j] - m[r])", "m[r] = max(j) score[r, j]"],
    body: [
      phase(
        [assign("m", f32(-Infinity)), ...each([assign("m", max(register(m as Array_), load(score, at)))])],
        "largest score",
      ),
      reduce("max", m as Array_, scratch),
      phase(
        [
          assign("z", f32(0)),
          ...each([assign("z", add(register(z as Array_), unary("exp", sub(load(score, at), register(m as Array_)))))]),
        ],
        "normaliser",
      ),
      reduce("add", z as Array_, scratch),
      phase(
        each([
          store(p, at, binary("div", unary("exp", sub(load(score, at), register(m as Array_))), register(z as Array_))),
        ]),
        "probabilities",
      ),
    ],
  };
}

/** A small tile product: staging in shared memory, register arrays, a barrier at the back edge. */
function tileProduct(n: number): Kernel {
  const tile = 8;
  const tiles = n / tile;
  const [a, b, c] = [bind("a", "read", n * n), bind("b", "read", n * n), bind("c", "read_write", n * n)];
  const [aTile, bTile]: Array_[] = [
    { name: "a_tile", element: f32Type, length: tile * tile },
    { name: "b_tile", element: f32Type, length: tile * tile },
  ];
  const acc: Array_ = { name: "acc", element: f32Type, length: 2 };
  const [row, column] = [div(lane, tile), mod(lane, tile)];
  const [top, left] = [mul(div(group, tiles), tile), mul(mod(group, tiles), tile)];
  const start = variable("start");
  const k = variable("k");
  const rowOf = (part: number) => add(row, part * 4);
  return {
    name: "product",
    groups: tiles * tiles,
    lanes: 32,
    bindings: [a, b, c],
    shared: [aTile as Array_, bTile as Array_],
    registers: [acc],
    comment: ["c[i, j] += sum(k) a[i, k] * b[k, j]"],
    body: [
      phase(
        [0, 1].map((part) => ({
          kind: "set",
          target: "acc",
          index: { kind: "literal", type: i32Type, value: part },
          value: f32(0),
        })),
      ),
      ...uniformLoop("start", 0, n, tile, [
        phase(
          [0, 1].flatMap((part) => [
            store(
              aTile as Array_,
              add(mul(rowOf(part), tile), column),
              load(a, add(mul(add(top, rowOf(part)), n), add(start, column))),
            ),
            store(
              bTile as Array_,
              add(mul(rowOf(part), tile), column),
              load(b, add(mul(add(start, rowOf(part)), n), add(left, column))),
            ),
          ]),
          "stage",
        ),
        phase(
          loop("k", 0, tile, 1, [
            define("right", load(bTile as Array_, add(mul(k, tile), column))),
            ...[0, 1].map((part) => ({
              kind: "set" as const,
              target: "acc",
              index: { kind: "literal" as const, type: i32Type, value: part },
              value: fma(
                load(aTile as Array_, add(mul(rowOf(part), tile), k)),
                variable("right", f32Type),
                register(acc, part),
              ),
            })),
          ]),
          "multiply",
        ),
      ]),
      phase(
        [0, 1].flatMap((part) => [
          define(`at_${part}`, add(mul(add(top, rowOf(part)), n), add(left, column))),
          store(c, variable(`at_${part}`), add(load(c, variable(`at_${part}`)), register(acc, part))),
        ]),
      ),
    ],
  };
}

/** Names that WGSL reserves, operators that need care with parentheses, more groups than one dimension has, vectors. */
function oddities(): Kernel {
  const count = 70_001;
  const pair = vectorOf(f32Type, 2);
  const [array, fn] = [bind("array", "read", count, pair), bind("fn", "write", count, pair)];
  const value = variable("let", pair);
  const [g, even] = [group, eq(mod(group, 2), 0)];
  const condition = and(or(lt(g, 5), not(even)), or(le(100, g), and(even, lt(g, 50))));
  return {
    name: "oddities",
    groups: count,
    lanes: 1,
    bindings: [array, fn],
    shared: [],
    registers: [],
    comment: [],
    body: [
      phase([
        define("let", load(array, g)),
        define("half", convert(sub(g, sub(sub(div(g, 2), add(g, -3)), neg(mul(sub(g, 1), 2)))), "f32")),
        ...branch(
          condition,
          [store(fn, g, select(even, mul(value, add(variable("half", f32Type), 0.1)), f32(1e-7)))],
          branch(
            all([even, lt(g, 65)]),
            [store(fn, g, binary("pow", value, f32(2)))],
            [store(fn, g, sum([f32(0), unary("abs", value), f32(16777216)]))],
          ),
        ),
      ]),
    ],
  };
}

const wave = (length: number): Float32Array => Float32Array.from({ length }, (_, i) => 3 * Math.sin(i * 1.7));

for (const [kernel, buffers] of [
  [softmax(5, 100), [wave(500), undefined]],
  [tileProduct(16), [wave(256), wave(256), wave(256)]],
  [oddities(), [wave(140_002), undefined]],
] as const) {
  test(`${kernel.name} is printed as a person could have written it, and runs`, async () => {
    await expect(printWgsl(kernel)).toMatchFileSnapshot(`golden/${kernel.name}.wgsl`);
    await expect(printKernel(kernel)).toMatchFileSnapshot(`golden/${kernel.name}.kernel.txt`);
    const interpreted = await runOnInterpreter(kernel, buffers);
    expectClean(interpreted.findings);
    const { outputs } = await runOnDawn(kernel, buffers);
    const [actual, expected] = [outputs.at(-1) as Float32Array, interpreted.outputs.at(-1) as Float32Array];
    const off = actual.findIndex(
      (value, i) => !(Math.abs(value - (expected[i] as number)) <= 1e-5 * Math.max(1, Math.abs(expected[i] as number))),
    );
    expect(off === -1 ? "" : `element ${off} is ${actual[off]} and should be ${expected[off]}`).toBe("");
  });
}

test("the bound of a loop keeps its brackets beside the comparison", async () => {
  const out = bind("out", "write", 4);
  const total: Array_ = { name: "total", element: f32Type, length: 1 };
  const kernel: Kernel = {
    name: "bounded",
    groups: 1,
    lanes: 4,
    bindings: [out],
    shared: [],
    registers: [total],
    comment: [],
    body: [
      phase([
        assign("total", f32(0)),
        ...loop("i", 0, mod(mul(lane, 3), 4), 1, [assign("total", add(register(total), f32(1)))]),
        store(out, lane, register(total)),
      ]),
    ],
  };
  expect(printWgsl(kernel)).toContain("i < ((lane * 3) & 3)");
  const buffers = [undefined];
  const [onDawn, interpreted] = [await runOnDawn(kernel, buffers), await runOnInterpreter(kernel, buffers)];
  expectClean(interpreted.findings);
  expect(Array.from(onDawn.outputs[0] ?? [])).toEqual([0, 3, 2, 1]);
  expect(Array.from(interpreted.outputs[0] ?? [])).toEqual([0, 3, 2, 1]);
});
