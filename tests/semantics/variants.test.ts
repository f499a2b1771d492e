import { describe, expect, test } from "vitest";
import { evaluateOne } from "../../src/ir/evaluate/evaluate.ts";
import { comp } from "../../src/ir/node.ts";
import type { Schedule } from "../../src/ir/model.ts";
import { elaborated } from "../support/elaborated.ts";

const text = `
model Base {
  dims { T = 32  L = 2  D = 32  H = 4  F = 64  V = 256 }
  embed:  table |> learned
  layers: L * layer(ffn: swiglu)
  head:   tied(norm: rmsnorm)
}
train Base {
  budget: 100 steps  batch: 4 sequences
  optimizer: adamw(lr: 1e-3, betas: (0.9, 0.99))
  schedule: cosine(1 -> 0.1)
  group vectors { decay: 0 }
  group "*.table.w" { lr: 1e-4 }
}
variant Faster of Base { train.optimizer.lr: 3e-3, train.batch: 8 sequences, embed.learned.C: 64 }
variant Warm of Faster {
  layers { mix.rotate: rope, ffn: mlp(activation: relu) }
  train.schedule: [linear(0 -> 1, over: 10 steps), cosine(1 -> 0)]
  dims.L: 1
}
variant Whole of Warm { layers: L * parallel, embed: table }
`;

const shapes = (name: string): Record<string, string> =>
  Object.fromEntries(
    elaborated(text, name).model.parameters.map((p) => [p.leaf.name, p.leaf.axes.map((a) => a.size).join("x")]),
  );

describe("a variant changes what its paths name, and nothing else", () => {
  test("an argument inside a composition", () => {
    const [base, faster] = [shapes("Base"), shapes("Faster")];
    expect(faster).toEqual({ ...base, "embed.learned.positions": "64x32" });
    expect(base["embed.learned.positions"]).toBe("32x32");
  });

  test("an argument inside a repetition, and a variant of a variant", () => {
    const warm = shapes("Warm");
    expect(Object.keys(warm).filter((n) => n.startsWith("layers."))).toEqual(
      ["norm.gain", "mix.wq", "mix.wk", "mix.wv", "mix.wo", "norm_2.gain", "ffn.w1", "ffn.b1", "ffn.w2", "ffn.b2"].map(
        (n) => `layers.0.${n}`,
      ),
    );
    expect(warm["embed.learned.positions"]).toBe("64x32");
  });

  test("a field that is replaced forgets what was changed inside it", () => {
    const whole = shapes("Whole");
    expect(Object.keys(whole).filter((n) => n.startsWith("embed"))).toEqual(["embed.w"]);
    expect(whole["layers.0.norm.bias"]).toBe("32");
    expect(whole["layers.0.norm_2.gain"]).toBeUndefined();
  });

  test("the training of a model is that of its variants, with their changes", () => {
    const [base, faster, warm] = ["Base", "Faster", "Warm"].map((name) => elaborated(text, name));
    expect([base?.train?.batch.amount, faster?.train?.batch.amount, warm?.train?.batch.amount]).toEqual([4, 8, 8]);
    expect([base?.optimizer?.rate, faster?.optimizer?.rate, warm?.optimizer?.rate]).toEqual([1e-3, 3e-3, 3e-3]);
    expect(base?.schedule && factors(base.schedule, [0, 0.5, 1])).toEqual([1, 0.55, 0.1]);
    // Ten steps of a hundred rise; the cosine falls over the other ninety.
    expect(warm?.schedule && factors(warm.schedule, [0, 0.05, 0.1, 0.55, 1])).toEqual([0, 0.5, 1, 0.5, 0]);
  });

  test("the last group that takes a parameter decides", () => {
    const { optimizer, model } = elaborated(text, "Base");
    const groupOf = (name: string): string | undefined => {
      const found = model.parameters.find((p) => p.leaf.name === name)?.leaf;
      return found && optimizer?.groups.findLast((g) => g.takes(found))?.name;
    };
    expect([
      groupOf("layers.0.mix.wq"),
      groupOf("layers.1.norm.gain"),
      groupOf("embed.table.w"),
      groupOf("embed.learned.positions"),
    ]).toEqual(["all", "vectors", "*.table.w", "all"]);
    const at = (group: number): number => {
      const scalar = optimizer?.groups[group]?.parameter;
      if (!scalar || !optimizer) throw new Error("no group");
      return (
        evaluateOne(comp({ name: "p" }, [], scalar), (l) =>
          l === optimizer.parameter
            ? 1
            : l === optimizer.gradient
              ? 0
              : l === optimizer.lr
                ? 0.5
                : l === optimizer.step
                  ? 1
                  : 0,
        )[0] ?? Number.NaN
      );
    };
    // Without a gradient only the decay of 0.1 is left: none for vectors, a tenth of it at a tenth of the rate.
    expect([at(0), at(1), at(2)].map((v) => Number(v.toFixed(12)))).toEqual([0.95, 1, 0.995]);
  });
});

function factors({ progress, factor }: Schedule, at: readonly number[]): readonly number[] {
  return at.map((x) =>
    Number(
      (
        evaluateOne(comp({ name: "factor" }, [], factor), (l) => (l === progress ? x : Number.NaN))[0] ?? Number.NaN
      ).toFixed(12),
    ),
  );
}
