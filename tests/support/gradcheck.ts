/**
 * @file Gradients against central differences in f64. The outputs stand in mid-graph: each has a random cotangent, so that a
 * symmetric or vanishing loss cannot hide a mistake. Also the transpose test ⟨J v, w⟩ = ⟨v, Jᵀ w⟩ along one random direction.
 */
import type { Leaf, Node } from "../../src/ir/graph.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import { elementCount, leaf, reachable } from "../../src/ir/node.ts";
import { vjp } from "../../src/grad/gradients.ts";
import { uniform } from "../../src/runtime/random.ts";

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
  outputs: readonly Node[], wrt: readonly Leaf[], { seed = 1, values = new Map(), samples = 24, tolerance = 1e-6 }: GradcheckOptions = {},
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
  const compare = (what: string, found: number, scale: number, move: (by: number) => void): void => {
    // A step that straddles a kink says nothing of the slope: a smaller one hardly ever does.
    let expected = NaN;
    let error = Infinity;
    for (const h of [1e-3, 1e-4, 1e-5]) {
      expected = slope(move, h);
      error = Math.abs(found - expected) / Math.max(scale, Math.abs(expected), 1e-3);
      if (error <= tolerance) break;
    }
    if (!(error <= tolerance)) throw new Error(`d ${what} is ${found}, central differences say ${expected} (relative error ${error.toExponential(2)})`);
    worst = Math.max(worst, error);
  };
  for (const [i, w] of wrt.entries()) {
    const gradient = analytic.get(gradients[i] as Node) as Float64Array;
    const x = bind(w);
    const scale = gradient.reduce((m, g) => Math.max(m, Math.abs(g)), 0);
    for (const element of sampleOf(x.length, samples, draw)) {
      compare(`${w.name}[${element}]`, gradient[element] as number, scale, (by) => void (x[element] = (x[element] as number) + by));
    }
    const direction = x.map(() => draw() - 0.5);
    compare(`${w.name} along a direction`, dot(direction, gradient), scale, (by) => x.forEach((v, j) => void (x[j] = v + by * (direction[j] as number))));
  }
  return worst;
}

/** A value for every leaf the roots depend on: normal numbers, valid integers. */
export function randomValues(roots: readonly Node[], draw: () => number, given: ReadonlyMap<Leaf, Float64Array> = new Map()): Map<Leaf, Float64Array> {
  const values = new Map<Leaf, Float64Array>();
  for (const node of reachable(roots)) {
    if (node.kind !== "leaf" || node.values) continue;
    const fresh = Float64Array.from({ length: elementCount(node.axes) }, () => (node.dtype === "f32" ? normal(draw) : Math.floor(draw() * (node.below ?? 2))));
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
