/**
 * @file Functions of printed C kernels, within 2e-6 of f64 relative to the value, at any vector width ($; 1: scalars). `F`, `I`, `U` stand for the types of floats, integers
 * and bits, `M` for conditions.
 *
 * Sources: exp, log, sin, cos and tanh follow S. Moshier's Cephes (single/expf.c, logf.c, sinf.c, tanhf.c); erf is the rational approximation that Eigen and XLA use for f32;
 * the generator is `src/abi/random.ts`.
 */

/** The texts at a width. */
export function mathText(width: number): string {
  const types: Readonly<Record<string, string>> =
    width === 1
      ? { F: "float", I: "int32_t", U: "uint32_t", M: "int32_t", S: "splat_f32x1" }
      : { F: `f32x${width}`, I: `i32x${width}`, U: `u32x${width}`, M: `i32x${width}`, S: `splat_f32x${width}` };
  return template.replace(/\b[FIUMS]\b/g, (letter) => types[letter] ?? letter).replaceAll("$", `${width}`);
}

const template = String.raw`
// e^r of e^x = 2^n e^r, where |r| <= ln 2 / 2.
INLINE F exp_rest_x$(F x, F n) {
  F r = x - n * 0.693359375f;
  r = r - n * -2.12194440e-4f;
  F p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  return p * (r * r) + r + 1.0f;
}
// As 2^(n-1) 2e^r, which does not overflow before the result does.
INLINE F exp_x$(F given) {
  F x = max_f32x$(S(-87.5f), min_f32x$(S(89.0f), given));
  F n = round_x$(x * 1.44269504088896341f);
  F p = exp_rest_x$(x, n);
  F y = (p + p) * f32_bits_x$((U)(i32_near_x$(n) + 126) << 23);
  // Below, 2^(n-1) is no normal number: as 2^(n+64) e^r 2^-64. A branch, since processors are slow with denormals and masked scores, which are -inf, need none.
  M small = (given < -86.5f) & (given > -104.0f);
  if (__builtin_expect(any_x$(small), 0)) {
    x = max_f32x$(S(-104.0f), min_f32x$(S(-86.0f), given));
    n = round_x$(x * 1.44269504088896341f);
    F tiny = exp_rest_x$(x, n) * f32_bits_x$((U)(i32_near_x$(n) + 191) << 23) * 5.42101086242752217e-20f;
    y = select_f32x$(small, tiny, y);
  }
  return y;
}
// x = m 2^e with m in [sqrt 1/2, sqrt 2), log m by a polynomial in m - 1, so that it is accurate near 1 as well.
INLINE F log_x$(F x) {
  // A denormal is its bits as a number, times 2^-149.
  U given = bits_x$(x);
  M denormal = (M)(given < 0x00800000u);
  U bits = select_u32x$(denormal, bits_x$(f32_of_i32_x$(i32_bits_x$(given))), given);
  U raised = bits - 0x3f3504f3u;
  F e = f32_of_i32_x$(i32_bits_x$(raised) >> 23) - select_f32x$(denormal, S(149.0f), S(0.0f));
  F m = f32_bits_x$((raised & 0x007fffffu) + 0x3f3504f3u) - 1.0f;
  F z = m * m;
  F p = m * 7.0376836292e-2f - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  F y = e * -2.12194440e-4f + m * z * p - z * 0.5f;
  F ordinary = e * 0.693359375f + (m + y);
  // log 0 = -inf, log inf = inf, NaN for what is below 0.
  F special = select_f32x$(x == 0.0f, S(-__builtin_inff()), select_f32x$(x > 0.0f, x, S(__builtin_nanf(""))));
  return select_f32x$((given - 1u) < 0x7f7fffffu, ordinary, special);
}
INLINE F rsqrt_x$(F x) { return 1.0f / sqrt_x$(x); }
// Sine of x + shift pi/2. The angle is brought to [-pi/4, pi/4] with pi/2 in three parts, exact while |x| is below some 50,000; angles beyond are rare, and left to libm.
INLINE F quarter_wave_x$(F x, int32_t shift) {
  F n = round_x$(x * 0.636619772f);
  I quadrant = i32_near_x$(n) + shift;
  F r = ((x - n * 1.5703125f) - n * 4.837512969970703e-4f) - n * 7.549789954891882e-8f;
  F z = r * r;
  F sine = ((z * -1.9515295891e-4f + 8.3321608736e-3f) * z - 1.6666654611e-1f) * z * r + r;
  F cosine = ((z * 2.443315711809948e-5f - 1.388731625493765e-3f) * z + 4.166664568298827e-2f) * z * z + (1.0f - z * 0.5f);
  F y = select_f32x$((quadrant & 1) == 1, cosine, sine);
  y = select_f32x$((quadrant & 2) == 2, -y, y);
  M far = abs_f32x$(x) > 40000.0f;
  if (__builtin_expect(any_x$(far), 0)) y = far_wave_x$(x, shift, far, y);
  return y;
}
INLINE F sin_x$(F x) { return quarter_wave_x$(x, 0); }
INLINE F cos_x$(F x) { return quarter_wave_x$(x, 1); }
INLINE F sign_f32x$(F x) { return select_f32x$(x > 0.0f, S(1.0f), select_f32x$(x < 0.0f, S(-1.0f), x)); }
INLINE I sign_i32x$(I x) { return (x >> 31) | (I)(((U)-x) >> 31); }
// A polynomial near 0, where 1 - 2/(e^2x + 1) cancels; beyond 15 it is 1 in f32 and e^2x must not overflow.
INLINE F tanh_x$(F x) {
  F z = x * x;
  F p = z * -5.70498872745e-3f + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  F near = p * z * x + x;
  F size = abs_f32x$(x);
  F far = 1.0f - 2.0f / (exp_x$(2.0f * min_f32x$(S(15.0f), size)) + 1.0f);
  return select_f32x$(size < 0.625f, near, select_f32x$(x < 0.0f, -far, far));
}
// A rational function of x^2 on [-4, 4], beyond which it is 1 in f32.
INLINE F erf_x$(F value) {
  F x = max_f32x$(S(-4.0f), min_f32x$(S(4.0f), value));
  F z = x * x;
  F p = z * -2.72614225801306e-10f + 2.77068142495902e-8f;
  p = p * z - 2.10102402082508e-6f;
  p = p * z - 5.69250639462346e-5f;
  p = p * z - 7.34990630326855e-4f;
  p = p * z - 2.95459980854025e-3f;
  p = p * z - 1.60960333262415e-2f;
  F q = z * -1.45660718464996e-5f - 2.13374055278905e-4f;
  q = q * z - 1.68282697438203e-3f;
  q = q * z - 7.37332916720468e-3f;
  q = q * z - 1.42647390514189e-2f;
  return x * (p / q);
}
INLINE M is_finite_x$(F x) { return (bits_x$(x) & 0x7f800000u) != 0x7f800000u; }
// The nearest number with 8 significant bits, halves to the even one.
INLINE F bf16_x$(F x) {
  U b = bits_x$(x);
  return select_f32x$(is_finite_x$(x), f32_bits_x$((b + 0x7fffu + ((b >> 16) & 1u)) & 0xffff0000u), x);
}
// x^n, by squaring.
INLINE F whole_power_x$(F x, int32_t n) {
  F result = S(1.0f);
  for (uint32_t rest = n < 0 ? -n : n; rest > 0; rest >>= 1) {
    if (rest & 1) result *= x;
    x *= x;
  }
  return n < 0 ? 1.0f / result : result;
}
// x^y, also for x < 0 and whole y. Powers of 0 and of infinities are as IEEE says, those of -0 included.
INLINE F power_x$(F x, F y) {
  F zero = select_f32x$(y > 0.0f, S(0.0f), select_f32x$(y < 0.0f, S(__builtin_inff()), y));
  F size = select_f32x$(x == 0.0f, zero, exp_x$(y * log_x$(abs_f32x$(x))));
  M whole = floor_x$(y) == y;
  M odd = whole & (floor_x$(y * 0.5f) * 2.0f != y);
  F negative = select_f32x$(odd, -size, select_f32x$(whole | (x == 0.0f) | (is_finite_x$(x) == 0), size, S(__builtin_nanf(""))));
  return select_f32x$(y == 0.0f, S(1.0f), select_f32x$((M)((bits_x$(x) >> 31) == 1u) & (M)(x == x), negative, size));
}
// 31 bits that depend on nothing but the key of their stream and their counter.
INLINE U mix_x$(U x) {
  x = (x ^ (x >> 16)) * 0x7feb352du;
  x = (x ^ (x >> 15)) * 0x846ca68bu;
  return x ^ (x >> 16);
}
INLINE I random_of_keys_x$(U a, U b, I counter) {
  return (I)(mix_x$(mix_x$((U)counter ^ a) + b) >> 1);
}
INLINE I random_x$(uint32_t key, I counter) {
  return random_of_keys_x$(splat_u32x$(key), splat_u32x$(scramble_x1(key + 0x9e3779b9u)), counter);
}
INLINE I random_of_x$(U seed, U step, U stream, I counter) {
  U a = mix_x$(mix_x$(mix_x$(seed + 0x9e3779b9u) + step) + stream);
  return random_of_keys_x$(a, mix_x$(a + 0x9e3779b9u), counter);
}
`;
