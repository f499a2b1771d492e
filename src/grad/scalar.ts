/**
 * @file Derivatives of scalar bodies, in reverse over the shared expression DAG: one pass gives the derivative with respect to
 * every read. What lies inside a `select` gets its derivative under the same condition, outermost, so that nothing of an
 * untaken side is ever evaluated: a product with zero would not do, since 0 · NaN is NaN.
 */
import { unreachable } from "../util/invariant.ts";
import type { Binary, Read, Scalar, Unary } from "../ir/graph.ts";
import { add, binary, div, literal, mul, operands, rewrite, select, sub, subexpressions, unary } from "../ir/scalar.ts";

interface Guard {
  readonly condition: Scalar;
  readonly taken: boolean;
}

/** A derivative that counts where all guards hold. */
interface Term {
  readonly guards: readonly Guard[];
  readonly value: Scalar;
}

/**
 * `cotangent · d body / d read` for every read that `wanted` selects. `self` is a scalar with the value of `body`: derivatives
 * that mention the body's own value (exp, tanh, a quotient) use it instead of computing the body again.
 */
export function pullback(
  body: Scalar,
  cotangent: Scalar,
  wanted: (read: Read) => boolean,
  self: Scalar,
): Map<Read, Scalar> {
  const order = subexpressions(body);
  const active = new Set<Scalar>();
  for (const s of order)
    if (s.dtype === "f32" && (s.kind === "read" ? wanted(s) : valueOperands(s).some((o) => active.has(o))))
      active.add(s);

  const adjoints = new Map<Scalar, Map<string, Term>>();
  const contribute = (to: Scalar, { guards, value }: Term): void => {
    if (!active.has(to)) return;
    const terms = adjoints.get(to) ?? new Map<string, Term>();
    adjoints.set(to, terms);
    const key = guards.map((g) => `${g.condition.id}${g.taken ? "+" : "-"}`).join();
    const before = terms.get(key);
    terms.set(key, { guards, value: before ? add(before.value, value) : value });
  };
  contribute(body, { guards: [], value: literal(1) });

  const found = new Map<Read, Scalar>();
  for (const s of order.toReversed()) {
    const terms = [...(adjoints.get(s)?.values() ?? [])];
    if (s.kind === "read" && active.has(s)) {
      const complete = terms.map(({ guards, value }) => ({
        guards,
        value: times(cotangent, ownValue(body, self, guards, value)),
      }));
      found.set(s, assemble(complete));
    } else if (s.kind === "select") {
      for (const term of terms) {
        for (const taken of [true, false]) {
          const guards = guarded(term.guards, s.condition, taken);
          if (guards) contribute(taken ? s.then : s.else, { guards, value: term.value });
        }
      }
    } else {
      for (const { guards, value } of terms) {
        for (const [operand, factor] of partials(s)) contribute(operand, { guards, value: factor(value) });
      }
    }
  }
  return found;
}

/** The operands through which a value flows: not conditions, not indices. */
function valueOperands(s: Scalar): readonly Scalar[] {
  return s.kind === "select" ? [s.then, s.else] : s.kind === "random" || s.kind === "read" ? [] : operands(s);
}

/** One more guard on a path; none if the path contradicts itself. */
function guarded(guards: readonly Guard[], condition: Scalar, taken: boolean): readonly Guard[] | undefined {
  const same = guards.find((g) => g.condition === condition);
  if (same) return same.taken === taken ? guards : undefined;
  return [...guards, { condition, taken }];
}

/** Uses the value already computed for the body, or for the side of its outermost select that the guards take. */
function ownValue(body: Scalar, self: Scalar, guards: readonly Guard[], value: Scalar): Scalar {
  const outer = body.kind === "select" ? guards.find((g) => g.condition === body.condition) : undefined;
  const side = body.kind === "select" && outer ? (outer.taken ? body.then : body.else) : body;
  if (operands(side).length === 0 || side.kind === "read") return value;
  return rewrite(value, (s) => (s === side ? self : undefined));
}

/** The sum of guarded terms; complementary guards share one select. */
function assemble(terms: readonly Term[]): Scalar {
  let sum: Scalar = literal(0);
  const byCondition = new Map<Scalar, { readonly then: Term[]; readonly else: Term[] }>();
  for (const { guards, value } of terms) {
    const [first, ...rest] = guards;
    if (!first) {
      sum = add(sum, value);
      continue;
    }
    const sides = byCondition.get(first.condition) ?? { then: [], else: [] };
    byCondition.set(first.condition, sides);
    sides[first.taken ? "then" : "else"].push({ guards: rest, value });
  }
  for (const [condition, sides] of byCondition)
    sum = add(sum, select(condition, assemble(sides.then), assemble(sides.else)));
  return sum;
}

