/**
 * @file Inverting the index of a read. A consumer reads `X[f(p)]` for every point p of its space; the adjoint of X at j is the
 * sum over the points with f(p) = j. Solving these equations for the consumer's axes turns that scatter into a gather:
 * out[j] = sum over the free axes, under guards. Relabelled axes, shifts, strides, splits and merges of axes (div, mod,
 * mixed radix) are solved; what is not (a clamp, a bucket) stays an equation that guards a sum over its axes.
 */
import { invariant } from "../util/invariant.ts";
import { affineOf, decide, fromAffine, isExact, plus, scale } from "../ir/affine.ts";
import type { Affine } from "../ir/affine.ts";
import type { Axis, Scalar } from "../ir/graph.ts";
import { add, axis, binary, int, mul, rewrite, sub, subexpressions, substitute } from "../ir/scalar.ts";
import { simplifier } from "../ir/simplify-scalar.ts";
import { positionsOf } from "../ir/sums.ts";

export interface Inversion {
  /** Each axis of the consumer's space as an index over the operand's axes and then `free`. */
  readonly by: readonly Scalar[];
  /** The axes that the equations leave free; the adjoint sums over them. */
  readonly free: readonly Axis[];
  /** What must hold for `by` to be a point of the consumer's space. Reads nothing unless an index did. */
  readonly bounds: readonly Scalar[];
  /** Equations `f_i(p) = j_i` that stayed, over the same positions as `by`. */
  readonly equations: readonly Scalar[];
  /** Consumer axes that an unsolved equation ranges over; empty when every equation is solved or pointwise. */
  readonly unsolved: ReadonlySet<number>;
  /** Some unsolved equation reads data while ranging over free axes: only a scatter does this in one pass. */
  readonly readsData: boolean;
}

/** Solves `at = (axes of the operand)` for the axes of `domain`, the consumer's space. */
export function invert(at: readonly Scalar[], domain: readonly Axis[], range: readonly Axis[]): Inversion {
  return new Solver(at, domain, range).solve();
}

/** How an equation can be solved, best first. */
type Step =
  | { readonly rank: 0; readonly kind: "check" }
  | { readonly rank: 1 | 3 | 4; readonly kind: "axis"; readonly variable: number; readonly coefficient: number }
  | { readonly rank: 2; readonly kind: "digits"; readonly digits: readonly Digit[] };

interface Digit {
  readonly variable: number;
  readonly coefficient: number;
}

/** Positions while solving: the range axes, the domain axes, then axes made by splitting. */
class Solver {
  readonly #range: readonly Axis[];
  readonly #domain: readonly Axis[];
  readonly #space: Axis[];
  readonly #solution = new Map<number, Scalar>();
  readonly #bounds: Scalar[] = [];
  #pending: { readonly index: Scalar; readonly target: Scalar }[];

  constructor(at: readonly Scalar[], domain: readonly Axis[], range: readonly Axis[]) {
    this.#range = range;
    this.#domain = domain;
    this.#space = [...range, ...domain];
    const moved = domain.map((_, i) => axis(range.length + i));
    this.#pending = at.map((index, i) => ({ index: substitute(index, moved), target: axis(i) }));
  }

