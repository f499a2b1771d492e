/** What parameters start from is the same on every device, whatever it does with floating-point numbers. */
import { describe, expect, test, vi } from "vitest";
import { compile } from "../../src/plan/build-plan.ts";
import type { Compiled } from "../../src/plan/build-plan.ts";
import { evaluateOne } from "../../src/ir/evaluate/evaluate.ts";
import { comp } from "../../src/ir/node.ts";
import { initialisation } from "../../codegen/typescript/initialisers.ts";
import type { Initialisers } from "../../src/runtime/index.ts";
import { initialise, readParameters } from "../../src/runtime/index.ts";
import { openDevice } from "../../src/runtime/node/device.ts";
import { gaussian } from "../../src/abi/gaussian.ts";
import { streamOf, uniform } from "../../src/abi/random.ts";
import { cpuTarget, softwareTarget } from "../../src/schedule/build/lowered.ts";
import type { Target } from "../../src/schedule/build/lowered.ts";
import { hasCompiler } from "../support/c-kernels.ts";
import { programOf } from "../support/device-run.ts";
import { differences, tooFar } from "../support/check-model.ts";
import { elaborated } from "../support/elaborated.ts";
import { simulated } from "../support/machines.ts";
import { SimulatedPlan } from "../support/simulate.ts";

const text = `
block starts(x: [T, D]) -> y: [T, D] {
  learn ones: [D] = 1
  learn drawn: [D, D] = normal(std: 0.02)
  learn moved: [D] = normal(std: 0.02, center: 1)
  learn even: [D] = xavier(fan_in: D, fan_out: D)
  learn between: [D] = uniform_range(low: 0, high: 1)
  learn diagonal: [D, D] = if d == d' then 1 else 0
  learn curved: [D] = exp(-4 * uniform())
  y[t, d] = x[t, d] * (ones[d] + moved[d] + even[d] + between[d] + curved[d]) + sum[d'](x[t, d'] * (drawn[d', d] + diagonal[d', d]))
}
model X {
  dims { T = 8  L = 2  D = 20  V = 30 }
  embed:  table
  layers: L * starts
  head:   tied
}
train X { batch: 2 sequences, optimizer: adamw(lr: 3e-3), budget: 8 steps }
`;

const { model, optimizer, schedule } = elaborated(text, "X");
const compiledFor = (target: Target): Compiled => {
  if (!optimizer || !schedule) throw new Error("the model says how it is trained");
  return compile(model, optimizer, schedule, { target, programs: ["start", "evaluate"] });
};
const seed = 9;
/** The functions of the training program. */
function printedFunctions(compiled: Compiled): Initialisers {
  const { functions, starts } = initialisation(compiled.initialisers);
  return Object.fromEntries(
    starts.map(({ name, function: of, streams }) => {
      const printed = functions.find((f) => f.name === of);
      const text = `const step = 0; return (${printed?.streams.join()}) => (i) => { ${printed?.statements.join(" ")} return ${printed?.result}; };`;
      return [
        name,
        (
          new Function("seed", "uniform", "gaussian", text) as (
            ...names: unknown[]
          ) => (...streams: number[]) => (i: number) => number
        )(
          seed,
          uniform,
          gaussian,
        )(...streams),
      ];
    }),
  );
}

/** The bits of all parameters. */
async function started(device: string, target: Target): Promise<ReadonlyMap<string, Uint32Array>> {
  const opened = await openDevice({ device });
  try {
    const compiled = compiledFor(target);
    const session = await opened.open(programOf(compiled));
    await initialise(session, seed, printedFunctions(compiled));
    return new Map(
      [...(await readParameters(session))].map(([path, values]) => [
        path,
        new Uint32Array(Float32Array.from(values).buffer),
      ]),
    );
  } finally {
    opened.close();
  }
}

const bits = (values: readonly number[]): Uint32Array => new Uint32Array(Float32Array.from(values).buffer);
const list = (length: number, value: (i: number) => number): number[] => Array.from({ length }, (_, i) => value(i));

test("kernels draw what the runtime's functions draw, scaled and rounded once", () => {
  const compiled = compiledFor(softwareTarget);
  const plan = new SimulatedPlan(compiled);
  plan.run("start", {}, { seed, step: 0 });
  const at = (path: string): Uint32Array => new Uint32Array(Float32Array.from(plan.entry(`layers.1.${path}`)).buffer);
  expect(at("ones")).toEqual(bits(list(20, () => 1)));
  expect(at("diagonal")).toEqual(bits(list(400, (i) => Number(i % 21 === 0))));
  expect(at("drawn")).toEqual(
    bits(list(400, (i) => Math.fround(0.02) * gaussian(seed, 0, streamOf("layers.1.drawn.normal/gaussian"), i))),
  );
  const limit = Math.sqrt(6 / 40);
  expect(at("even")).toEqual(
    bits(
      list(
        20,
        (i) =>
          Math.fround(2 * limit) * (uniform(seed, 0, streamOf("layers.1.even.xavier.uniform_range/uniform"), i) - 0.5),
      ),
    ),
  );
  expect(at("between")).toEqual(
    bits(list(20, (i) => uniform(seed, 0, streamOf("layers.1.between.uniform_range/uniform"), i))),
  );
});

test("what would be rounded twice, or by functions of the device, is left to the host", () => {
  const compiled = compiledFor(softwareTarget);
  expect([...compiled.initialisers.values()].map((p) => p.leaf.name)).toEqual(
    ["moved", "curved", "moved", "curved"].map((name, i) => `layers.${Math.floor(i / 2)}.${name}`),
  );
  const printed = printedFunctions(compiled);
  for (const [name, { leaf, init }] of compiled.initialisers) {
    const wanted = [...evaluateOne(comp({ name }, leaf.axes, init), () => 0, { seed, step: 0 })];
    expect(list(wanted.length, (i) => printed[name]?.(i) ?? NaN)).toEqual(wanted);
  }
});

describe.skipIf(!hasCompiler)("on the CPU", () => {
  test("and on WebGPU, in vectors of any width and with any number of threads, parameters start from the same bits", async () => {
    const software = await started("software", softwareTarget);
    expect(software.size).toBe(15);
    for (const width of [4, 8, 16] as const) expect(await started("cpu", cpuTarget(width))).toEqual(software);
    for (const threads of ["1", "3"]) {
      vi.stubEnv("LLMC_THREADS", threads);
      expect(await started("cpu", cpuTarget(8))).toEqual(software);
    }
    vi.unstubAllEnvs();
  });
});

test("a model may draw normal numbers while it trains, and is trained as its definition says", async () => {
  const noisy = `
block noise(x: [T, D]) -> y: [T, D] {
  learn gain: [D] = 1
  y[t, d] = x[t, d] + gain[d] * (if training then 0.5 * gaussian() else 0)
}
model N {
  dims { T = 8  L = 2  D = 12  H = 2  V = 30 }
  embed:  table
  layers: L * layer(mix: attention, ffn: noise)
  head:   tied
}
train N { batch: 2 sequences, optimizer: adamw(lr: 3e-3), budget: 8 steps }
`;
  const made = elaborated(noisy, "N");
  if (!made.optimizer || !made.schedule) throw new Error("the model says how it is trained");
  const compiled = compile(made.model, made.optimizer, made.schedule, {
    target: softwareTarget,
    programs: ["train", "evaluate", "decode"],
  });
  expect(tooFar(await differences(made.model, made.optimizer, compiled, simulated(compiled)))).toEqual([]);
});
