/** Indices that are hashes of several tokens leave 32 bits at once: every machine wraps as the definition does. */
import { expect, test } from "vitest";
import { hasCompiler } from "../support/c-kernels.ts";
import { everywhere, tryProgram } from "../support/try-program.ts";

const machines = everywhere.filter(({ target }) => hasCompiler || target.language !== "c").slice(1, 4);

test.each([
  ["a prime", "(tokens[t] * 1540483477 + tokens[max(t - 1, 0)] * 65599 * 65599 + t) mod 13"],
  ["a power of two, through a division", "((tokens[t] + 7) ^ 8 - tokens[t] * -1640531535) div 8 mod 16"],
])(
  "n-grams hashed to %s of rows",
  async (_, hash) => {
    const text = `
block hashed[A](tokens: [T] of V) -> logits: [T, V] {
  learn w: [A, V] = normal(std: 0.5)
  learn tab: [V, V'] = normal(std: 0.5)
  row[t] = ${hash}
  logits[t, v] = w[row[t], v] + tab[tokens[t], v] * (if row[t] * 1000000007 > 0 then 1 else 0.5)
}
model X: hashed { dims { T = 9  V = 23  A = 16 } }
train X { budget: 10 steps, batch: 2 sequences, optimizer: sgd(lr: 0.1) }`;
    expect(await tryProgram({ text, batch: 2 }, machines)).toEqual({ kind: "right" });
  },
  240_000,
);
