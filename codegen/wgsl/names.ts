/** @file Identifiers in WGSL: kernel IR names that WGSL reserves, that it predeclares, or that the printer uses itself get an underscore. */

/** Keywords, reserved words (WGSL §15) and the predeclared names that printed kernels use, plus the printer's own. */
const taken = new Set(
  `alias break case const const_assert continue continuing default diagnostic discard else enable false fn for if let loop override requires return struct
  switch true var while
  NULL Self abstract active alignas alignof as asm asm_fragment async attribute auto await become cast catch class co_await co_return co_yield coherent
  column_major common compile compile_fragment concept const_cast consteval constexpr constinit crate debugger decltype delete demote demote_to_helper do
  dynamic_cast enum explicit export extends extern external fallthrough filter final finally friend from fxgroup get goto groupshared highp impl implements
  import inline instanceof interface layout lowp macro macro_rules match mediump meta mod module move mut mutable namespace new nil noexcept noinline
  nointerpolation non_coherent noncoherent noperspective null nullptr of operator package packoffset partition pass patch pixelfragment precise precision
  premerge priv protected pub public readonly ref regardless register reinterpret_cast require resource restrict self set shared sizeof smooth snorm static
  static_assert static_cast std subroutine super target template this thread_local throw trait try type typedef typeid typename typeof union unless unorm
  unsafe unsized use using varying virtual volatile wgsl where with writeonly yield
  abs any array bitcast bool ceil clamp cos exp f16 f32 floor fma i32 inverseSqrt log max min pow round select sign sin sqrt tanh trunc u32 vec2 vec2f vec2i vec2u
  vec4 vec4f vec4i vec4u workgroupBarrier storageBarrier read write read_write storage
  main lane group local workgroup largest`.split(/\s+/),
);

/** The helper functions a module may declare; their names are theirs alone. */
const helperNames = [
  "accurate_log",
  "quarter_wave",
  "accurate_sin",
  "accurate_cos",
  "accurate_tanh",
  "accurate_erf",
  "power",
  "whole_power",
  "is_finite",
  "bf16",
  "pair_of_halves",
  "dot_of_halves",
  "floor_div",
  "floor_mod",
  "whole_of",
  "scramble",
  "random_bits",
] as const;
export type HelperName = (typeof helperNames)[number];

const helperPattern = new RegExp(`^(${helperNames.join("|")})(_vec\\d)?$`);

/** Kernels repeat their names many times over. */
const known = new Map<string, string>();

/** The WGSL identifier of a kernel IR name. Different identifiers stay different: what ends in underscores after a taken word gets one more. */
export function wgslName(name: string): string {
  const before = known.get(name);
  if (before !== undefined) return before;
  const made = identifierOf(name);
  known.set(name, made);
  return made;
}

function identifierOf(name: string): string {
  const identifier = name
    .replace(/[^A-Za-z0-9_]/g, "_")
    .replace(/^(?=\d)/, "_")
    .replace(/^__+/, "_");
  const word = identifier.replace(/_+$/, "");
  return taken.has(word) || helperPattern.test(word) ? `${identifier}_` : identifier;
}
