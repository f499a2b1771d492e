/** @file Random index programs on every machine that needs no device, compared with their definitions. `npm run fuzz -- programs` makes longer runs. */
import { describe, expect, test } from "vitest";
import { compile } from "../../src/plan/build-plan.ts";
import { hasCompiler } from "../support/c-kernels.ts";
import { elaborated } from "../support/elaborated.ts";
import { randomProgram } from "../support/random-program.ts";
import { everywhere, tryProgram } from "../support/try-program.ts";

const tried = 24;
const machines = everywhere.filter(({ target }) => hasCompiler || target.language !== "c");

describe("random programs", () => {
  test("compute what they say: loss, gradients and two updates, on the interpreter and in C", async () => {
    const found: string[] = [];
    let right = 0;
    for (let seed = 0; seed < tried; seed++) {
      const program = randomProgram(seed);
      const result = await tryProgram(program, [
        ...machines.slice(0, 2),
        ...machines.slice(2 + (seed % 3), 3 + (seed % 3)),
      ]);
      if (result.kind === "right") right++;
      if (result.kind === "wrong") found.push(`seed ${seed}: ${result.why}\n${program.text}`);
    }
    expect(found).toEqual([]);
    // A generator whose programs are refused tests nothing.
    expect(right).toBeGreaterThan(0.9 * tried);
  }, 600_000);

  test.each([
    ["half of the tokens are embedded", "source[u] = tokens[u]", "if t < U then x[t + 0, d] else 0"],
    ["the other half", "source[u] = tokens[u + U]", "if t >= U then x[t - U, d] else 0"],
  ])("a table that %s", async (_, source, spread) => {
    const text = `
block half[D](tokens: [T] of V) -> logits: [T, V] {
  dims { U = T / 2 }
  learn w: [V, D] = normal(std: 0.5)
  learn out: [D, V] = normal(std: 0.5)
  ${source}
  x[u, d] = w[source[u], d]
  y[t, d] = ${spread}
  logits[t, v] = sum[d](y[t, d] * out[d, v])
}
model X: half { dims { T = 8  D = 8  V = 11 } }
train X { budget: 10 steps, batch: 2 sequences, optimizer: sgd(lr: 0.1) }`;
    expect(await tryProgram({ text, batch: 2 }, machines)).toEqual({ kind: "right" });
  });

  test("a row that reads another place of the tensor it reduces", async () => {
    const text = `
block edge[A, C](tokens: [T] of V) -> logits: [T, V] {
  learn w: [T, A] = normal(std: 0.5)
  learn tab: [V, V'] = normal(std: 0.5)
  u[t] = mean[c](w[t, min(c, A - 1)]) + w[t, A - 1]
  p[t] = max[c](w[t, min(c + 1, A - 1)]) * w[t, 0]
  logits[t, v] = u[t] * (v + 1) + p[t] + tab[tokens[t], v]
}
model X: edge { dims { T = 6  V = 5  A = 5  C = 4 } }
train X { budget: 10 steps, batch: 1 sequences, optimizer: sgd(lr: 0.1) }`;
    expect(await tryProgram({ text, batch: 1 }, machines)).toEqual({ kind: "right" });
  });

  test("maxima and minima over computed values, which other kernels might round otherwise", async () => {
    const text = `
block pool[A, B](tokens: [T] of V) -> logits: [T, V] {
  learn w: [V, A] = normal(std: 0.5)
  learn s: [A, B] = normal(std: 0.5)
  learn o: [A, V] = normal(std: 0.5)
  p[t, a] = max[b](w[tokens[t], a] * s[a, b] + 0.3 * s[a, b] * s[a, (b + 1) mod B])
  q[t] = min[a, b](w[tokens[t], a] * s[a, b] - 0.1 * p[t, a])
  logits[t, v] = sum[a](p[t, a] * o[a, v]) + q[t] * v
}
model X: pool { dims { T = 8  V = 11  A = 16  B = 8 } }
train X { budget: 10 steps, batch: 2 sequences, optimizer: sgd(lr: 0.1) }`;
    expect(await tryProgram({ text, batch: 2 }, machines)).toEqual({ kind: "right" });
    const { model, optimizer, schedule } = elaborated(text, "X");
    if (!optimizer || !schedule) throw new Error("the text says how it is trained");
    const { clusters } = compile(model, optimizer, schedule, { programs: ["train"] }).stages;
    const stored = [...clusters.values()]
      .flat()
      .flatMap((c) => c.reasons)
      .filter((reason) => reason.includes("compared for equality"));
    expect(stored).toHaveLength(2);
  });

  test("a statistic of a diagonal", async () => {
    const text = `
block diagonal[B](tokens: [T] of V) -> logits: [T, V] {
  learn w: [B] = normal(std: 0.5)
  s[v] = w[0] * (v + 1)
  u[t, t'] = sum[v](s[v] * w[t mod B]) + w[t' mod B]
  r[t] = u[t, t] * rsqrt(mean[t'](u[t', t'] ^ 2) + 0.01)
  logits[t, v] = r[t] * v
}
model X: diagonal { dims { T = 3  V = 7  B = 8 } }
train X { budget: 10 steps, batch: 1 sequences, optimizer: sgd(lr: 0.1) }`;
    expect(await tryProgram({ text, batch: 2 }, machines)).toEqual({ kind: "right" });
  });
});
