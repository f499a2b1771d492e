/**
 * @file Names in kernels: readable, unique within a kernel, and legal in every language kernels are printed in. The index of a layer is left out
 * of names (`layers.3.mix.q` gives `q`), so that the same computation in two layers gives the same text.
 */

/** Keywords and built-in functions of WGSL, C and CUDA that a tensor might be called, and the names that printers use themselves. */
const reserved: ReadonlySet<string> = new Set(
  `abs acos active alias all and any array asin asm assert atan atan2 auto bitcast bool break case cast ceil char clamp class common const const_assert
  continue continuing cos cosh cross default degrees delete determinant diagnostic discard distance do dot double dst else enable enum erf exp exp2
  export extends extern external f16 f32 faceForward false final finite float floor fma fn for fract friend from get goto group half handle highp i32 if
  import inline inout input int interface invariant lane layout ldexp length let lgamma log log2 long lowp main mat max mediump meta min mix mod
  modf module mut mutable namespace new nil noise norm normalize not null nullptr of operator or out output override package pass patch pow precise
  precision priv private protected ptr pub public quantize radians random readonly ref reflect refract register requires resource restrict return round
  rsqrt sampler saturate select self shared short sign signed sin sinh sizeof smooth smoothstep sqrt static std step storage struct super switch tan tanh
  target template this throw trait transpose true trunc try type typedef typename u32 uniform union unsigned use using var vec2 vec3 vec4 virtual void
  volatile where while with workgroup writeonly yield`.split(/\s+/),
);

/** Hands out names, each once. */
export class Names {
  readonly #taken = new Set<string>();

  /** The hint itself when it is free, else with a number behind it. */
  fresh(hint: string): string {
    const base = reserved.has(hint) ? `${hint}_` : hint;
    for (let n = 0; ; n++) {
      const name = n === 0 ? base : `${base}_${n}`;
      if (this.#taken.has(name)) continue;
      this.#taken.add(name);
      return name;
    }
  }
}

/** The last part of a path that is not a number, as an identifier: `layers.3.mix.q` gives `q`, its gradient `d layers.3.mix.q` gives `d_q`. */
export function shortName(path: string): string {
  const last = words(path).at(-1) ?? "value";
  return identifier(path.startsWith("d ") ? `d_${last}` : last);
}

/** The whole path without layer numbers: `layers.3.mix.q` gives `layers_mix_q`. */
export function roleName(path: string): string {
  return identifier(words(path).join("_"));
}

function words(path: string): string[] {
  return path
    .split(/[^A-Za-z0-9_']+/)
    .map((word) => word.replaceAll("'", "_new"))
    .filter((word) => word !== "" && !/^\d+$/.test(word));
}

function identifier(text: string): string {
  const name = text.replace(/__+/g, "_").replace(/^_+|_+$/g, "");
  return name === "" ? "value" : /^\d/.test(name) ? `n${name}` : name;
}
