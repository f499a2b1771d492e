/**
 * @file Gradients against central differences in f64. The outputs stand in mid-graph: each has a random cotangent, so that a
 * symmetric or vanishing loss cannot hide a mistake. Also the transpose test ⟨J v, w⟩ = ⟨v, Jᵀ w⟩ along one random direction.
 */
import type { Leaf, Node } from "../../src/ir/graph.ts";
import { evaluate } from "../../src/ir/evaluate/evaluate.ts";
import { elementCount, leaf, reachable } from "../../src/ir/node.ts";
import { vjp } from "../../src/grad/gradients.ts";
import { uniform } from "../../src/abi/random.ts";

export interface GradcheckOptions {
  readonly seed?: number;
  /** Values for leaves that must not be random normal ones. */
  readonly values?: ReadonlyMap<Leaf, Float64Array>;
  /** How many elements of each leaf are checked one by one. */
  readonly samples?: number;
  /** Of the error against the largest slope of the same leaf. */
  readonly tolerance?: number;
}

/** Throws with the worst element unless all gradients agree; returns the largest relative error. */
export function gradcheck(
  outputs: readonly Node[],
  wrt: readonly Leaf[],
  { seed = 1, values = new Map(), samples = 24, tolerance = 1e-6 }: GradcheckOptions = {},
): number {
  const draw = randomSource(seed);
  const cotangents = outputs.map((o, i) => leaf("input", `w${i}`, o.axes));
  const result = vjp(outputs, cotangents, wrt);
  const gradients = wrt.map((w) => result.gradients.get(w) as Node);
  const bound = randomValues([...outputs, ...cotangents, ...gradients, ...wrt], draw, values);
  const random = { seed, step: 3 };
  const bind = (l: Leaf): Float64Array => bound.get(l) as Float64Array;
  const value = (): number => {
    const found = evaluate(outputs, bind, random);
    return outputs.reduce((total, o, i) => total + dot(found.get(o) as Float64Array, bind(cotangents[i] as Leaf)), 0);
  };
  const slope = (move: (by: number) => void, h: number): number => {
    const at = (by: number): number => {
      move(by);
      const result = value();
      move(-by);
      return result;
    };
    return (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
  };

  const analytic = evaluate(gradients, bind, random);
  let worst = 0;
  let checked = 0;
  let undecided = 0;
  const compare = (what: string, found: number, scale: number, move: (by: number) => void): void => {
    const distance = (a: number, b: number): number =>
      Math.abs(a - b) / Math.max(scale, Math.abs(a), Math.abs(b), 1e-3);
    checked++;
    const slopes: number[] = [];
    for (const h of [1e-3, 1e-4, 1e-5]) {
      slopes.push(slope(move, h));
      const error = distance(found, slopes[slopes.length - 1] as number);
      if (error <= tolerance) return void (worst = Math.max(worst, error));
    }
    // Where the function is smooth, the slopes over two steps agree. Next to a jump or a kink they do not, and none of them is the derivative.
    const [wide, middle, narrow] = slopes as [number, number, number];
    if (distance(middle, narrow) > 1e-4 && distance(wide, middle) > 1e-4) return void undecided++;
    throw new Error(
      `d ${what} is ${found}, central differences say ${narrow} (relative error ${distance(found, narrow).toExponential(2)})`,
    );
  };
  for (const [i, w] of wrt.entries()) {
    const gradient = analytic.get(gradients[i] as Node) as Float64Array;
    const x = bind(w);
    const scale = gradient.reduce((m, g) => Math.max(m, Math.abs(g)), 0);
    for (const element of sampleOf(x.length, samples, draw)) {
      compare(
        `${w.name}[${element}]`,
        gradient[element] as number,
        scale,
        (by) => void (x[element] = (x[element] as number) + by),
      );
    }
    const direction = x.map(() => draw() - 0.5);
    compare(`${w.name} along a direction`, dot(direction, gradient), scale, (by) =>
      x.forEach((v, j) => void (x[j] = v + by * (direction[j] as number))),
    );
  }
  if (undecided > Math.max(1, checked / 20))
    throw new Error(
      `${undecided} of ${checked} slopes could not be told: central differences disagree with each other`,
    );
  return worst;
}

/** A value for every leaf the roots depend on: normal numbers, valid integers. */
export function randomValues(
  roots: readonly Node[],
  draw: () => number,
  given: ReadonlyMap<Leaf, Float64Array> = new Map(),
): Map<Leaf, Float64Array> {
  const values = new Map<Leaf, Float64Array>();
  for (const node of reachable(roots)) {
    if (node.kind !== "leaf" || node.values) continue;
    const fresh = Float64Array.from({ length: elementCount(node.axes) }, () =>
      node.dtype === "f32" ? normal(draw) : Math.floor(draw() * (node.below ?? 2)),
    );
    values.set(node, given.get(node)?.slice() ?? fresh);
  }
  return values;
}

export function randomSource(seed: number): () => number {
  let counter = 0;
  return () => uniform(seed, 0, 0, counter++);
}

function normal(draw: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((total, v, i) => total + v * (b[i] as number), 0);
}

function sampleOf(length: number, count: number, draw: () => number): readonly number[] {
  const all = Array.from({ length }, (_, i) => i);
  if (length <= count) return all;
  return Array.from({ length: count }, () => Math.floor(draw() * length));
}
