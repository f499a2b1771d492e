import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { declarationsOf } from "../../src/semantics/load/scope.ts";
import { loadProgram } from "../../src/semantics/load/program.ts";
import { checkDecoding } from "../support/decode-check.ts";
import { elaborated, stdlib } from "../support/elaborated.ts";
import { gradcheck } from "../support/gradcheck.ts";

const hardCases = readFileSync(new URL("../fixtures/language/hard-cases.llm", import.meta.url), "utf8");

/** What is changed in a small model; every op and block of the library stands in one of these. */
interface Change {
  readonly embed?: string;
  readonly layer?: string;
  readonly mix?: string;
  readonly head?: string;
  readonly loss?: string;
  readonly extra?: string;
  /** Another than the decoder. */
  readonly architecture?: string;
  /** It sees the future: it cannot be decoded token by token. */
  readonly whole?: boolean;
}

const source = ({
  whole = false,
  architecture = whole ? "encoder" : undefined,
  embed = "table",
  layer,
  mix = "",
  head = "tied(norm: rmsnorm)",
  loss = "cross_entropy",
  extra = "",
}: Change): string => `
${extra}
model Test${architecture === undefined ? "" : `: ${architecture}`} {
  dims { T = 5  L = 1  D = 8  H = 4  G = 2  E = 2  F = 5  N = 3  V = 7  R = 5 }
  embed: ${embed}
  layers: L * ${layer ?? `layer(mix: attention(${mix}), ffn: swiglu)`}
  head: ${head}
}
train Test { budget: 10 steps  batch: 2 sequences  loss: ${loss} }
`;
const activated = (name: string): Change => ({ layer: `layer(ffn: mlp(activation: ${name}))` });
const normed = (name: string): Change => ({ layer: `layer(norm: ${name}, ffn: mlp)` });
const probe = (body: string): Change => ({
  layer: "layer(ffn: probe)",
  extra: `block probe[F](x: [T, D]) -> y: [T, D] {\n${body}\n}`,
});

const changes: Record<string, Change> = {
  ...Object.fromEntries(
    [
      "none",
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
    ].map((name) => [name, activated(name)]),
  ),
  ...Object.fromEntries(
    ["rmsnorm", "layernorm", "plain_layernorm", "plain_rmsnorm", "l2norm", "dyt"].map((name) => [name, normed(name)]),
  ),
  learned: { embed: "table |> learned" },
  sinusoidal: { embed: "table(scale: 2) |> sinusoidal" },
  rope: { mix: "rotate: rope" },
  rope_interleaved: { mix: "rotate: rope_interleaved" },
  alibi: { mix: "bias: alibi" },
  shaw_keys: { mix: "bias: shaw_keys" },
  t5_bias: { mix: "bias: t5_bias(reach: 4)" },
  t5_bucket_causal: { mix: "bias: t5_bias(bucket: t5_bucket_causal, reach: 4)" },
  window: { mix: "mask: window(size: 2)" },
  prefix: { mix: "mask: prefix(length: 2)", whole: true },
  full: { mix: "mask: full", whole: true },
  "capped scores, normed queries and keys, biases, dropout": {
    mix: "cap: softcap, norm_qk: rmsnorm, heads: add_heads, out: add_vector, drop: dropout",
  },
  "packed_decoder, same_document, documents_of": {
    architecture: "packed_decoder",
    mix: "rotate: rope, bias: same_document(documents: documents)",
  },
  glu: { layer: "layer(ffn: glu)" },
  geglu: { layer: "layer(ffn: geglu)" },
  moe: { layer: "layer(ffn: moe)" },
  token_shift: { embed: "table |> token_shift" },
  pre_norm: { layer: "pre_norm" },
  post_norm: { layer: "post_norm(mix: attention(rotate: rope))" },
  parallel: { layer: "parallel" },
  sandwich: { layer: "sandwich" },
  linear_head: { head: "linear_head(norm: layernorm)" },
  unembed: { head: "rmsnorm |> unembed(w: embed.w)" },
  "cross_entropy with smoothing": { loss: "cross_entropy(smoothing: 0.1)" },
  z_loss: { loss: "z_loss" },
  focal: { loss: "focal" },
  newton: { ...probe("y = newton(x)"), whole: true },
  softmax: probe("y[t, d] = softmax[d](x[t, d])"),
  logsumexp: probe("z[t] = logsumexp[d](x[t, d])\ny[t, d] = x[t, d] * z[t]"),
};

describe("every op and block of the library has the gradients that central differences say", () => {
  for (const [name, change] of Object.entries(changes)) {
    test(name, () => {
      const { model } = elaborated(source(change), "Test");
      gradcheck(
        [model.logits, model.loss],
        model.parameters.map((p) => p.leaf),
        { samples: 6 },
      );
      if (!change.whole) checkDecoding(model);
    });
  }

  for (const name of ["Translator", "Relative"]) {
    test(`an encoder and a decoder with operators of its own: ${name}`, () => {
      const small = "dims.S: 5, dims.T: 4, dims.D: 8, dims.H: 2, dims.L: 2, dims.F: 6, dims.V: 7";
      const { model } = elaborated(`${hardCases}\nvariant Small of ${name} { ${small} }\n`, "Small");
      gradcheck(
        [model.logits, model.loss],
        model.parameters.map((p) => p.leaf),
        { samples: 4 },
      );
      checkDecoding(model);
    });
  }

  test("and none was forgotten", () => {
    const { std } = loadProgram("empty.llm", { readFile: () => "", stdlib });
    const text = Object.entries(changes)
      .map(([name, change]) => `${name} ${source(change)}`)
      .join("\n");
    // Not differentiated: initialisers, schedules, optimizers. Reached through others: masks by default, architectures.
    const elsewhere = [
      "zeros",
      "ones",
      "constant",
      "normal",
      "uniform_range",
      "xavier",
      "kaiming",
      "constant_rate",
      "linear",
      "cosine",
      "exponential",
      "inverse_sqrt",
      "sgd",
      "adam",
      "adamw",
      "lion",
      "rmsprop",
      "causal",
      "attend",
      "t5_bucket",
      "decoder",
      "encoder",
      "encoder_decoder",
      "defaults",
    ];
    const forgotten = declarationsOf(std.file)
      .map((d) => d.name.text)
      .filter((name) => !elsewhere.includes(name) && !new RegExp(`\\b${name}\\b`).test(text));
    expect(forgotten).toEqual([]);
  });
});
