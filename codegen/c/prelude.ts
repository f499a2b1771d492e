/**
 * @file The C that printed kernels rely on: vector types, loads and stores, masks, reductions over lanes, and functions (`math.ts`). Written with the vector extension that
 * GCC and Clang share. Intrinsics are used for what it cannot say, masked memory accesses above all; without them a loop over the lanes does the same.
 * The same helpers exist for scalars, as vectors of width 1: what is uniform is computed by the same formulas.
 */
import { halvesText } from "./halves.ts";
import { mathText } from "./math.ts";

/** The widths for which there are types and helpers, narrowest first; beside them there are single numbers. */
export const vectorWidths = (most: number): readonly number[] => [4, 8, 16].filter((width) => width <= most);

export function prelude(width: number): string {
  return [
    header,
    ...[1, ...vectorWidths(width)].map(
      (each) => (each === 1 ? scalarText : vectorText(each)) + mathText(each) + halvesText(each),
    ),
  ].join("\n");
}

const header = `#include <stdint.h>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

#define INLINE static inline __attribute__((always_inline, unused))
#define ALIGNED __attribute__((aligned(64)))
#if defined(__ARM_NEON)
#define HELD(x) "+w"(x)
#else
#define HELD(x) "+v"(x)
#endif

// The key of a stream of random numbers in a step.
INLINE uint32_t scramble_x1(uint32_t x) {
  x = (x ^ (x >> 16)) * 0x7feb352du;
  x = (x ^ (x >> 15)) * 0x846ca68bu;
  return x ^ (x >> 16);
}
INLINE uint32_t random_key(uint32_t seed, uint32_t step, uint32_t stream) {
  return scramble_x1(scramble_x1(scramble_x1(seed + 0x9e3779b9u) + step) + stream);
}
`;

const scalarText = `// Scalars.
INLINE uint32_t bits_x1(float x) { union { float f; uint32_t u; } both = {x}; return both.u; }
INLINE float f32_bits_x1(uint32_t x) { union { uint32_t u; float f; } both = {x}; return both.f; }
INLINE int32_t i32_bits_x1(uint32_t x) { return (int32_t)x; }
INLINE uint32_t u32_bits_x1(uint32_t x) { return x; }
INLINE int32_t splat_mask_x1(int32_t x) { return x; }
INLINE float splat_f32x1(float x) { return x; }
INLINE int32_t splat_i32x1(int32_t x) { return x; }
INLINE uint32_t splat_u32x1(uint32_t x) { return x; }
INLINE float select_f32x1(int32_t c, float a, float b) { return c ? a : b; }
INLINE uint32_t select_u32x1(int32_t c, uint32_t a, uint32_t b) { return c ? a : b; }
INLINE int32_t any_x1(int32_t c) { return c; }
INLINE int32_t select_i32x1(int32_t c, int32_t a, int32_t b) { return c ? a : b; }
INLINE float min_f32x1(float a, float b) { return a < b ? a : b; }
INLINE float max_f32x1(float a, float b) { return a > b ? a : b; }
INLINE int32_t min_i32x1(int32_t a, int32_t b) { return a < b ? a : b; }
INLINE int32_t max_i32x1(int32_t a, int32_t b) { return a > b ? a : b; }
INLINE uint32_t min_u32x1(uint32_t a, uint32_t b) { return a < b ? a : b; }
INLINE uint32_t max_u32x1(uint32_t a, uint32_t b) { return a > b ? a : b; }
INLINE float abs_f32x1(float x) { return __builtin_fabsf(x); }
INLINE int32_t abs_i32x1(int32_t x) { return x < 0 ? -x : x; }
INLINE float sqrt_x1(float x) { return __builtin_sqrtf(x); }
INLINE float floor_x1(float x) { return __builtin_floorf(x); }
INLINE float ceil_x1(float x) { return __builtin_ceilf(x); }
INLINE float round_x1(float x) { return __builtin_rintf(x); }
INLINE float f32_of_i32_x1(int32_t x) { return (float)x; }
INLINE float f32_of_u32_x1(uint32_t x) { return (float)x; }
INLINE float far_wave_x1(float x, int32_t shift, int32_t far, float y) { return !far ? y : shift ? __builtin_cosf(x) : __builtin_sinf(x); }
// Floats beyond the range give its nearest integer, as does a divisor of 0 the dividend.
INLINE int32_t i32_of_f32_x1(float x) { return x >= 2147483648.0f ? 2147483647 : x >= -2147483648.0f ? (int32_t)x : x < 0.0f ? -2147483647 - 1 : 0; }
INLINE uint32_t u32_of_f32_x1(float x) { return x >= 4294967296.0f ? 4294967295u : x > 0.0f ? (uint32_t)x : 0u; }
INLINE int32_t i32_near_x1(float x) { return i32_of_f32_x1(x); }
INLINE int32_t div_i32x1(int32_t a, int32_t b) { return b == 0 ? a : b == -1 ? -a : a / b; }
INLINE int32_t mod_i32x1(int32_t a, int32_t b) { return b == 0 || b == -1 ? 0 : a % b; }
INLINE uint32_t div_u32x1(uint32_t a, uint32_t b) { return b == 0 ? a : a / b; }
INLINE uint32_t mod_u32x1(uint32_t a, uint32_t b) { return b == 0 ? 0 : a % b; }
INLINE int32_t floor_div_x1(int32_t a, int32_t b) { int32_t r = mod_i32x1(a, b); return div_i32x1(a, b) - (r != 0 && (r < 0) != (b < 0)); }
INLINE int32_t floor_mod_x1(int32_t a, int32_t b) { int32_t r = mod_i32x1(a, b); return r + (r != 0 && (r < 0) != (b < 0) ? b : 0); }
`;

