/**
 * @file Normally distributed numbers as kernels make them: of 31 random bits and the table of `abi/gaussian.ts`, in integers alone, so that they have the same bits on every device.
 */
import type { Node, Scalar } from "../../ir/graph.ts";
import { leaf, reachable, scatter, comp } from "../../ir/node.ts";
import {
  add,
  binary,
  cast,
  int,
  literal,
  mul,
  random,
  read,
  rewrite,
  select,
  sub,
  subexpressions,
  unary,
} from "../../ir/scalar.ts";
import { curvatureBits, placeBits, quantileWords, quantum, segments } from "../../abi/gaussian.ts";
import { labelOf, rebuildGraph } from "./rebuild.ts";

/** A graph in which no number is drawn from the normal distribution by itself. */
export function withGaussiansMade<const Roots extends readonly Node[]>(roots: Roots): Roots {
  const drawn = reachable(roots).some(
    (n) => (n.kind === "comp" || n.kind === "scatter") && subexpressions(n.body).some(isGaussian),
  );
  if (!drawn) return roots;
  const renewed = rebuildGraph(roots, (old, renew) => {
    const scalar = (s: Scalar): Scalar => gaussiansMade(renew.scalar(s));
    if (old.kind === "comp") return comp(labelOf(old), old.axes, scalar(old.body), old.reduce);
    return old.kind === "scatter"
      ? scatter(labelOf(old), old.axes, old.over, old.at.map(scalar), scalar(old.body))
      : undefined;
  });
  return roots.map(renewed) as unknown as Roots;
}

/** As `withGaussiansMade`, of one scalar. */
export const gaussiansMade = (s: Scalar): Scalar =>
  rewrite(s, (e) => (isGaussian(e) ? gaussianOf(e.stream, gaussiansMade(e.counter)) : undefined));

const isGaussian = (s: Scalar): s is Scalar & { readonly kind: "random" } =>
  s.kind === "random" && s.law === "gaussian";

let table: Node | undefined;

/** The words of the quantiles, by segment. */
function quantiles(): Node {
  const words = quantileWords();
  return (table ??= leaf(
    "constant",
    "quantiles",
    [
      { name: "S", size: words.length / 2 },
      { name: "W", size: 2 },
    ],
    "i32",
    { values: Float64Array.from(words) },
  ));
}

const low = (s: Scalar, bits: number): Scalar => binary("mod", s, int(2 ** bits));
const high = (s: Scalar, bits: number): Scalar => binary("idiv", s, int(2 ** bits));

/** `gaussianOf` of `abi/gaussian.ts`, operation by operation. */
function gaussianOf(stream: Scalar, counter: Scalar): Scalar {
  const drawn = random(stream, counter, "bits");
  let x = add(sub(drawn, low(drawn, 1)), int(1));
  let octave: Scalar = int(0);
  for (const zeros of [16, 8, 4, 2, 1]) {
    const small = binary("lt", x, int(2 ** (31 - zeros)));
    x = select(small, mul(x, int(2 ** zeros)), x);
    octave = add(octave, select(small, int(zeros), int(0)));
  }
  const segment = add(mul(octave, int(segments)), low(high(x, 25), Math.log2(segments)));
  const place = low(high(x, 10), placeBits);
  const bend = read(quantiles(), [segment, int(1)]);
  const slope = sub(high(bend, curvatureBits), high(mul(low(bend, curvatureBits), place), placeBits));
  const distance = sub(read(quantiles(), [segment, int(0)]), high(mul(slope, place), placeBits));
  return mul(
    cast(select(binary("eq", low(drawn, 1), int(1)), unary("neg", distance), distance), "f32"),
    literal(quantum),
  );
}