type Partial = readonly [operand: Scalar, cotangent: (g: Scalar) => Scalar];

/** How a cotangent of a scalar becomes cotangents of its operands. */
function partials(s: Scalar): readonly Partial[] {
  switch (s.kind) {
    case "unary":
      return [[s.of, (g) => unaryCotangent(s, g)]];
    case "binary":
      return binaryPartials(s);
    case "cast":
    case "literal":
    case "axis":
    case "read":
    case "random":
    case "slot":
    case "select":
      return [];
    default:
      return unreachable(s);
  }
}

/** A product with its sign outermost, and a factor 1 / b as a division by b. */
function times(a: Scalar, b: Scalar): Scalar {
  if (a.kind === "unary" && a.op === "neg") return unary("neg", times(a.of, b));
  if (b.kind === "unary" && b.op === "neg") return unary("neg", times(a, b.of));
  if (b.kind === "binary" && b.op === "div" && b.left === literal(1)) return over(a, b.right);
  if (a.kind === "binary" && a.op === "div") {
    const logistic = reciprocalOfShare(b, a.right);
    if (logistic) return over(a.left, logistic);
  }
  return mul(a, b);
}

/** `e^u / (e^u + c)` is `1 / (1 + c e^-u)`: the same, but no infinity over infinity where e^u overflows. Gives what divides. */
function reciprocalOfShare(exponential: Scalar, total: Scalar): Scalar | undefined {
  if (exponential.kind !== "unary" || exponential.op !== "exp" || total.kind !== "binary" || total.op !== "add")
    return undefined;
  if (total.left !== exponential || total.right.kind !== "literal" || total.right.value <= 0) return undefined;
  return add(mul(unary("exp", unary("neg", exponential.of)), total.right), literal(1));
}

function over(a: Scalar, b: Scalar): Scalar {
  return a.kind === "unary" && a.op === "neg" ? unary("neg", over(a.of, b)) : div(a, b);
}

function unaryCotangent(s: Unary, g: Scalar): Scalar {
  const x = s.of;
  switch (s.op) {
    case "neg":
      return unary("neg", g);
    case "exp":
      return times(g, s);
    case "log":
      return over(g, x);
    case "sqrt":
      return times(over(g, s), literal(0.5));
    case "rsqrt":
      return times(times(g, mul(mul(s, s), s)), literal(-0.5));
    case "sin":
      return times(g, unary("cos", x));
    case "cos":
      return unary("neg", times(g, unary("sin", x)));
    case "tanh":
      return times(g, sub(literal(1), mul(s, s)));
    case "erf":
      return times(times(g, unary("exp", unary("neg", mul(x, x)))), literal(2 / Math.sqrt(Math.PI)));
    case "abs":
      return times(g, unary("sign", x));
    // Rounding is taken for the identity: what is computed in few bits is trained as if it had them all.
    case "bf16":
      return g;
    case "floor":
    case "ceil":
    case "round":
    case "sign":
    case "not":
    case "finite":
    case "stop":
      return literal(0);
    default:
      return unreachable(s.op);
  }
}

function binaryPartials(s: Binary): readonly Partial[] {
  const { left: a, right: b } = s;
  const zero = literal(0);
  switch (s.op) {
    case "add":
      return [
        [a, (g) => g],
        [b, (g) => g],
      ];
    case "sub":
      return [
        [a, (g) => g],
        [b, (g) => unary("neg", g)],
      ];
    case "mul":
      return [
        [a, (g) => times(g, b)],
        [b, (g) => times(g, a)],
      ];
    case "div":
      return [
        [a, (g) => over(g, b)],
        [b, (g) => unary("neg", over(times(g, s), b))],
      ];
    case "pow":
      return [
        [a, (g) => times(g, times(b, binary("pow", a, sub(b, literal(1)))))],
        // A zero base has no slope in its exponent: 0 ^ b is 0 around every b > 0, and log 0 must not appear.
        [b, (g) => select(binary("lt", zero, a), times(times(g, s), unary("log", a)), zero)],
      ];
    // At a tie the whole cotangent goes to the right operand, so that max(x, 0) has slope 0 at 0.
    case "max":
      return [
        [a, (g) => select(binary("lt", b, a), g, zero)],
        [b, (g) => select(binary("lt", b, a), zero, g)],
      ];
    case "min":
      return [
        [a, (g) => select(binary("lt", a, b), g, zero)],
        [b, (g) => select(binary("lt", a, b), zero, g)],
      ];
    case "mod":
      return [
        [a, (g) => g],
        [b, (g) => unary("neg", times(g, unary("floor", div(a, b))))],
      ];
    case "idiv":
    case "lt":
    case "le":
    case "eq":
    case "ne":
    case "and":
    case "or":
      return [];
    default:
      return unreachable(s.op);
  }
}