const scalarOf = { f32: "float", i32: "int32_t", u32: "uint32_t" } as const;
type Lane = keyof typeof scalarOf;
const types: readonly Lane[] = ["f32", "i32", "u32"];

function vectorText(w: number): string {
  const list = (item: (lane: number) => string | number): string =>
    Array.from({ length: w }, (_, lane) => item(lane)).join(", ");
  const each = (code: string): string => `for (int32_t j = 0; j < ${w}; j++) { ${code} }`;
  const vector = (type: Lane): string => `${type}x${w}`;
  const register = { 4: "_mm", 8: "_mm256", 16: "_mm512" }[w] ?? "";
  const wide = { 4: "__m128", 8: "__m256", 16: "__m512" }[w] ?? "";
  // AVX-512 masks serve the narrower vectors as well.
  const masked = `#if defined(__AVX512F__) && defined(__AVX512VL__) && defined(__AVX512DQ__)`;
  const simd =
    w === 16 ? "#if defined(__AVX512F__) && defined(__AVX512VL__) && defined(__AVX512DQ__)" : "#if defined(__AVX2__)";
  const bits = w === 4 ? "_mm_movemask_ps((__m128)m)" : "_mm256_movemask_ps((__m256)m)";
  const k = `${register}_movepi32_mask((${wide}i)m)`;
  const lines = [
    `// Vectors of ${w}.`,
    ...types.map((type) => `typedef ${scalarOf[type]} ${vector(type)} __attribute__((vector_size(${4 * w})));`),
    ...types.map(
      (type) =>
        `typedef ${scalarOf[type]} ${vector(type)}_any __attribute__((vector_size(${4 * w}), aligned(4), may_alias));`,
    ),
    `#define lanes_x${w} ((i32x${w}){${list((lane) => lane)}})`,
    ...types.map(
      (type) =>
        `INLINE ${vector(type)} splat_${vector(type)}(${scalarOf[type]} x) { return (${vector(type)}){${list(() => "x")}}; }`,
    ),
    `INLINE i32x${w} splat_mask_x${w}(int32_t c) { return splat_i32x${w}(-(c != 0)); }`,
    ...types.map(
      (type) =>
        `INLINE ${vector(type)} select_${vector(type)}(i32x${w} m, ${vector(type)} a, ${vector(type)} b) { return (${vector(type)})((m & (i32x${w})a) | (~m & (i32x${w})b)); }`,
    ),
    simd,
    ...(w === 16
      ? [`INLINE int32_t any_x16(i32x16 m) { return ${k} != 0; }`]
      : [`INLINE int32_t any_x${w}(i32x${w} m) { return ${bits} != 0; }`]),
    ...["min", "max"].map(
      (op) =>
        `INLINE f32x${w} ${op}_f32x${w}(f32x${w} a, f32x${w} b) { return (f32x${w})${register}_${op}_ps((${wide})a, (${wide})b); }`,
    ),
    `INLINE f32x${w} sqrt_x${w}(f32x${w} x) { return (f32x${w})${register}_sqrt_ps((${wide})x); }`,
    ...[
      ["floor", 9],
      ["ceil", 10],
      ["round", 8],
    ].map(
      ([name, mode]) =>
        `INLINE f32x${w} ${name}_x${w}(f32x${w} x) { return (f32x${w})${register}_${w === 16 ? "roundscale" : "round"}_ps((${wide})x, ${mode}); }`,
    ),
    "#else",
    `INLINE int32_t any_x${w}(i32x${w} m) { int32_t any = 0; ${each("any |= m[j];")} return any; }`,
    ...[
      ["min", "<"],
      ["max", ">"],
    ].map(
      ([op, less]) =>
        `INLINE f32x${w} ${op}_f32x${w}(f32x${w} a, f32x${w} b) { return select_f32x${w}(a ${less} b, a, b); }`,
    ),
    ...["sqrt", "floor", "ceil", "rint"].map(
      (name) =>
        `INLINE f32x${w} ${name === "rint" ? "round" : name}_x${w}(f32x${w} x) { ${each(`x[j] = __builtin_${name}f(x[j]);`)} return x; }`,
    ),
    "#endif",
    ...types.map(
      (type) =>
        `INLINE ${vector(type)} load_${vector(type)}(const ${scalarOf[type]} *p) { return *(const ${vector(type)}_any *)p; }`,
    ),
    ...types.map(
      (type) =>
        `INLINE void store_${vector(type)}(${scalarOf[type]} *p, ${vector(type)} x) { *(${vector(type)}_any *)p = x; }`,
    ),
    // GCC takes an operand from memory at each use where it may, even if that is what the loop waits for: a value that is held is in a register.
    `#if defined(__GNUC__) && !defined(__clang__) && ${{ 4: "(defined(__SSE__) || defined(__ARM_NEON))", 8: "defined(__AVX__)", 16: "defined(__AVX512F__)" }[w] ?? "0"}`,
    ...(["f32", "u32"] as const).map(
      (type) => `INLINE ${vector(type)} held_${vector(type)}(${vector(type)} x) { __asm__("" : HELD(x)); return x; }`,
    ),
    "#else",
    ...(["f32", "u32"] as const).map(
      (type) => `INLINE ${vector(type)} held_${vector(type)}(${vector(type)} x) { return x; }`,
    ),
    "#endif",
    masked,
    `INLINE f32x${w} load_masked_f32x${w}(const float *p, i32x${w} m) { return (f32x${w})${register}_maskz_loadu_ps(${k}, p); }`,
    `INLINE void store_masked_f32x${w}(float *p, f32x${w} x, i32x${w} m) { ${register}_mask_storeu_ps(p, ${k}, (${wide})x); }`,
    ...(w === 4
      ? []
      : [
          "#elif defined(__AVX2__)",
          ...(w === 8
            ? [
                "INLINE f32x8 load_masked_f32x8(const float *p, i32x8 m) { return (f32x8)_mm256_maskload_ps(p, (__m256i)m); }",
                "INLINE void store_masked_f32x8(float *p, f32x8 x, i32x8 m) { _mm256_maskstore_ps(p, (__m256i)m, (__m256)x); }",
              ]
            : [...eachMasked(w, each)]),
        ]),
    "#else",
    ...eachMasked(w, each),
    "#endif",
    ...(["i32", "u32"] as const).flatMap((type) => [
      `INLINE ${vector(type)} load_masked_${vector(type)}(const ${scalarOf[type]} *p, i32x${w} m) { return (${vector(type)})load_masked_f32x${w}((const float *)p, m); }`,
      `INLINE void store_masked_${vector(type)}(${scalarOf[type]} *p, ${vector(type)} x, i32x${w} m) { store_masked_f32x${w}((float *)p, (f32x${w})x, m); }`,
    ]),
    ...types.flatMap((type) => [
      `INLINE ${vector(type)} gather_${vector(type)}(const ${scalarOf[type]} *p, i32x${w} at) { return (${vector(type)}){${list((lane) => `p[at[${lane}]]`)}}; }`,
      `INLINE ${vector(type)} gather_masked_${vector(type)}(const ${scalarOf[type]} *p, i32x${w} at, i32x${w} m) { ${vector(type)} x = {0}; ${each("if (m[j]) x[j] = p[at[j]];")} return x; }`,
      `INLINE void scatter_${vector(type)}(${scalarOf[type]} *p, i32x${w} at, ${vector(type)} x) { ${each("p[at[j]] = x[j];")} }`,
      `INLINE void scatter_masked_${vector(type)}(${scalarOf[type]} *p, i32x${w} at, ${vector(type)} x, i32x${w} m) { ${each("if (m[j]) p[at[j]] = x[j];")} }`,
      `INLINE ${scalarOf[type]} first_${vector(type)}(${vector(type)} x, i32x${w} m) { ${each("if (m[j]) return x[j];")} return x[0]; }`,
    ]),
    ...(["i32", "u32"] as const).flatMap((type) => [
      `INLINE ${vector(type)} min_${vector(type)}(${vector(type)} a, ${vector(type)} b) { return select_${vector(type)}(a < b, a, b); }`,
      `INLINE ${vector(type)} max_${vector(type)}(${vector(type)} a, ${vector(type)} b) { return select_${vector(type)}(a > b, a, b); }`,
      ...["div", "mod"].map(
        (op) =>
          `INLINE ${vector(type)} ${op}_${vector(type)}(${vector(type)} a, ${vector(type)} b) { ${each(`a[j] = ${op}_${type}x1(a[j], b[j]);`)} return a; }`,
      ),
    ]),
    ...["floor_div", "floor_mod"].map(
      (op) =>
        `INLINE i32x${w} ${op}_x${w}(i32x${w} a, i32x${w} b) { ${each(`a[j] = ${op}_x1(a[j], b[j]);`)} return a; }`,
    ),
    `INLINE f32x${w} abs_f32x${w}(f32x${w} x) { return (f32x${w})((i32x${w})x & 0x7fffffff); }`,
    `INLINE i32x${w} abs_i32x${w}(i32x${w} x) { return max_i32x${w}(x, -x); }`,
    `INLINE f32x${w} f32_of_i32_x${w}(i32x${w} x) { return __builtin_convertvector(x, f32x${w}); }`,
    `INLINE f32x${w} f32_of_u32_x${w}(u32x${w} x) { return __builtin_convertvector(x, f32x${w}); }`,
    `INLINE f32x${w} f32_of_mask_x${w}(i32x${w} m) { return (f32x${w})(m & 0x3f800000); }`,
    `INLINE i32x${w} i32_of_mask_x${w}(i32x${w} m) { return m & 1; }`,
    `INLINE u32x${w} u32_of_mask_x${w}(i32x${w} m) { return (u32x${w})(m & 1); }`,
    ...(["i32", "u32"] as const).map(
      (type) =>
        `INLINE ${vector(type)} ${type}_of_f32_x${w}(f32x${w} x) { ${vector(type)} y; ${each(`y[j] = ${type}_of_f32_x1(x[j]);`)} return y; }`,
    ),
    `INLINE u32x${w} bits_x${w}(f32x${w} x) { return (u32x${w})x; }`,
    `INLINE f32x${w} f32_bits_x${w}(u32x${w} x) { return (f32x${w})x; }`,
    `INLINE i32x${w} i32_bits_x${w}(u32x${w} x) { return (i32x${w})x; }`,
    `INLINE f32x${w} far_wave_x${w}(f32x${w} x, int32_t shift, i32x${w} far, f32x${w} y) { ${each("y[j] = far_wave_x1(x[j], shift, far[j], y[j]);")} return y; }`,
    `INLINE i32x${w} i32_near_x${w}(f32x${w} x) { return __builtin_convertvector(x, i32x${w}); }`,
    ...reductions(w, list),
    ...transposition(w, list),
  ];
  return `${lines.join("\n")}\n`;
}

