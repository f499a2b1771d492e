/**
 * @file Sizes as polynomials over dims with exact rational coefficients and integer powers (`D / H` is D·H⁻¹), in one canonical form,
 * so that `n + 1` and `1 + n` are the same size. What is not a polynomial (`round(8 / 3 * D, to: 64)`) is an atom of its own.
 */

interface Rational {
  readonly num: bigint;
  readonly den: bigint;
}

interface Monomial {
  readonly coefficient: Rational;
  /** Atom to power; no power is zero. Sorted by atom. */
  readonly powers: ReadonlyMap<string, number>;
}

/** Keyed by the printed monomial; no coefficient is zero. */
export type Polynomial = ReadonlyMap<string, Monomial>;

function rational(num: bigint, den: bigint): Rational {
  const sign = den < 0n ? -1n : 1n;
  let [a, b] = [num < 0n ? -num : num, den * sign];
  while (b) [a, b] = [b, a % b];
  const divisor = (a || 1n) * sign;
  return { num: num / divisor, den: den / divisor };
}

function fromTerms(terms: Iterable<Monomial>): Polynomial {
  const sum = new Map<string, Monomial>();
  for (const term of terms) {
    const key = monomial(term.powers);
    const known = sum.get(key)?.coefficient ?? { num: 0n, den: 1n };
    const c = term.coefficient;
    const coefficient = rational(known.num * c.den + c.num * known.den, known.den * c.den);
    if (coefficient.num === 0n) sum.delete(key);
    else sum.set(key, { coefficient, powers: term.powers });
  }
  return new Map([...sum].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function monomial(powers: ReadonlyMap<string, number>): string {
  return [...powers].map(([atom, power]) => (power === 1 ? atom : `${atom}^${power}`)).join("*");
}

function multiplyTerms(a: Monomial, b: Monomial): Monomial {
  const powers = new Map(a.powers);
  for (const [atom, power] of b.powers) {
    const sum = (powers.get(atom) ?? 0) + power;
    if (sum === 0) powers.delete(atom);
    else powers.set(atom, sum);
  }
  const [x, y] = [a.coefficient, b.coefficient];
  return {
    coefficient: rational(x.num * y.num, x.den * y.den),
    powers: new Map([...powers].toSorted(([p], [q]) => (p < q ? -1 : 1))),
  };
}

/** The constant polynomial of an integer. */
export function constant(value: number): Polynomial {
  return fromTerms([{ coefficient: { num: BigInt(value), den: 1n }, powers: new Map() }]);
}

export function atom(name: string): Polynomial {
  return fromTerms([{ coefficient: { num: 1n, den: 1n }, powers: new Map([[name, 1]]) }]);
}

export function addSizes(a: Polynomial, b: Polynomial): Polynomial {
  return fromTerms([...a.values(), ...b.values()]);
}

export function negateSize(a: Polynomial): Polynomial {
  return multiplySizes(a, constant(-1));
}

export function multiplySizes(a: Polynomial, b: Polynomial): Polynomial {
  return fromTerms([...a.values()].flatMap((x) => [...b.values()].map((y) => multiplyTerms(x, y))));
}

/** The quotient where it is a polynomial: by a single term always, by a sum where the division leaves nothing over. */
export function divideSizes(a: Polynomial, b: Polynomial): Polynomial | undefined {
  const divisor = leading(b);
  if (!divisor) return undefined;
  if (b.size === 1) return multiplySizes(a, inverse(divisor));
  let quotient: Polynomial = new Map();
  let rest = a;
  // Each step removes the leading term; sums in models are short, and what takes longer has no end.
  for (let steps = 0; steps < 32; steps++) {
    const first = leading(rest);
    if (!first) return quotient;
    const part = multiplySizes(fromTerms([first]), inverse(divisor));
    quotient = addSizes(quotient, part);
    rest = addSizes(rest, negateSize(multiplySizes(part, b)));
  }
  return undefined;
}

function inverse({ coefficient: { num, den }, powers }: Monomial): Polynomial {
  return fromTerms([
    { coefficient: rational(den, num), powers: new Map([...powers].map(([name, power]) => [name, -power])) },
  ]);
}

/** The greatest term in the lexicographic order of powers, which multiplication keeps. */
function leading(a: Polynomial): Monomial | undefined {
  const terms = [...a.values()];
  const atoms = [...new Set(terms.flatMap((term) => [...term.powers.keys()]))].toSorted();
  return terms.toSorted(
    (x, y) =>
      atoms
        .map((name) => (y.powers.get(name) ?? 0) - (x.powers.get(name) ?? 0))
        .find((difference) => difference !== 0) ?? 0,
  )[0];
}

export function equalSizes(a: Polynomial, b: Polynomial): boolean {
  if (a.size !== b.size) return false;
  for (const [key, { coefficient }] of a) {
    const other = b.get(key)?.coefficient;
    if (!other || other.num !== coefficient.num || other.den !== coefficient.den) return false;
  }
  return true;
}

/** The value of a polynomial without atoms. */
export function constantValue(a: Polynomial): number | undefined {
  if (a.size === 0) return 0;
  const only = a.get("");
  return a.size === 1 && only ? Number(only.coefficient.num) / Number(only.coefficient.den) : undefined;
}

/** For messages where no one wrote the size down: `2*P`, `D/H`. */
export function printSize(a: Polynomial): string {
  if (a.size === 0) return "0";
  return [...a.values()]
    .map(({ coefficient, powers }) => {
      const upper = [...powers].filter(([, p]) => p > 0);
      const lower = [...powers].filter(([, p]) => p < 0).map(([name, p]) => [name, -p] as const);
      const top = [
        ...(coefficient.num === 1n && upper.length > 0 ? [] : [String(coefficient.num)]),
        ...upper.map(power),
      ].join(" * ");
      const bottom = [...(coefficient.den === 1n ? [] : [String(coefficient.den)]), ...lower.map(power)];
      return bottom.length === 0 ? top : `${top} / ${bottom.length > 1 ? `(${bottom.join(" * ")})` : bottom[0]}`;
    })
    .join(" + ");
}

function power([name, exponent]: readonly [string, number]): string {
  return exponent === 1 ? name : `${name} ^ ${exponent}`;
}
