/** How text is generated from models that decoding was once wrong for: by what is derived and equal to the forward pass, or not at all. */
import { describe, expect, test } from "vitest";
import { generationOf } from "../../src/plan/programs/generation.ts";
import { checkGeneration } from "../support/decode-check.ts";
import { elaborated } from "../support/elaborated.ts";

const around = (parts: string, block: string, dims = "", promise = ""): string => `
${block}
model M${promise} {
  dims { T = 8  L = 2  D = 6  H = 2  F = 8  V = 7  ${dims} }
  ${parts}
}`;
const layered = (layer: string, block: string, dims = "", promise = ""): string =>
  around(`embed: table\n  layers: L * layer(${layer})\n  head: tied(norm: rmsnorm)`, block, dims, promise);
/** An architecture of its own, which says what it makes of the tokens. */
const whole = (body: string, dims = "", sizes = ""): string =>
  around(
    "",
    `block arch${sizes}(tokens: [T] of V) -> logits: [T, V] where no_future(logits, tokens) {\n${body}\n}`,
    dims,
    ": arch",
  );

const kept: readonly (readonly [what: string, text: string, caches: readonly string[]])[] = [
  [
    "a softmax for each channel, whose maximum changes with the position",
    layered(
      "mix: weigh",
      `block weigh(x: [T, D]) -> y: [T, D] {
  learn w: [D, D'] = normal(std: 0.5)
  k[t, d]     = sum[d'](x[t, d'] * w[d', d])
  p[t, t', d] = softmax[t'](if t' <= t then k[t', d] else -inf)
  y[t, d]     = sum[t'](p[t, t', d] * x[t', d])
}`,
    ),
    ["k", "y"],
  ],
  [
    "a key more than there are positions",
    layered(
      "mix: sink(S: 9)",
      `block sink[S](x: [T, D]) -> y: [T, D] where S == T + 1 {
  learn first: [D] = normal(std: 1)
  k[s, d]  = if s >= 1 then x[s - 1, d] else first[d]
  a[t, s]  = sum[d](x[t, d] * k[s, d])
  p[t, s]  = softmax[s](if s <= t + 1 then a[t, s] else -inf)
  y[t, d]  = sum[s](p[t, s] * k[s, d])
}`,
    ),
    ["y"],
  ],
  [
    "a token at a computed place that is always the same",
    whole(
      `learn tab: [V, V] = normal(std: 0.5)
  learn w: [V, A] = normal(std: 0.3)
  s[a] = w[tokens[clamp(-a, 0, 0)], a]
  logits[t, v] = mean[a](s[a]) * v + tab[tokens[t], v]`,
      "A = 4",
      "[A]",
    ),
    ["tokens"],
  ],
  [
    "half of the tokens, which are fewer than the positions",
    whole(`dims { U = T / 2 }
  learn tab: [V, V'] = normal(std: 0.5)
  learn place: [U, V] = normal(std: 0.5)
  x[u, v]      = tab[tokens[u], v] + place[u, v]
  logits[t, v] = tab[tokens[t], v] + (if t < U then x[t + 0, v] else x[U - 1, v] * x[0, v])`),
    ["tokens", "x"],
  ],
  [
    "a row of a square that another position reads",
    whole(`learn tab: [V, V'] = normal(std: 0.5)
  e[t, t', v]  = if t' <= t then tab[tokens[t'], v] * (t + 1) else 0
  logits[t, v] = sum[t'](e[t, t', v]) + (if t >= 2 then e[t - 2, 0, v] else 0)`),
    ["tokens"],
  ],
  ["positions that do not mix", layered("mix: none", ""), []],
  [
    "logits that no token changes",
    whole(`learn w: [T, V] = normal(std: 1)
  logits[t, v] = w[t, v] + 0 * tokens[t]`),
    [],
  ],
  [
    "running sums inside of chunks",
    layered(
      "ffn: chunked(C: 4)",
      `block chunked[C, N](x: [T, D]) -> y: [T, D] where T == N * C {
  a[n, c, d] = sum[c'](if c' <= c then x[n * C + c', d] else 0)
  y[t, d]    = a[t div C, t mod C, d]
}`,
      "C = 4  N = 2",
    ),
    ["sum", "y"],
  ],
];

describe("token by token, equal to the forward pass at every position", () => {
  test.each(kept)("%s", (_, text, caches) => {
    const { model } = elaborated(text, "M", 2);
    const checked = checkGeneration(model);
    expect(checked.kind).toBe("incremental");
    const names = checked.kind === "incremental" ? checked.program.caches.map((c) => c.name.split(".").at(-1)) : [];
    expect([...new Set(names)]).toEqual(caches);
    expect(generationOf(model)).toMatchObject({
      kind: "incremental",
      reason: expect.stringMatching(/^proven, and tried on/) as string,
    });
  });
});

test("what may read the future is not generated from, and the read is named", () => {
  const text = layered("mix: attention(mask: prefix(length: 3)), ffn: mlp", "", "", ": encoder");
  expect(generationOf(elaborated(text, "M").model)).toEqual({
    kind: "refused",
    reason: expect.stringContaining("`layers.0.mix.attend.softmax.m` at one position may see later ones") as string,
  });
  // Without a promise, but with nothing that reads ahead, there is nothing against it.
  expect(generationOf(elaborated(layered("mix: attention, ffn: mlp", "", "", ": encoder"), "M").model).kind).toBe(
    "incremental",
  );
});

test("a translation needs two texts, and a prompt is one", () => {
  const text = `model M: encoder_decoder {
  dims { T = 6  S = 6  L = 1  D = 6  H = 2  F = 8  V = 7 }
  embed:   table
  encoder: L * layer(mix: attention(mask: full), ffn: mlp)
  decoder: L * pre_norm(mix: attention, cross: attention(from: memory, mask: full), ffn: mlp)
  head:    tied
}`;
  expect(generationOf(elaborated(text, "M").model)).toEqual({
    kind: "refused",
    reason: "it reads `source` besides, and a prompt is one text",
  });
});
