/**
 * @file Functions that printed kernels bring along where WGSL's own are not good enough: its tanh overflows on some drivers and, like log near 1 and sin and cos
 * anywhere, may be far less accurate than f32 (sin and cos: 2^-11). The texts hold for scalars and vectors alike: `T` stands for the float type, `U` and
 * `I` for the unsigned and signed type of that width, `B` for its condition; a name followed by `$` gets the width's suffix.
 *
 * Sources: log, sin, cos and tanh follow S. Moshier's Cephes (single/logf.c, sinf.c, tanhf.c); erf is the rational approximation that Eigen and XLA use
 * for f32; the generator is `src/abi/random.ts`.
 */
import type { Width } from "../../src/kernel/ir.ts";
import type { HelperName } from "./names.ts";

interface Helper {
  readonly needs: readonly HelperName[];
  readonly text: string;
}

const helpers: Readonly<Record<HelperName, Helper>> = {
  accurate_log: {
    needs: [],
    text: `/// Natural logarithm: x = m·2^e with m in [√½, √2), log m by a polynomial in m - 1, so that it is accurate near 1 as well.
fn accurate_log$(x: T) -> T {
  // A denormal is its bits as a number, times 2^-149: devices may take it for 0 in arithmetic.
  let given = bitcast<U>(x);
  let denormal = given < U(0x00800000u);
  let bits = select(given, bitcast<U>(T(given)), denormal);
  let raised = bits - U(0x3f3504f3u);
  let e = T(bitcast<I>(raised) >> U(23u)) - select(T(0.0), T(149.0), denormal);
  let m = bitcast<T>((raised & U(0x007fffffu)) + U(0x3f3504f3u)) - 1.0;
  let z = m * m;
  var p = fma(T(7.0376836292e-2), m, T(-1.1514610310e-1));
  p = fma(p, m, T(1.1676998740e-1));
  p = fma(p, m, T(-1.2420140846e-1));
  p = fma(p, m, T(1.4249322787e-1));
  p = fma(p, m, T(-1.6668057665e-1));
  p = fma(p, m, T(2.0000714765e-1));
  p = fma(p, m, T(-2.4999993993e-1));
  p = fma(p, m, T(3.3333331174e-1));
  let y = fma(e, T(-2.12194440e-4), m * z * p) - 0.5 * z;
  let ordinary = (given - U(1u)) < U(0x7f7fffffu);
  // By bits, as devices need not know infinities: log 0 = -∞, log ∞ = ∞, NaN for what is below 0.
  let minus_infinity = bitcast<T>((given & U(0x80000000u)) | U(0xff800000u));
  let not_a_number = bitcast<T>(given | U(0x7fc00000u));
  let special = select(select(not_a_number, minus_infinity, (given << U(1u)) == U(0u)), x, given == U(0x7f800000u));
  return select(special, fma(e, T(0.693359375), m + y), ordinary);
}`,
  },
  quarter_wave: {
    needs: [],
    text: `/// Sine of x + shift·π/2. The angle is brought to [-π/4, π/4] with π/2 in three parts, exact while |x| is below some 50,000; angles beyond are
/// left to the device, as accurate as it is.
fn quarter_wave$(x: T, shift: i32) -> T {
  let n = round(x * 0.636619772);
  let quadrant = I(n) + I(shift);
  let r = ((x - n * 1.5703125) - n * 4.837512969970703e-4) - n * 7.549789954891882e-8;
  let z = r * r;
  let sine = fma(fma(fma(T(-1.9515295891e-4), z, T(8.3321608736e-3)), z, T(-1.6666654611e-1)) * z, r, r);
  let cosine = fma(fma(fma(T(2.443315711809948e-5), z, T(-1.388731625493765e-3)), z, T(4.166664568298827e-2)) * z, z, fma(z, T(-0.5), T(1.0)));
  var y = select(sine, cosine, (quadrant & I(1)) == I(1));
  y = select(y, -y, (quadrant & I(2)) == I(2));
  let far = abs(x) > T(40000.0);
  if any(far) {
    y = select(y, select(sin(x), cos(x), shift == 1), far);
  }
  return y;
}`,
  },
  accurate_sin: {
    needs: ["quarter_wave"],
    text: `fn accurate_sin$(x: T) -> T {
  return quarter_wave$(x, 0);
}`,
  },
  accurate_cos: {
    needs: ["quarter_wave"],
    text: `fn accurate_cos$(x: T) -> T {
  return quarter_wave$(x, 1);
}`,
  },
  accurate_tanh: {
    needs: [],
    text: `/// Hyperbolic tangent: a polynomial near 0, where 1 - 2/(e^2x + 1) cancels; beyond ±15 it is ±1 in f32 and e^2x must not overflow.
fn accurate_tanh$(x: T) -> T {
  let z = x * x;
  var p = fma(T(-5.70498872745e-3), z, T(2.06390887954e-2));
  p = fma(p, z, T(-5.37397155531e-2));
  p = fma(p, z, T(1.33314422036e-1));
  p = fma(p, z, T(-3.33332819422e-1));
  let near = fma(p * z, x, x);
  let far = sign(x) * (1.0 - 2.0 / (exp(2.0 * min(abs(x), T(15.0))) + 1.0));
  return select(far, near, abs(x) < T(0.625));
}`,
  },
  accurate_erf: {
    needs: [],
    text: `/// Error function: a rational function of x² on [-4, 4], beyond which it is ±1 in f32.
fn accurate_erf$(value: T) -> T {
  let x = clamp(value, T(-4.0), T(4.0));
  let z = x * x;
  var p = fma(T(-2.72614225801306e-10), z, T(2.77068142495902e-8));
  p = fma(p, z, T(-2.10102402082508e-6));
  p = fma(p, z, T(-5.69250639462346e-5));
  p = fma(p, z, T(-7.34990630326855e-4));
  p = fma(p, z, T(-2.95459980854025e-3));
  p = fma(p, z, T(-1.60960333262415e-2));
  var q = fma(T(-1.45660718464996e-5), z, T(-2.13374055278905e-4));
  q = fma(q, z, T(-1.68282697438203e-3));
  q = fma(q, z, T(-7.37332916720468e-3));
  q = fma(q, z, T(-1.42647390514189e-2));
  return x * (p / q);
}`,
  },
  power: {
    needs: ["accurate_log"],
    text: `/// x^y, also for x < 0 and whole y; 0^y is 0 for y > 0, and of the sign of 0 for odd y.
fn power$(x: T, y: T) -> T {
  let size = select(exp(y * accurate_log$(abs(x))), select(1.0 / abs(x), T(0.0), y > T(0.0)), x == T(0.0));
  let whole = floor(y) == y;
  let odd = whole & (floor(y * 0.5) * 2.0 != y);
  let negative = select(select(accurate_log$(x), size, whole | (x == T(0.0))), -size, odd);
  return select(select(size, negative, (bitcast<U>(x) >> U(31u)) == U(1u)), T(1.0), y == T(0.0));
}`,
  },
  whole_power: {
    needs: [],
    text: `/// x^n for a whole n ≥ 0, by squaring.
fn whole_power$(x: T, n: u32) -> T {
  var result = T(1.0);
  var square = x;
  for (var rest = n; rest > 0u; rest >>= 1u) {
    if (rest & 1u) == 1u { result *= square; }
    square *= square;
  }
  return result;
}`,
  },
  is_finite: {
    needs: [],
    text: `/// False for NaN and infinities, by bits: comparisons may assume that neither occurs.
fn is_finite$(x: T) -> B {
  return (bitcast<U>(x) & U(0x7f800000u)) != U(0x7f800000u);
}`,
  },
  bf16: {
    needs: ["is_finite"],
    text: `/// The nearest number with 8 significant bits, halves to the even one.
fn bf16$(x: T) -> T {
  let b = bitcast<U>(x);
  return select(x, bitcast<T>((b + U(0x7fffu) + ((b >> U(16u)) & U(1u))) & U(0xffff0000u)), is_finite$(x));
}`,
  },
  pair_of_halves: {
    needs: ["bf16"],
    text: `/// Two numbers rounded to bfloat16 in a word, the first in its low half.
fn pair_of_halves$(low: T, high: T) -> U {
  return (bitcast<U>(bf16$(low)) >> U(16u)) | bitcast<U>(bf16$(high));
}`,
  },
  dot_of_halves: {
    needs: [],
    text: `/// The products of the bfloat16 in two words, added to c.
fn dot_of_halves$(a: U, b: U, c: T) -> T {
  let high = fma(bitcast<T>(a & U(0xffff0000u)), bitcast<T>(b & U(0xffff0000u)), c);
  return fma(bitcast<T>(a << U(16u)), bitcast<T>(b << U(16u)), high);
}`,
  },
  floor_div: {
    needs: [],
    text: `/// The quotient rounded down.
fn floor_div$(a: I, b: I) -> I {
  let q = a / b;
  return q - select(I(0), I(1), (a % b != I(0)) & ((a < I(0)) != (b < I(0))));
}`,
  },
  floor_mod: {
    needs: [],
    text: `/// The remainder of the quotient rounded down: it has the sign of b.
fn floor_mod$(a: I, b: I) -> I {
  let r = a % b;
  return r + select(I(0), b, (r != I(0)) & ((r < I(0)) != (b < I(0))));
}`,
  },
  whole_of: {
    needs: [],
    text: `/// The number without its fraction; the nearest i32 of what is beyond, 0 of NaN.
fn whole_of$(x: T) -> I {
  let not_a_number = (bitcast<U>(x) & U(0x7fffffffu)) > U(0x7f800000u);
  return select(select(I(x), I(2147483647), x >= T(2147483648.0)), I(0), not_a_number);
}`,
  },
  scramble: {
    needs: [],
    text: `/// A bijection of 32 bits in which every bit of the input reaches every bit of the output.
fn scramble(value: u32) -> u32 {
  var x = value;
  x = (x ^ (x >> 16u)) * 0x7feb352du;
  x = (x ^ (x >> 15u)) * 0x846ca68bu;
  return x ^ (x >> 16u);
}`,
  },
  random_bits: {
    needs: ["scramble"],
    text: `/// 31 bits that depend on nothing but the arguments.
fn random_bits(seed: u32, step: u32, stream: u32, counter: i32) -> i32 {
  let a = scramble(scramble(scramble(seed + 0x9e3779b9u) + step) + stream);
  let b = scramble(a + 0x9e3779b9u);
  return i32(scramble(scramble(u32(counter) ^ a) + b) >> 1u);
}`,
  },
};

