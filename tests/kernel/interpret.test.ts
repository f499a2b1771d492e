import { describe, expect, test } from "vitest";
import { placeBarriers } from "../../src/kernel/barriers.ts";
import type { Placed } from "../../src/kernel/barriers.ts";
import { checkKernel } from "../../src/kernel/verify/check.ts";
import {
  add,
  convert,
  f32Type,
  group,
  i32,
  lane,
  load,
  lt,
  max,
  mod,
  mul,
  register,
  select,
  sub,
  variable,
} from "../../src/kernel/expr.ts";
import { interpret } from "../../src/kernel/verify/interpret.ts";
import type { Array_, Binding, Kernel, UniformStatement } from "../../src/kernel/ir.ts";
import {
  assign,
  branch,
  define,
  loop,
  phase,
  reduce,
  store,
  uniformBranch,
  uniformLoop,
} from "../../src/kernel/statements.ts";
import { expectClean, runOnDawn, runOnInterpreter } from "../support/kernels.ts";

const lanes = 16;
const groups = 3;
const x: Binding = { name: "x", access: "read", element: f32Type, length: lanes * groups };
const y: Binding = { name: "y", access: "write", element: f32Type, length: lanes * groups };
const state: Binding = { ...y, name: "state", access: "read_write" };
const s: Array_ = { name: "s", element: f32Type, length: lanes };
const acc: Array_ = { name: "acc", element: f32Type, length: 1 };
const at = add(mul(group, lanes), lane);
const position = convert(at, "f32");
const next = mod(add(lane, 1), lanes);

const kernelOf = (body: readonly UniformStatement[], bindings: readonly Binding[] = [x, y]): Kernel => ({
  name: "example",
  groups,
  lanes,
  bindings,
  shared: [s],
  registers: [acc],
  body,
  comment: [],
});

const input = Float32Array.from({ length: lanes * groups }, (_, i) => Math.sin(i));
const kinds = async (kernel: Kernel): Promise<string[]> => {
  checkKernel(kernel);
  return (
    await runOnInterpreter(
      kernel,
      kernel.bindings.map((binding) => (binding.access === "write" ? undefined : input)),
    )
  ).findings.map((finding) => `${finding.kind} ${finding.array}`);
};
const barriers = (body: readonly Placed[]): string[] =>
  body.flatMap((statement) => {
    switch (statement.kind) {
      case "barrier":
        return [`barrier${statement.shared ? " shared" : ""}${statement.storage ? " storage" : ""}`];
      case "phase":
        return [statement.name ?? "phase"];
      case "for":
        return ["for", ...barriers(statement.body).map((line) => `  ${line}`)];
      case "if":
        return [
          "if",
          ...barriers(statement.then).map((line) => `  ${line}`),
          "else",
          ...barriers(statement.else).map((line) => `  ${line}`),
        ];
    }
  });
const withoutBarriers = (body: readonly Placed[]): Placed[] =>
  body.flatMap((statement): Placed[] =>
    statement.kind === "barrier"
      ? []
      : statement.kind === "for"
        ? [{ ...statement, body: withoutBarriers(statement.body) }]
        : [statement],
  );

const fill = phase([store(s, lane, load(x, at))], "fill");
const rotate = phase([store(y, at, load(s, next))], "rotate");