const eachMasked = (w: number, each: (code: string) => string): readonly string[] => [
  `INLINE f32x${w} load_masked_f32x${w}(const float *p, i32x${w} m) { f32x${w} x = {0}; ${each("if (m[j]) x[j] = p[j];")} return x; }`,
  `INLINE void store_masked_f32x${w}(float *p, f32x${w} x, i32x${w} m) { ${each("if (m[j]) p[j] = x[j];")} }`,
];

/** Each lane combines with the lane at a distance that doubles, so that all lanes of a run end with the same bits. */
function reductions(w: number, list: (item: (lane: number) => number) => string): string[] {
  const steps: string[] = [];
  for (let run = 2; run <= w; run *= 2) {
    for (const type of types) {
      for (const op of ["add", "max", "min"] as const) {
        const before = run === 2 ? "" : `x = ${op}_over_${run / 2}_${type}x${w}(x); `;
        const other = `__builtin_shufflevector(x, x, ${list((lane) => lane ^ (run / 2))})`;
        steps.push(
          `INLINE ${type}x${w} ${op}_over_${run}_${type}x${w}(${type}x${w} x) { ${before}${type}x${w} y = ${other}; return ${op === "add" ? "x + y" : `${op}_${type}x${w}(x, y)`}; }`,
        );
      }
    }
  }
  return steps;
}

