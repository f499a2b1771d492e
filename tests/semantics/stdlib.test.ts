/** @file The standard library against PyTorch and the papers, in f64; `tests/fixtures/torch/stdlib.py` made the numbers. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { evaluateOne } from "../../src/ir/evaluate/evaluate.ts";
import type { Leaf } from "../../src/ir/graph.ts";
import { comp, leaf } from "../../src/ir/node.ts";
import { axis, read, rewrite } from "../../src/ir/scalar.ts";
import { applyOp, pattern, type Input } from "../support/apply-op.ts";
import { elaborated } from "../support/elaborated.ts";

const fixture = JSON.parse(readFileSync(new URL("../fixtures/torch/stdlib.json", import.meta.url), "utf8")) as Record<
  string,
  number[]
>;
const [T, S, D, H, G, E, V] = [5, 5, 8, 4, 2, 6, 7];

function input(seed: number, axes: Record<string, number>, scale = 1): Input {
  return {
    axes,
    values: pattern(
      seed,
      Object.values(axes).reduce((a, b) => a * b, 1),
    ).map((v) => v * scale),
  };
}

function expectClose(actual: Float64Array | readonly number[], name: string): void {
  const wanted = fixture[name] ?? [];
  expect(actual.length).toBe(wanted.length);
  for (const [i, value] of wanted.entries())
    expect(Math.abs((actual[i] ?? Number.NaN) - value), `${name}[${i}]: ${actual[i]} for ${value}`).toBeLessThan(
      1e-9 * Math.max(1, Math.abs(value)),
    );
}

const x = input(0, { T, D }, 4);
const learned = (l: Leaf): Float64Array => pattern(l.name.endsWith("bias") ? 2 : 1, D);

describe("PyTorch's definition, to nine digits", () => {
  const plain = [
    "relu",
    "relu_squared",
    "leaky_relu",
    "elu",
    "sigmoid",
    "silu",
    "gelu",
    "gelu_tanh",
    "softplus",
    "mish",
    "softcap",
    "plain_layernorm",
    "plain_rmsnorm",
    "layernorm",
    "rmsnorm",
  ];
  test.each(plain)("%s", (name) => expectClose(applyOp(name, [x], {}, { parameters: learned }).values, name));

  test.each(["softmax", "logsumexp"])("%s along the last axis", (name) => {
    // The op's axis is called S; of T and D it can only mean one that is named.
    const rows = Array.from(
      { length: T },
      (_, t) => applyOp(name, [{ axes: { S: D }, values: x.values.slice(t * D, (t + 1) * D) }]).values,
    );
    expectClose(
      rows.flatMap((row) => [...row]),
      name,
    );
  });

  const attention = [input(0, { T, H, E }), input(1, { S, G, E }), input(2, { S, G, E })];
  test.each([
    ["attend full", {}],
    ["attend causal", { mask: "causal" }],
    ["attend alibi", { mask: "causal", bias: "alibi" }],
  ] as const)("%s", (name, settings) => expectClose(applyOp("attend", attention, settings).values, name));

  test.each(["rope", "rope_interleaved", "sinusoidal"])("%s", (name) =>
    expectClose(
      applyOp(name, [{ ...input(3, { T, E }), axes: name === "sinusoidal" ? { T, D: E } : { T, E } }]).values,
      name,
    ),
  );

  const targets: Input = { axes: { T }, values: Float64Array.from({ length: T }, (_, i) => (3 * i + 1) % V) };
  test.each([
    ["cross_entropy", "cross_entropy", {}],
    ["cross_entropy smoothed", "cross_entropy", { smoothing: 0.1 }],
    ["z_loss", "z_loss", {}],
    ["focal", "focal", {}],
  ] as const)("%s", (name, op, settings) =>
    expectClose(applyOp(op, [input(4, { T, V }, 3), { ...targets, integers: true }], settings).values, name),
  );

  test.each(["t5_bucket", "t5_bucket_causal"])("%s", (name) => {
    const offsets = Array.from({ length: 57 }, (_, i) => -199 + 7 * i);
    const actual = offsets.map(
      (offset) =>
        applyOp(name, [{ axes: {}, values: Float64Array.of(offset), integers: true }], { buckets: 32, reach: 128 })
          .values[0] ?? Number.NaN,
    );
    expectClose(actual, name);
  });
});

describe("two of several experts", () => {
  test.each([
    ["tied, all of them", [0.25, 0.25, 0.25, 0.25], [0.5, 0.5, 0, 0]],
    ["tied in the second place", [0.2, 0.4, 0.2, 0.2], [1 / 3, 2 / 3, 0, 0]],
    ["tied in the first place", [0.1, 0.3, 0.3, 0.3], [0, 0.5, 0.5, 0]],
    ["in order", [0.1, 0.2, 0.3, 0.4], [0, 0, 3 / 7, 4 / 7]],
    ["the only one", [1], [1]],
  ] as const)("%s", (_, p, shares) => {
    const { values } = applyOp("top_two", [{ axes: { N: p.length }, values: Float64Array.from(p) }]);
    expect([...values].map((share) => Number(share.toFixed(12)))).toEqual(
      shares.map((share) => Number(share.toFixed(12))),
    );
  });
});

// As `get_slopes` of the authors' code gives them, in powers of two.
test.each([
  [1, [-8]],
  [2, [-4, -8]],
  [3, [-4, -8, -2]],
  [6, [-2, -4, -6, -8, -1, -3]],
  [8, [-1, -2, -3, -4, -5, -6, -7, -8]],
  [12, [-1, -2, -3, -4, -5, -6, -7, -8, -0.5, -1.5, -2.5, -3.5]],
] as const)("the slopes of alibi for %i heads", (heads, powers) => {
  const { values } = applyOp("alibi", [{ axes: { H: heads, T: 2, S: 1 }, values: new Float64Array(2 * heads) }]);
  expect(powers.map((_, h) => Math.log2(-(values[2 * h + 1] ?? 0)))).toEqual(
    powers.map((power) => expect.closeTo(power, 12)),
  );
});

test("a row without a key gives zeros", () => {
  expect([...applyOp("softmax", [{ axes: { S: 4 }, values: new Float64Array(4).fill(-Infinity) }]).values]).toEqual([
    0, 0, 0, 0,
  ]);
});

describe("five steps of an optimizer as PyTorch takes them", () => {
  const settings: Record<string, string> = {
    adamw: "lr: 0.01, betas: (0.9, 0.95), decay: 0.1",
    adam: "lr: 0.01",
    sgd: "lr: 0.01, momentum: 0.9, decay: 0.1",
    rmsprop: "lr: 0.01",
  };
  test.each(Object.keys(settings))("%s", (name) => {
    const { optimizer } = elaborated(
      `
model M { dims { T = 4  L = 1  D = 4  H = 1  F = 4  V = 5 }  embed: table  layers: L * layer  head: tied }
train M { budget: 10 steps  optimizer: ${name}(${settings[name]}) }`,
      "M",
    );
    if (!optimizer) throw new Error("no optimizer");
    const [group] = optimizer.groups;
    if (!group) throw new Error("no group");
    const count = 8;
    let values = new Map<Leaf, Float64Array>([
      [optimizer.parameter, pattern(5, count)],
      ...optimizer.states.map((s) => [s.leaf, new Float64Array(count).fill(s.init)] as const),
    ]);
    for (let step = 0; step < 5; step++) {
      const bound = new Map(values).set(optimizer.gradient, pattern(6 + step, count));
      const run = (scalar: typeof group.parameter): Float64Array => {
        const wide = new Map(
          [...bound.keys()].map((l) => [l, leaf("input", l.name, [{ name: "I", size: count }])] as const),
        );
        const body = rewrite(scalar, (s) => {
          const source = s.kind === "read" && s.of.kind === "leaf" ? wide.get(s.of) : undefined;
          return source && read(source, [axis(0)]);
        });
        const node = comp({ name: "step" }, [{ name: "I", size: count }], body);
        return evaluateOne(node, (l) => {
          const original = [...wide].find(([, w]) => w === l)?.[0];
          if (original) return bound.get(original) ?? 0;
          return l === optimizer.lr ? optimizer.rate : l === optimizer.step ? step + 1 : 0;
        });
      };
      const next = new Map([[optimizer.parameter, run(group.parameter)]]);
      for (const [i, s] of optimizer.states.entries()) next.set(s.leaf, run(group.states[i] ?? group.parameter));
      values = next;
    }
    expectClose(values.get(optimizer.parameter) ?? [], name);
  });
});
