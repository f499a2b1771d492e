import { describe, expect, test } from "vitest";
import { checkKernel } from "../../src/kernel/verify/check.ts";
import { add, f32Type, group, lane, load, mod, mul, register, variable, vectorOf } from "../../src/kernel/expr.ts";
import { fuseDispatches } from "../../src/kernel/fuse.ts";
import type { FusibleDispatch } from "../../src/kernel/fuse.ts";
import type { Array_, Binding, Kernel } from "../../src/kernel/ir.ts";
import { assign, define, loop, phase, reduce, store, uniformLoop } from "../../src/kernel/statements.ts";
import { expectClean, runOnDawn, runOnInterpreter } from "../support/kernels.ts";

const lanes = 32;
const limits = { bindings: 8, sharedBytes: 16384 };
const same = (a: string, b: string): boolean => a === b;
const bind = (name: string, access: Binding["access"], length: number): Binding => ({
  name,
  access,
  element: f32Type,
  length,
});

/** y[row] = Σ x[row, i] · factor, one group a row, with names that clash on purpose. */
function rowSums(name: string, source: string, rows: number, factor: number, shared: number): FusibleDispatch<string> {
  const [x, y] = [bind("x", "read", rows * lanes * 2), bind("y", "write", rows)];
  const acc: Array_ = { name: "acc", element: f32Type, length: 1 };
  const s: Array_ = { name: "s", element: f32Type, length: shared };
  const kernel: Kernel = {
    name,
    groups: rows,
    lanes,
    bindings: [x, y],
    shared: [s],
    registers: [acc],
    comment: [`${name}[r] = sum(i) x[r, i] * ${factor}`],
    body: [
      phase([assign(acc, { kind: "literal", type: f32Type, value: 0 })]),
      ...uniformLoop("i", 0, lanes * 2, lanes, [
        phase([
          assign(acc, add(register(acc), mul(load(x, add(mul(group, lanes * 2), add(variable("i"), lane))), factor))),
        ]),
      ]),
      reduce("add", acc, s),
      phase([
        {
          kind: "if",
          condition: {
            kind: "binary",
            type: { scalar: "bool", width: 1 },
            op: "eq",
            left: lane,
            right: { kind: "literal", type: lane.type, value: 0 },
          },
          then: [store(y, group, register(acc))],
          else: [],
        },
      ]),
    ],
  };
  return { kernel, bindings: [source, `${name} out`] };
}

/** A pointwise kernel whose locals have the names of the other's arrays. */
function doubled(source: string, length: number): FusibleDispatch<string> {
  const [input, output] = [bind("input", "read", length), bind("output", "write", length)];
  const at = variable("x");
  const body = [
    phase([
      define("x", add(mul(group, lanes), lane)),
      ...loop("acc", 0, 1, 1, [store(output, at, mul(load(input, mod(at, length)), 2))]),
    ]),
  ];
  return {
    kernel: {
      name: "doubled",
      groups: length / lanes,
      lanes,
      bindings: [input, output],
      shared: [],
      registers: [],
      body,
      comment: ["doubled[i] = 2 * input[i]"],
    },
    bindings: [source, "doubled out"],
  };
}

const fused = (dispatches: readonly FusibleDispatch<string>[]): FusibleDispatch<string> => {
  const result = fuseDispatches(dispatches, same, limits);
  if (typeof result === "string") throw new Error(result);
  return result;
};

describe("kernels fused side by side", () => {
  test("compute to the bit what they compute apart, and bind a common input once", async () => {
    const parts = [
      rowSums("first", "data", 3, 1, lanes),
      doubled("data", 192),
      rowSums("second", "data", 2, 0.5, lanes * 2),
    ];
    const numbers = Float32Array.from({ length: 192 }, (_, i) => Math.sin(i));
    const contents = new Map<string, Float32Array>([["data", numbers]]);
    const whole = fused(parts);
    checkKernel(whole.kernel);
    expect(whole.bindings).toEqual(["data", "first out", "doubled out", "second out"]);
    expect(whole.kernel.shared.map((array) => array.length)).toEqual([lanes * 2]);
    expect(whole.kernel.registers.length).toBe(1);
    for (const run of [runOnInterpreter, runOnDawn]) {
      const together = await run(
        whole.kernel,
        whole.bindings.map((source) => contents.get(source)),
      );
      expectClean(together.findings);
      for (const part of parts) {
        const input = numbers.subarray(0, part.kernel.bindings[0]?.length);
        const apart = await run(part.kernel, [input, undefined]);
        expect(together.outputs[whole.bindings.indexOf(part.bindings[1] as string)]).toEqual(apart.outputs[1]);
      }
    }
  });

  test("stay apart, with the reason, when one device launch cannot hold them", () => {
    const a = rowSums("first", "data", 3, 1, lanes);
    const wide: FusibleDispatch<string> = { ...a, kernel: { ...a.kernel, lanes: 64 } };
    expect(fuseDispatches([a, wide], same, limits)).toBe("first has 32 lanes and first 64");
    expect(fuseDispatches([a, rowSums("second", "first out", 3, 1, lanes)], same, limits)).toContain(
      "one of them writes it",
    );
    expect(fuseDispatches([a, rowSums("second", "other", 3, 1, lanes)], same, { ...limits, bindings: 3 })).toBe(
      "together they bind 4 buffers and the device binds 3",
    );
    const pairs: Array_ = { name: "pairs", element: vectorOf(f32Type, 2), length: 2000 };
    const hungry = rowSums("second", "other", 3, 1, lanes);
    expect(
      fuseDispatches([a, { ...hungry, kernel: { ...hungry.kernel, shared: [...hungry.kernel.shared, pairs] } }], same, {
        ...limits,
        sharedBytes: 16000,
      }),
    ).toBe("together they share 16128 bytes and the device has 16000");
  });
});