describe("what the interpreter finds", () => {
  test("nothing in a kernel that exchanges values through shared memory", async () => {
    const { outputs, findings } = await runOnInterpreter(kernelOf([fill, rotate]), [input, undefined]);
    expectClean(findings);
    expect([...(outputs[1] as Float32Array)]).toEqual(
      [...input].map((_, i) => input[i - (i % lanes) + ((i + 1) % lanes)]),
    );
  });

  test("the barrier that is missing, in either order of the lanes", () => {
    for (const distance of [1, lanes - 1]) {
      const kernel = kernelOf([fill, phase([store(y, at, load(s, mod(add(lane, distance), lanes)))])]);
      const findings = interpret(kernel, [input, new Float32Array(lanes * groups)], {
        body: withoutBarriers(placeBarriers(kernel)),
      });
      expect(findings.map((finding) => finding.kind)).toContain("race");
    }
  });

  test("the barrier that is missing at the back edge of a loop", () => {
    const step = [phase([store(s, lane, register(acc))], "put"), phase([assign(acc, load(s, next))], "take")];
    const kernel = kernelOf([
      phase([assign(acc, load(x, at))], "start"),
      ...uniformLoop("i", 0, 3, 1, step),
      phase([store(y, at, register(acc))], "end"),
    ]);
    const placed = placeBarriers(kernel);
    expect(barriers(placed)).toEqual([
      "start",
      "for",
      "  barrier shared",
      "  put",
      "  barrier shared",
      "  take",
      "end",
    ]);
    const firstOnly = placed.map((statement): Placed =>
      statement.kind === "for" ? { ...statement, body: statement.body.slice(1) } : statement,
    );
    const findings = interpret(kernel, [input, new Float32Array(lanes * groups)], { body: firstOnly });
    expect(findings.map((finding) => [finding.kind, finding.message.includes("put")])).toEqual([["race", true]]);
  });

  test("lanes that use each other's cells within a phase", async () => {
    expect(await kinds(kernelOf([phase([store(s, mod(lane, 2), load(x, at))])]))).toEqual(["race s"]);
    expect(await kinds(kernelOf([phase([store(y, mul(group, lanes), load(x, at))])]))).toEqual(["race y"]);
    expect(
      await kinds(kernelOf([phase([store(state, at, load(state, add(mul(group, lanes), next)))])], [state])),
    ).toEqual(["race state"]);
  });

  test("groups that write the same cell or read what another writes", async () => {
    expect(await kinds(kernelOf([phase([store(y, lane, load(x, at))])]))).toEqual(["race-between-groups y"]);
    const neighbour = mod(add(at, lanes), lanes * groups);
    expect(
      await kinds(
        kernelOf([phase([define("v", load(state, neighbour)), store(state, at, variable("v", f32Type))])], [state]),
      ),
    ).toContain("race-between-groups state");
  });

  test("accesses out of bounds, also on the side of a select that is not taken", async () => {
    expect(await kinds(kernelOf([phase([store(y, add(at, 1), load(x, at))])]))).toEqual(["out-of-bounds y"]);
    const before = load(x, sub(at, 1));
    expect(await kinds(kernelOf([phase([store(y, at, select(lt(at, 1), 0, before))])]))).toEqual(["out-of-bounds x"]);
    expect(await kinds(kernelOf([phase([store(y, at, select(lt(at, 1), 0, load(x, max(sub(at, 1), 0))))])]))).toEqual(
      [],
    );
  });

  test("reads of shared cells, registers and outputs that were not written", async () => {
    expect(await kinds(kernelOf([phase([store(y, at, load(s, lane))])]))).toEqual(["uninitialised s"]);
    expect(await kinds(kernelOf([phase([store(y, at, register(acc))])]))).toEqual(["uninitialised acc"]);
    const halfFilled = phase(branch(lt(lane, 8), [store(s, lane, load(x, at))]));
    expect(await kinds(kernelOf([halfFilled, rotate]))).toEqual(["uninitialised s"]);
    const { findings } = await runOnInterpreter(
      kernelOf([phase([store(state, at, add(load(state, at), 1))])], [state]),
      [undefined],
    );
    expect(findings.map((finding) => finding.kind)).toEqual(["uninitialised"]);
  });

  test("where it happened", async () => {
    const { findings } = await runOnInterpreter(
      kernelOf([phase(branch(lt(lane, 5), [], [store(y, add(at, lanes), load(x, at))]), "late")]),
      [input, undefined],
    );
    expect(findings.map((finding) => finding.message)).toEqual([
      `example, phase "late", group 2, lane 5: writes y[53], which has 48 elements`,
    ]);
  });
});

describe("where barriers go", () => {
  test("before a loop and not into it, when only the code before makes them necessary", () => {
    const gather = phase([assign(acc, add(register(acc), load(s, mod(add(lane, variable("i")), lanes))))], "gather");
    const kernel = kernelOf([fill, phase([assign(acc, i32(0))], "zero"), ...uniformLoop("i", 0, 4, 1, [gather])]);
    expect(barriers(placeBarriers(kernel))).toEqual(["fill", "zero", "barrier shared", "for", "  gather"]);
  });

  test("into the branch that needs them, and after it for what either branch did", () => {
    const kernel = kernelOf([
      fill,
      ...uniformBranch(lt(group, 1), [rotate], [phase([], "idle")]),
      phase([store(s, lane, 0)], "clear"),
    ]);
    expect(barriers(placeBarriers(kernel))).toEqual([
      "fill",
      "if",
      "  barrier shared",
      "  rotate",
      "else",
      "  idle",
      "barrier shared",
      "clear",
    ]);
  });

  test("nowhere between phases that share nothing, or only read", () => {
    const kernel = kernelOf([
      phase([store(y, at, load(x, at))], "a"),
      phase([store(y, at, load(x, add(mul(group, lanes), next)))], "b"),
    ]);
    expect(barriers(placeBarriers(kernel))).toEqual(["a", "b"]);
  });

  test("not for a buffer updated in place, each lane its own cells, but for one whose cells change hands", async () => {
    const own = add(mul(variable("i"), lanes), lane);
    const bindings = [{ ...state, length: lanes * groups * 4 }];
    const whole = {
      ...kernelOf(
        uniformLoop("i", 0, 4, 1, [phase([store(state, own, add(load(state, own), 1))], "update")]),
        bindings,
      ),
      groups: 1,
    };
    expect(barriers(placeBarriers(whole))).toEqual(["for", "  update"]);
    const passed = kernelOf(
      [phase([store(state, at, 1)], "put"), phase([assign(acc, load(state, add(mul(group, lanes), next)))], "take")],
      [state],
    );
    expect(barriers(placeBarriers(passed))).toEqual(["put", "barrier storage", "take"]);
    expect(await kinds(passed)).toEqual([]);
    const turned = { ...passed, body: [...passed.body, phase([store(state, at, add(register(acc), position))])] };
    expect((await runOnDawn(turned, [input])).outputs).toEqual((await runOnInterpreter(turned, [input])).outputs);
  });
});

