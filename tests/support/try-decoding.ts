/** @file One random model by its seed, generated from in every way that is found for it, against the forward pass; and whether later tokens change earlier logits although the proof says not. */
import { evaluateOne } from "../../src/ir/evaluate/evaluate.ts";
import type { Leaf } from "../../src/ir/graph.ts";
import type { Model } from "../../src/ir/model.ts";
import { elementCount, reachable } from "../../src/ir/node.ts";
import { textInput } from "../../src/semantics/model/text-input.ts";
import { checkGeneration } from "./decode-check.ts";
import { elaborated } from "./elaborated.ts";
import { randomSource, randomValues } from "./gradcheck.ts";
import { randomModel } from "./random-model.ts";
import { randomProgram } from "./random-program.ts";
import { randomCausal } from "./random-causal.ts";

export type Tried =
  | { readonly kind: "incremental" | "context" | "refused" | "invalid" }
  | { readonly kind: "wrong"; readonly why: string; readonly text: string };

/** Of three seeds one is a model of the library's parts, one an index program, one an architecture of random causal reads. */
export function tryDecoding(seed: number): Tried {
  const { text } = [randomModel, randomProgram, randomCausal][seed % 3]?.(seed) ?? randomModel(seed);
  let model: Model;
  try {
    ({ model } = elaborated(text, "X", 1));
  } catch {
    return { kind: "invalid" };
  }
  try {
    const input = textInput(model);
    if (input.kind === "followed" && leaks(model, input.tokens, seed))
      return { kind: "wrong", why: "a later token changes an earlier logit, and it is proven not to", text };
    return { kind: checkGeneration(model, seed + 1).kind };
  } catch (error) {
    return {
      kind: "wrong",
      why: error instanceof Error ? (error.stack ?? error.message).slice(0, 1500) : String(error),
      text,
    };
  }
}

/** Whether changing the tokens behind some position changes a logit up to it. */
function leaks(model: Model, tokens: Leaf, seed: number): boolean {
  const values = randomValues([model.logits, tokens], randomSource(seed));
  const given = values.get(tokens) ?? new Float64Array(elementCount(tokens.axes));
  if (!reachable([model.logits]).includes(tokens)) return false;
  const logits = (text: Float64Array): Float64Array =>
    evaluateOne(model.logits, (l) => (l === tokens ? text : (values.get(l) ?? 0)));
  const before = logits(given);
  const cut = seed % model.context;
  const after = logits(given.map((token, i) => (i > cut ? (token + 1) % (tokens.below ?? 1) : token)));
  return before.some(
    (x, i) =>
      i < (cut + 1) * model.vocabulary &&
      Number.isFinite(x) &&
      Math.abs(x - (after[i] ?? NaN)) > 1e-9 * Math.max(1, Math.abs(x)),
  );
}
