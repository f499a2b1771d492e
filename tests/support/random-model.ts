/**
 * @file Small models over the choices of the standard library, at sizes that fit nothing: the same number gives the same model. Where a choice has
 * conditions (rotary positions need an even E), sizes are chosen first and choices that cannot be are left out.
 */
import { randomSource } from "./gradcheck.ts";

export interface RandomModel {
  /** Contains a model and a train section, both named `X`. */
  readonly text: string;
  readonly batch: number;
  /** Bytes of activation beyond which tensors are made in chunks; absent: never. */
  readonly memory?: number;
}

export function randomModel(seed: number): RandomModel {
  const draw = randomSource(1000 + seed);
  const one = <T>(...choices: readonly T[]): T => choices[Math.floor(draw() * choices.length)] as T;
  const chance = (part: number): boolean => draw() < part;

  const aligned = chance(0.25);
  const heads = one(1, 2, 3, 4, 4, 6);
  const G = one(...[1, 2, 3, 4, 6].filter((g) => heads % g === 0));
  // A norm over one or two numbers leaves nothing but rounding errors.
  const E = aligned ? one(4, 8, 16) : one(...[1, 2, 3, 4, 5, 6, 7, 10].filter((e) => heads * e > 2));
  // Heads need not make up the width of the stream.
  const ownE = chance(0.3);
  const D = ownE ? one(5, 7, 11, 13, 14) : heads * E;
  const T = aligned ? one(4, 8, 16) : one(1, 2, 3, 5, 7, 9, 11, 13, 17);
  const F = aligned ? one(8, 16, 32) : one(3, 5, 7, 10, 11, 19);
  const V = aligned ? one(8, 16, 32, 64) : one(2, 5, 7, 11, 13, 29, 67);
  const L = one(1, 1, 2);
  const batch = one(1, 2, 3);

  const even = E % 2 === 0;
  const activation = (): string =>
    one("gelu", "gelu_tanh", "relu", "relu_squared", "silu", "elu", "leaky_relu", "softplus", "mish", "sigmoid");
  const norm = (): string =>
    one("rmsnorm", "rmsnorm", "layernorm", "layernorm", "plain_layernorm", "plain_rmsnorm", "l2norm", "dyt", "none");
  const dropout = chance(0.3);
  const drop = (): readonly string[] => (dropout && chance(0.7) ? [`drop: dropout(rate: ${one("0.1", "0.3")})`] : []);

  const attention = (): string =>
    call("attention", [
      ...(chance(0.2) ? [`mask: window(size: ${one(1, 2, 3, 5)})`] : []),
      ...(chance(0.5) && even ? [`rotate: ${one("rope", "rope", "rope_interleaved", "rope(base: 100)")}`] : []),
      ...(chance(0.4)
        ? [
            `bias: ${one("alibi", "shaw_keys(R: 5)", "t5_bias(R: 6, bucket: t5_bucket_causal, reach: 8)", "t5_bias(R: 8, reach: 8)")}`,
          ]
        : []),
      ...(chance(0.2) ? ["cap: softcap(at: 2)"] : []),
      ...(E > 2 && chance(0.25) ? [`norm_qk: ${one("rmsnorm", "layernorm", "l2norm", "plain_rmsnorm")}`] : []),
      ...(chance(0.25) ? ["heads: add_heads"] : []),
      ...(chance(0.25) ? ["out: add_vector"] : []),
      ...drop(),
    ]);
  const feedForward = (): string =>
    one(
      () => `mlp(activation: ${activation()})`,
      () => "swiglu",
      () => "geglu",
      () => `glu(activation: ${activation()})`,
      () => `moe(N: ${one(3, 4)}, activation: ${activation()})`,
      () => "token_shift |> swiglu",
    )();
  const layer = (): string => {
    const name = one("layer", "layer", "pre_norm", "post_norm", "parallel", "sandwich");
    return call(name, [
      `norm: ${norm()}`,
      `mix: ${attention()}`,
      `ffn: ${feedForward()}`,
      ...(name === "sandwich" ? [] : drop()),
    ]);
  };
  const tied = chance(0.5);
  const place = one("", "", " |> learned", ...(D % 2 === 0 ? [" |> sinusoidal"] : []));
  const embed = `table${chance(0.2) ? "(scale: sqrt(D))" : ""}${place}${dropout && chance(0.5) ? " |> dropout" : ""}`;
  const optimizer = one(
    "adamw(lr: 1e-2)",
    "adamw(lr: 3e-3, betas: (0.8, 0.9), decay: 0.2)",
    "adam(lr: 1e-2)",
    "sgd(lr: 0.1)",
    "sgd(lr: 0.1, momentum: 0.9, decay: 0.01)",
    "lion(lr: 1e-3, decay: 0.1)",
    "rmsprop(lr: 1e-3)",
  );
  const loss = one(
    "cross_entropy",
    "cross_entropy",
    "cross_entropy(smoothing: 0.1)",
    "z_loss(weight: 0.01)",
    "focal(gamma: 2)",
  );
  const lines = [
    `model X {`,
    `  dims { T = ${T}  L = ${L}  D = ${D}  H = ${heads}${G === heads ? "" : `  G = ${G}`}${ownE ? `  E = ${E}` : ""}  F = ${F}  V = ${V} }`,
    `  embed:  ${embed}`,
    `  layers: L * ${layer()}`,
    `  head:   ${tied ? "tied" : "linear_head"}(norm: ${norm()})`,
    `}`,
    `train X {`,
    `  budget:    10 steps`,
    `  batch:     ${batch} sequences`,
    `  optimizer: ${optimizer}`,
    `  loss:      ${loss}`,
    ...(chance(0.6) ? [`  clip:      ${one("0.1", "1")}`] : []),
    ...(optimizer.includes("decay") && chance(0.5) ? [`  group vectors { decay: 0 }`] : []),
    `}`,
  ];
  return { text: lines.join("\n"), batch, ...(chance(0.25) && { memory: one(256, 1024, 4096) }) };
}

function call(name: string, settings: readonly string[]): string {
  return settings.length > 0 ? `${name}(${settings.join(", ")})` : name;
}