describe("reduce", () => {
  for (const [count, width] of [
    [1, undefined],
    [16, undefined],
    [64, undefined],
    [96, undefined],
    [256, undefined],
    [64, 4],
    [48, 12],
    [34, 17],
  ] as const) {
    test(`combines ${width ?? "all"} of ${count} lanes, the same on every lane and on WebGPU`, async () => {
      const run = width ?? count;
      const at = add(mul(group, count), lane);
      const length = count * 2;
      const values = Float32Array.from({ length }, (_, i) => Math.cos(i * 7));
      for (const [op, combine] of [
        ["add", (a: number, b: number) => a + b],
        ["max", (a: number, b: number) => Math.max(a, b)],
        ["min", (a: number, b: number) => Math.min(a, b)],
      ] as const) {
        const kernel: Kernel = {
          name: "total",
          groups: 2,
          lanes: count,
          bindings: [
            { ...x, length },
            { ...y, length },
          ],
          shared: [{ ...s, length: count }],
          registers: [acc],
          body: [
            phase([assign(acc, load(x, at))]),
            ...uniformLoop("k", 0, 2, 1, [
              reduce(op, acc, s, width),
              phase(op === "add" ? [assign(acc, mul(register(acc), 0.5))] : []),
            ]),
            phase([store(y, at, register(acc))]),
          ],
          comment: [],
        };
        checkKernel(kernel);
        const expected = [...values].map((_, i) => {
          const once = [...values.subarray(i - (i % run), i - (i % run) + run)].reduce(combine);
          return op === "add" ? (once * 0.5 * run) / 2 : once;
        });
        const interpreted = await runOnInterpreter(kernel, [values, undefined]);
        expectClean(interpreted.findings);
        expect(
          [...(interpreted.outputs[1] as Float32Array)].every(
            (value, i) =>
              Math.abs(value - (expected[i] as number)) < 1e-4 * Math.max(1, Math.abs(expected[i] as number)),
          ),
        ).toBe(true);
        expect((await runOnDawn(kernel, [values, undefined])).outputs[1]).toEqual(interpreted.outputs[1]);
      }
    });
  }
});

const refused = (body: readonly UniformStatement[]): string => {
  try {
    checkKernel(kernelOf(body));
    return "";
  } catch (error) {
    return (error as Error).message;
  }
};

test("malformed kernels are refused with their statement", () => {
  expect(refused(uniformLoop("i", 0, lane, 1, [fill]))).toContain("lanes may see differently");
  expect(refused([phase([store(x, at, 1)])])).toContain("x is only read");
  expect(refused([phase([store(s, lane, load(y, at))])])).toContain("no such array to read");
  expect(refused([phase([store(s, lane, variable("v", f32Type))])])).toContain("there is no variable v");
  expect(refused([phase([define("v", i32(1))]), phase([assign("acc", variable("v", f32Type))])])).toContain(
    "there is no variable v",
  );
  expect(refused([phase([define("v", i32(1)), ...loop("v", 0, 2, 1, [store(s, lane, 0)])])])).toContain(
    "v is declared already",
  );
  expect(refused([phase([store(s, lane, i32(1))])])).toContain("i32 stored to f32");
  expect(refused([phase([define("v", load(x, at)), assign("v", load(x, at))])])).toContain("v cannot be assigned");
  expect(refused([reduce("add", acc, s, 5)])).toContain("runs of 5 do not divide 16 lanes");
  expect(refused([phase([store(s, lane, { kind: "unary", type: f32Type, op: "exp", of: lane })])])).toContain(
    "exp of i32",
  );
});
