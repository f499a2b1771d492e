/**
 * @file How a model generates text, decided before its programs are made: token by token with caches where that is shown to give what the forward pass gives, else by the whole context
 * for each token, or not at all where the architecture may read the future.
 *
 * Why the caches are right: let C be the nodes whose rows are kept, and the tokens. Row u of each of C, and the logits at u, are shown to depend on rows of C up to u only, whatever
 * C is made of. So at step u every row that matters is there or is the current one, by induction, and what stands in the others does not matter.
 */
import { contextProgram, decodeProgram, prefillProgram } from "../../ir/decode.ts";
import type { DecodeProgram, PrefillProgram } from "../../ir/decode.ts";
import type { Node } from "../../ir/graph.ts";
import type { Model } from "../../ir/model.ts";
import { Dependences } from "../../semantics/model/causality.ts";
import { mayReadAhead, textInput } from "../../semantics/model/text-input.ts";
import type { FollowedInput } from "../../semantics/model/text-input.ts";
import { probeDecoding } from "./probe-decoding.ts";
import type { Probe } from "./probe-decoding.ts";

export type Generation =
  | {
      readonly kind: "incremental";
      readonly reason: string;
      readonly decode: DecodeProgram;
      readonly prefill?: PrefillProgram;
    }
  | { readonly kind: "context"; readonly reason: string; readonly decode: DecodeProgram }
  | { readonly kind: "refused"; readonly reason: string };

/** Enough that the weights are read from memory once for many tokens, few enough that most prompts need no more than they have. */
const tokensAtOnce = 64;

/** `small`: the same model with fewer layers, on which the derived step is tried; else the model itself. */
export function generationOf(model: Model, small: Model = model): Generation {
  const input = textInput(model);
  if (input.kind === "none")
    return { kind: "refused", reason: "no input has one token for each position of its logits" };
  if (input.kind === "future") return { kind: "refused", reason: mayReadAhead(input.node) };
  const { tokens } = input;
  const [beside] = model.inputs.filter((i) => i.role === "tokens" && i.leaf !== tokens);
  if (beside) return { kind: "refused", reason: `it reads \`${beside.leaf.name}\` besides, and a prompt is one text` };
  const whole = (reason: string): Generation => ({ kind: "context", reason, decode: contextProgram(model, tokens) });
  const step = incrementalStep(model, input);
  if ("problem" in step) return whole(step.problem);
  const probe = tried(small);
  if (probe.kind === "differs")
    return whole(
      `tried on ${probe.on}, the derived step gave other logits than the forward pass at position ${probe.position}`,
    );
  return {
    kind: "incremental",
    reason: probe.kind === "equal" ? `proven, and tried on ${probe.on}` : `proven, but not tried: ${probe.why}`,
    ...step,
  };
}

function tried(model: Model): Probe {
  const input = textInput(model);
  if (input.kind !== "followed")
    return { kind: "none", why: "of fewer layers its logits are not shown to keep to the past" };
  return probeDecoding(model, input.tokens, (small) => {
    const found = textInput(small);
    if (found.kind !== "followed") return undefined;
    const step = incrementalStep(small, found, Math.ceil(small.context / 3));
    return "problem" in step ? undefined : { tokens: found.tokens, ...step };
  });
}

export interface IncrementalStep {
  readonly decode: DecodeProgram;
  readonly prefill?: PrefillProgram;
}

/** The step by caches, once it is shown to be right; what cannot be kept is computed anew. */
export function incrementalStep(
  model: Model,
  { tokens, past }: FollowedInput,
  atOnce = tokensAtOnce,
): IncrementalStep | { readonly problem: string } {
  const recomputed = new Set<Node>();
  const keeps = (node: Node, time: number): boolean => !recomputed.has(node) && past.keepsToThePast(node, time);
  for (;;) {
    const decode = decodeProgram(model, tokens, keeps);
    const offenders = rowsReadAhead(model, decode);
    if (offenders.length === 0) {
      const prefill = prefillProgram(model, tokens, keeps, decode, atOnce);
      return { decode, ...(prefill && { prefill }) };
    }
    const fixed = offenders.find((n) => n.kind === "leaf" || n === model.logits || recomputed.has(n));
    if (fixed) return { problem: `rows of \`${fixed.name}\` are not shown to be there when they are read` };
    offenders.forEach((node) => recomputed.add(node));
  }
}

/** Of what is kept, what something at one position may read at a later one. */
function rowsReadAhead(model: Model, { cached }: DecodeProgram): readonly Node[] {
  const times = new Map([...cached].map(([node, { time }]) => [node, time]));
  const roots = [[model.logits, 1] as const, ...times];
  const together = new Dependences(times);
  const failing = roots.filter(([node, time]) => !together.keepsToThePast(node, time));
  if (failing.length === 0) return [];
  const ahead = [...times]
    .filter(([node, time]) => {
      const alone = new Dependences(new Map([...times.keys()].map((n) => [n, n === node ? time : undefined])));
      return failing.some(([root, at]) => root !== node && !alone.keepsToThePast(root, at));
    })
    .map(([node]) => node);
  return ahead.length > 0 ? ahead : failing.map(([root]) => root);
}
