/** @file Tries a derived decoding step in the f64 evaluator: random weights and tokens, every position, against the forward pass; and several tokens at once against one after the other. */
import { elementCount, reachable } from "../../ir/node.ts";
import { evaluate } from "../../ir/evaluate/evaluate.ts";
import type { DecodeProgram, PrefillProgram } from "../../ir/decode.ts";
import type { Leaf, Node } from "../../ir/graph.ts";
import type { Model } from "../../ir/model.ts";
import { spaceOf } from "../../ir/affine.ts";
import { subexpressions } from "../../ir/scalar.ts";
import { shrink } from "../../ir/shrink.ts";
import { uniform } from "../../abi/random.ts";

export type Probe =
  | { readonly kind: "equal"; /** The sizes it was tried at. */ readonly on: string }
  | { readonly kind: "differs"; readonly on: string; readonly position: number }
  | { readonly kind: "none"; readonly why: string };

export interface Derived {
  readonly tokens: Leaf;
  readonly decode: DecodeProgram;
  readonly prefill?: PrefillProgram;
}

/** Evaluations of scalars that a probe may take: about a quarter of a second. */
const mostWork = 2e7;
const mostPrompts = 8;
const sizes = { channel: 3, time: 8 };

/** `derive` gives the step of a model; it is asked for that of the same model at smaller sizes. */
export function probeDecoding(model: Model, tokens: Leaf, derive: (small: Model) => Derived | undefined): Probe {
  const small = shrink(model, tokens, sizes);
  const forward = workOf([small.logits]);
  if (forward > mostWork)
    return {
      kind: "none",
      why: `even at small sizes the forward pass is ${Math.round(forward / 1e6)} million operations`,
    };
  const derived = derive(small);
  if (!derived) return { kind: "none", why: "at small sizes it is not derived" };
  const step = workOf([derived.decode.logits, ...derived.decode.updates]);
  const many = derived.prefill ? workOf(derived.prefill.updates) : 0;
  const work = forward + step * small.context + mostPrompts * (step + 2 * many);
  if (work > mostWork)
    return { kind: "none", why: `even at small sizes it is ${Math.round(work / 1e6)} million operations` };
  const on = `${small.context} random tokens, axes of at most ${Math.max(...reachable([small.logits]).flatMap((n) => n.axes.map((a) => a.size)))}`;
  const position = compareDecoding(small, derived);
  return position === "nothing"
    ? { kind: "none", why: "with random weights its logits are not finite" }
    : position === undefined
      ? { kind: "equal", on }
      : { kind: "differs", on, position };
}

/** The first position whose logits differ; "nothing" where no logits were finite; nothing where all agree. */
export function compareDecoding(
  model: Model,
  { tokens, decode, prefill }: Derived,
  seed = 1,
  tolerance = 1e-9,
): number | "nothing" | undefined {
  const values = randomLeaves([model.logits, ...decode.others.keys(), tokens], seed);
  const valueOf = (l: Leaf): Float64Array | number => values.get(l) ?? fallback(l, seed);
  const full = evaluate([model.logits], valueOf).get(model.logits) ?? new Float64Array();
  if (!full.some(Number.isFinite)) return "nothing";
  // The first sequence of the batch is decoded, with the first row of every other input.
  for (const [input, row] of decode.others)
    values.set(row, values.get(input)?.subarray(0, elementCount(row.axes)) ?? new Float64Array(elementCount(row.axes)));
  const text = values.get(tokens) ?? new Float64Array(elementCount(tokens.axes));
  const V = model.logits.axes[2]?.size ?? 1;
  const whole = decode.token.axes.length === 1;
  // What a cache holds before it is written must not matter.
  const empty = (): Map<Leaf, Float64Array> =>
    new Map(decode.caches.map((c) => [c, new Float64Array(elementCount(c.axes)).fill(NaN)]));
  const differs = (position: number, state: Map<Leaf, Float64Array>): boolean => {
    const given = whole
      ? text.slice(0, model.context).map((token, i) => (i > position ? 0 : token))
      : (text[position] ?? 0);
    const found = evaluate([decode.logits, ...decode.updates], (l) =>
      l === decode.position ? position : l === decode.token ? given : (state.get(l) ?? valueOf(l)),
    );
    for (const u of decode.updates) state.set(u.target, found.get(u) ?? new Float64Array());
    return (found.get(decode.logits) ?? []).some((x, v) => !agrees(x, full[position * V + v] ?? NaN, tolerance));
  };
  const oneByOne = empty();
  for (let position = 0; position < model.context; position++) if (differs(position, oneByOne)) return position;
  if (!prefill) return undefined;
  // Prompts of several lengths, read many tokens at once, and then one token.
  const size = prefill.tokens.axes[0]?.size ?? 1;
  const stride = Math.ceil((model.context - 1) / mostPrompts);
  for (let position = model.context - 1; position > 0; position -= stride) {
    const state = empty();
    for (let from = 0; from < position; from += size) {
      const start = Math.min(from, model.context - size);
      const given = text.slice(start, start + size).map((token, i) => (start + i < position ? token : 0));
      const found = evaluate(prefill.updates, (l) =>
        l === prefill.position ? start : l === prefill.tokens ? given : (state.get(l) ?? valueOf(l)),
      );
      for (const u of prefill.updates) state.set(u.target, found.get(u) ?? new Float64Array());
    }
    if (differs(position, state)) return position;
  }
  return undefined;
}

/** Where the forward pass is not a finite number there is nothing to be equal to. */
function agrees(x: number, expected: number, tolerance: number): boolean {
  return !Number.isFinite(expected) || Math.abs(x - expected) <= tolerance * Math.max(1, Math.abs(expected));
}

function randomLeaves(roots: readonly Node[], seed: number): Map<Leaf, Float64Array> {
  const leaves = reachable(roots).filter((n): n is Leaf => n.kind === "leaf");
  return new Map(
    leaves.map((l, k) => [
      l,
      Float64Array.from({ length: elementCount(l.axes) }, (_, i) => {
        const draw = uniform(seed, k, i, 0);
        return l.dtype === "i32"
          ? Math.floor(draw * (l.below ?? 2))
          : l.dtype === "bool"
            ? Number(draw < 0.5)
            : 2 * draw - 1;
      }),
    ]),
  );
}

/** What only the derived programs read: nothing but scalars that the host sets. */
function fallback(l: Leaf, seed: number): number {
  return l.name === "seed" ? seed : 0;
}

function workOf(roots: readonly Node[]): number {
  return reachable(roots).reduce(
    (sum, node) => sum + (node.kind === "comp" ? elementCount(spaceOf(node)) * subexpressions(node.body).length : 0),
    0,
  );
}