const givenRow = (row: number): string => `rows[${row}]`;

/** A square of numbers, stored column by column: pairs of rows exchange ever larger blocks. */
function transposition(w: number, list: (item: (lane: number) => number) => string): string[] {
  const lines = [`INLINE void store_columns_x${w}(float *p, int32_t stride, const f32x${w} rows[${w}]) {`];
  let from = givenRow;
  for (let block = w / 2, stage = 0; block >= 1; block /= 2, stage++) {
    const names = Array.from({ length: w }, (_, row) => `t${stage}_${row}`);
    for (let row = 0; row < w; row++) {
      const upper = (row & block) === 0;
      const [a, b] = upper ? [row, row ^ block] : [row ^ block, row];
      // In the upper row: its own blocks at even places, the other row's in between; in the lower row the rest.
      const pick = list((lane) => {
        const even = (lane & block) === 0;
        return upper ? (even ? lane : w + (lane ^ block)) : even ? lane ^ block : w + lane;
      });
      lines.push(`  f32x${w} ${names[row]} = __builtin_shufflevector(${from(a)}, ${from(b)}, ${pick});`);
    }
    from = (row) => `t${stage}_${row}`;
  }
  for (let row = 0; row < w; row++) lines.push(`  store_f32x${w}(p + ${row} * (int64_t)stride, ${from(row)});`);
  return [...lines, "}"];
}