/** A helper at a width, as it is called: `accurate_log` or `accurate_log_vec4`. */
export interface HelperUse {
  readonly name: HelperName;
  readonly width: Width;
}

export const helperCall = ({ name, width }: HelperUse): string => (width === 1 ? name : `${name}_vec${width}`);

/** The texts of the helpers used and of those they need, each once, needed ones first. */
export function helperTexts(uses: readonly HelperUse[]): string[] {
  const texts = new Map<string, string>();
  const include = (use: HelperUse): void => {
    if (texts.has(helperCall(use))) return;
    const { needs, text } = helpers[use.name];
    for (const name of needs) include({ name, width: use.width });
    texts.set(helperCall(use), atWidth(text, use.width));
  };
  uses.forEach(include);
  return [...texts.values()];
}

function atWidth(text: string, width: Width): string {
  const types =
    width === 1
      ? { T: "f32", U: "u32", I: "i32", B: "bool" }
      : { T: `vec${width}f`, U: `vec${width}u`, I: `vec${width}i`, B: `vec${width}<bool>` };
  return (
    text
      .replaceAll("///", "//")
      // A scalar constant has its type from where it stands.
      .replace(/\b[TUI]\((-?\d[\w.-]*)\)/g, (whole, constant: string) => (width === 1 ? constant : whole))
      .replace(/\b[TUIB]\b/g, (letter) => types[letter as keyof typeof types])
      .replaceAll("$", width === 1 ? "" : `_vec${width}`)
  );
}