  solve(): Inversion {
    const checks: Scalar[] = [];
    while (this.#pending.length > 0) {
      this.#simplifyPending();
      if (this.#split()) continue;
      const steps = this.#pending.flatMap((equation) => {
        const step = this.#step(equation.index);
        return step ? [{ equation, step }] : [];
      });
      const best = steps.toSorted((a, b) => a.step.rank - b.step.rank)[0];
      if (!best) break;
      this.#pending = this.#pending.filter((e) => e !== best.equation);
      const { index, target } = best.equation;
      switch (best.step.kind) {
        case "check":
          checks.push(binary("eq", index, target));
          break;
        case "axis":
          this.#solveAxis(index, target, best.step);
          break;
        case "digits":
          this.#solveDigits(index, target, best.step.digits);
          break;
      }
    }
    return this.#finish(checks);
  }

  #simplifyPending(): void {
    const simplify = simplifier(this.#space);
    this.#pending = this.#pending.map(({ index, target }) => ({ index: simplify(this.#known(index)), target }));
  }

  /** Replaces solved axes by their solutions. */
  #known(s: Scalar): Scalar {
    return rewrite(s, (e) => {
      const solved = e.kind === "axis" ? this.#solution.get(e.position) : undefined;
      return solved && this.#known(solved);
    });
  }

  #isOpen(position: number): boolean {
    return position >= this.#range.length && !this.#solution.has(position);
  }

  #openIn(s: Scalar): readonly number[] {
    return [...positionsOf(s)].filter((p) => this.#isOpen(p));
  }

  /** `(p + k) div c` or `mod c` of an open axis p: writes p as q · c + m - k over two new axes, after which both are affine. */
  #split(): boolean {
    for (const { index } of this.#pending) {
      for (const s of subexpressions(index)) {
        if (
          s.kind !== "binary" ||
          (s.op !== "idiv" && s.op !== "mod") ||
          s.right.kind !== "literal" ||
          s.right.value < 2
        )
          continue;
        const form = affineOf(s.left);
        const [entry, ...others] = form.terms;
        if (
          !entry ||
          others.length > 0 ||
          entry[1] !== 1 ||
          entry[0].kind !== "axis" ||
          !this.#isOpen(entry[0].position) ||
          !isExact(form, this.#space)
        )
          continue;
        const c = s.right.value;
        const position = entry[0].position;
        const { name, size } = this.#axisAt(position);
        const low = Math.floor(form.constant / c);
        const high = Math.floor((size - 1 + form.constant) / c);
        const q = this.#newAxis({ name: `${name}div${c}`, size: high - low + 1 });
        const m = this.#newAxis({ name: `${name}mod${c}`, size: c });
        this.#assign(position, add(mul(q, int(c)), add(m, int(low * c - form.constant))));
        return true;
      }
    }
    return false;
  }

  #step(index: Scalar): Step | undefined {
    const open = this.#openIn(index);
    if (open.length === 0) return { rank: 0, kind: "check" };
    const form = affineOf(index);
    // What wraps has several solutions.
    if (!isExact(form, this.#space)) return undefined;
    const plain = [...form.terms].flatMap(([atom, k]) =>
      atom.kind === "axis" && this.#isOpen(atom.position) ? [{ variable: atom.position, coefficient: k }] : [],
    );
    const inAtoms = new Set([...form.terms.keys()].flatMap((atom) => (atom.kind === "axis" ? [] : this.#openIn(atom))));
    const solvable = plain.filter((d) => !inAtoms.has(d.variable));
    const [first] = solvable;
    if (open.length === 1 && first && Math.abs(first.coefficient) === 1) return { rank: 1, kind: "axis", ...first };
    if (inAtoms.size === 0 && this.#isRadix(plain))
      return { rank: 2, kind: "digits", digits: plain.toSorted((a, b) => a.coefficient - b.coefficient) };
    // The largest axis is solved for: the sum runs over the small ones (a window, not the sequence).
    const bySize = solvable.toSorted((a, b) => this.#axisAt(b.variable).size - this.#axisAt(a.variable).size);
    const unit = bySize.find((d) => Math.abs(d.coefficient) === 1);
    if (unit) return { rank: 3, kind: "axis", ...unit };
    const [largest] = bySize;
    return largest && { rank: 4, kind: "axis", ...largest };
  }

  /** Whether the terms are digits of a mixed-radix number: each coefficient a multiple of the ones below, with room for them. */
  #isRadix(terms: readonly Digit[]): boolean {
    const sorted = terms.toSorted((a, b) => a.coefficient - b.coefficient);
    return sorted.every((d, i) => {
      const above = sorted[i + 1]?.coefficient;
      return (
        d.coefficient > 0 &&
        (above === undefined || (above % d.coefficient === 0 && d.coefficient * this.#axisAt(d.variable).size <= above))
      );
    });
  }

  /** `k · p + rest = j`  gives  `p = (j - rest) / k`. */
  #solveAxis(index: Scalar, target: Scalar, { variable, coefficient }: Digit): void {
    const rest = plus(affineOf(target), scale(withoutAxis(affineOf(index), variable), -1));
    const sign = Math.sign(coefficient);
    const k = Math.abs(coefficient);
    const value = fromAffine(scale(rest, sign));
    if (k > 1) this.#bounds.push(binary("eq", binary("mod", value, int(k)), int(0)));
    this.#assign(variable, binary("idiv", value, int(k)));
  }

  /** `Σ c_i · p_i + rest = j` with digits: each p_i is a quotient of j - rest within its radix. */
  #solveDigits(index: Scalar, target: Scalar, digits: readonly Digit[]): void {
    let form = affineOf(index);
    for (const d of digits) form = withoutAxis(form, d.variable);
    const value = sub(target, fromAffine(form));
    const lowest = digits[0]?.coefficient ?? 1;
    if (lowest > 1) this.#bounds.push(binary("eq", binary("mod", value, int(lowest)), int(0)));
    digits.forEach(({ variable, coefficient }, i) => {
      const above = digits[i + 1]?.coefficient;
      const quotient = binary("idiv", value, int(coefficient));
      this.#assign(variable, above === undefined ? quotient : binary("mod", quotient, int(above / coefficient)));
    });
  }

  #assign(position: number, value: Scalar): void {
    this.#solution.set(position, value);
    this.#bounds.push(binary("le", int(0), value), binary("lt", value, int(this.#axisAt(position).size)));
  }

  #newAxis(made: Axis): Scalar {
    this.#space.push(made);
    return axis(this.#space.length - 1);
  }

  #axisAt(position: number): Axis {
    const found = this.#space[position];
    invariant(found, `no axis ${position} while inverting`);
    return found;
  }

  #finish(checks: readonly Scalar[]): Inversion {
    const open = this.#space.map((_, p) => p).filter((p) => this.#isOpen(p));
    const free = open.map((p) => this.#axisAt(p));
    const rank = this.#range.length;
    const target = [...this.#range, ...free];
    const place = this.#space.map((_, p) => (p < rank ? axis(p) : axis(rank + Math.max(0, open.indexOf(p)))));
    const simplify = simplifier(target);
    const resolve = (s: Scalar): Scalar => simplify(substitute(this.#known(s), place));
    const holds = (s: Scalar): boolean => decide(s, target) === true;
    const left = this.#pending.map(({ index, target }) => ({
      index: this.#known(index),
      equation: binary("eq", this.#known(index), target),
    }));
    return {
      by: this.#domain.map((_, i) => resolve(axis(rank + i))),
      free,
      bounds: [...new Set(this.#bounds.map(resolve))].filter((s) => !holds(s)),
      equations: [...new Set([...checks, ...left.map((e) => e.equation)].map(resolve))].filter((s) => !holds(s)),
      unsolved: new Set(left.flatMap(({ index }) => this.#domainAxesBehind(this.#openIn(index)))),
      readsData: left.some(({ index }) => subexpressions(index).some((s) => s.kind === "read")),
    };
  }

  /** The consumer's axes whose value involves one of these open positions. */
  #domainAxesBehind(open: readonly number[]): readonly number[] {
    return this.#domain.flatMap((_, i) => {
      const positions = positionsOf(this.#known(axis(this.#range.length + i)));
      return open.some((p) => positions.has(p)) ? [i] : [];
    });
  }
}

function withoutAxis(form: Affine, position: number): Affine {
  return {
    constant: form.constant,
    terms: new Map([...form.terms].filter(([atom]) => atom.kind !== "axis" || atom.position !== position)),
  };
}
