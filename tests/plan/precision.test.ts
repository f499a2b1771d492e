import { expect, test } from "vitest";
import { evaluate } from "../../src/ir/evaluate/evaluate.ts";
import type { Node, Scalar } from "../../src/ir/graph.ts";
import { reachable } from "../../src/ir/node.ts";
import { mul, unary } from "../../src/ir/scalar.ts";
import { roundOperands } from "../../src/optimize/canonical/precision.ts";
import { compile } from "../../src/plan/build-plan.ts";
import type { Precision } from "../../src/optimize/canonical/precision.ts";
import { bf16 } from "../../src/abi/numeric.ts";
import { cpuTarget, gpuTarget, softwareTarget } from "../../src/schedule/build/lowered.ts";
import type { Target } from "../../src/schedule/build/lowered.ts";
import { define, dim, parameter } from "../support/build.ts";
import { SimulatedPlan } from "../support/simulate.ts";
import { tinyModel, tinyOptimizer, tinySchedule } from "../support/tiny-model.ts";
import { initialParameters, someTokens } from "../support/training-step.ts";

const valueOf = (node: Node): readonly number[] => {
  const values = evaluate(reachable([node]), (leaf) =>
    Float64Array.from({ length: leaf.axes.reduce((n, a) => n * a.size, 1) }, (_, i) =>
      Math.sin(i * 1.7 + leaf.name.length),
    ),
  );
  return [...(values.get(node) ?? [])];
};

test("operands of a contraction are rounded to bfloat16, its sum and what follows are not", () => {
  const [M, N, K] = [dim("M", 3), dim("N", 4), dim("K", 5)];
  const [x, w] = [parameter("x", M, K), parameter("ww", K, N)];
  const y = define("y", [M, N], [K], (m, n, k) => mul(unary("exp", x(m, k)), w(k, n)));
  const z = define("z", [M, N], [], (m, n) => mul(y(m, n), y(m, n)));
  const [rounded] = roundOperands([z.node]);
  const [xs, ws] = [valueOf(x.node), valueOf(w.node)];
  const expected = Array.from({ length: 12 }, (_, at) => {
    let sum = 0;
    for (let k = 0; k < 5; k++)
      sum += bf16(Math.exp(xs[Math.floor(at / 4) * 5 + k] ?? 0)) * bf16(ws[k * 4 + (at % 4)] ?? 0);
    return sum * sum;
  });
  valueOf(rounded ?? z.node).forEach((value, i) => expect(value).toBeCloseTo(expected[i] ?? NaN, 10));
});

const model = tinyModel();

function firstStep(
  target: Target,
  precision: Precision,
): { readonly loss: number; readonly gradients: readonly Float32Array[] } {
  const plan = new SimulatedPlan(
    compile(model, tinyOptimizer(), tinySchedule(), { target, precision, programs: ["train"] }),
  );
  for (const [leaf, values] of initialParameters(model)) plan.entry(leaf.name).set(values);
  const count = model.batch * model.context;
  const { loss } = plan.run(
    "train",
    { tokens: someTokens(count, model.vocabulary, 1), targets: someTokens(count, model.vocabulary, 2) },
    { seed: 0, step: 1, lr: 0 },
  );
  return {
    loss: loss?.[0] ?? NaN,
    gradients: model.parameters.map((p) => plan.entry(p.leaf.name, "gradients").slice()),
  };
}

test.each([gpuTarget, softwareTarget, cpuTarget(8), cpuTarget(16, true)])(
  "a step in bf16 is near the one in f32 and not the same, for $name in vectors of $lanes",
  (target) => {
    const [half, full] = [firstStep(target, "bf16"), firstStep(target, "f32")];
    expect(half.loss).not.toBe(full.loss);
    expect(Math.abs(half.loss / full.loss - 1)).toBeLessThan(1e-3);
    full.gradients.forEach((gradient, i) => {
      const most = gradient.reduce((a, g) => Math.max(a, Math.abs(g)), 1e-6);
      gradient.forEach((g, j) => expect(Math.abs(g - (half.gradients[i]?.[j] ?? NaN)) / most).toBeLessThan(2e-2));
    });
  },
);

test("a source without contractions stays as it is", () => {
  const [M, K] = [dim("M", 3), dim("K", 5)];
  const x = parameter("x", M, K);
  const norm = define("norm", [M], [K], (m, k): Scalar => mul(x(m, k), x(m, k)));
  expect(roundOperands([norm.node])).toEqual([norm.node]);
});
