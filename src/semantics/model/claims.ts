/** @file `where no_future(logits, tokens)` of an architecture, decided on the graph; and whether a model that samples are to be drawn from can be. */
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { report } from "../../diagnostics/codes.ts";
import { causality, Dependences, type Causality } from "./causality.ts";
import { isCausalityClaim } from "../evaluate/constraint.ts";
import type { EvalConfig } from "../../../grammar/schema.ts";
import type { Model } from "../../ir/model.ts";
import type { Instantiated } from "./instantiate.ts";
import type { ModelPlan } from "./plan-of-model.ts";
import { mayReadAhead, textInput } from "./text-input.ts";

export type CausalityResult = Causality;

/** The proof, or the read that stands against it, which is reported. Nothing where the architecture claims nothing. */
export function checkCausality(
  { model, architecture, inputs }: Instantiated,
  plan: ModelPlan,
  diagnostics: Diagnostic[],
): CausalityResult | undefined {
  for (const claim of architecture.callable.constraints) {
    if (!isCausalityClaim(claim)) continue;
    const about = claim.arguments[1]?.value;
    const input = about?.kind === "name" ? inputs.get(about.text) : undefined;
    if (!input) continue;
    const decided = causality(model.logits, 1, new Dependences(new Map([[input, 1]])));
    if (decided.kind === "future") {
      const { node } = decided;
      const [field = ""] = node.name.split(".");
      const span = plan.fields.get(field)?.value.span ?? plan.section.name.span;
      const changed = plan.patches.findLast(({ path }) => path[0]?.text === field);
      diagnostics.push(
        report(
          "model/future",
          { model: plan.name, read: `\`${node.name}\` at one position may see later ones` },
          {
            primary: { span, text: "" },
            related: [
              ...(changed ? [{ span: changed.entry.span, text: "changed here" }] : []),
              ...(node.origin ? [{ span: node.origin, text: "read here" }] : []),
              { span: claim.span, text: `\`${architecture.callable.name.text}\` promises this` },
            ],
            help: "give the attention a mask that keeps only the past, such as `mask: causal`; an architecture without the promise, such as an encoder, may read everything",
            path: [plan.name, ...node.name.split(".").slice(0, -1)],
          },
        ),
      );
    }
    return decided;
  }
  return undefined;
}

/** A sample is drawn token by token: the model must be shown to keep to the past, whether or not its architecture promises it. */
export function checkSamples({ sample }: EvalConfig, model: Model, plan: ModelPlan, diagnostics: Diagnostic[]): void {
  const [first] = sample;
  if (!first) return;
  const input = textInput(model);
  if (input.kind === "followed") return;
  const reason =
    input.kind === "future" ? mayReadAhead(input.node) : "no input has one token for each position of its logits";
  diagnostics.push(
    report(
      "model/not-sampled",
      { model: plan.name, reason },
      {
        primary: { span: first.spans["prompt"] ?? first.label?.span ?? first.span, text: "" },
        ...(input.kind === "future" &&
          input.node.origin && { related: [{ span: input.node.origin, text: "read here" }] }),
        help: `leave out \`sample\`, in an \`eval ${plan.name} { … }\` of its own if others are sampled from; or give the model a mask that keeps only the past`,
      },
    ),
  );
}
