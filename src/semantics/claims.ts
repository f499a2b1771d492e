/** @file `where no_future(logits, tokens)` of an architecture, decided on the graph. */
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { report } from "../diagnostics/codes.ts";
import { causality, type Causality } from "./causality.ts";
import { isCausalityClaim } from "./constraint.ts";
import type { Instantiated } from "./instantiate.ts";
import type { ModelPlan } from "./plan-of-model.ts";

export type CausalityResult = Causality;

/** The proof, or the offending read, which is reported. Nothing where the architecture claims nothing. */
export function checkCausality({ model, architecture, inputs }: Instantiated, plan: ModelPlan, diagnostics: Diagnostic[]): CausalityResult | undefined {
  for (const claim of architecture.callable.constraints) {
    if (!isCausalityClaim(claim)) continue;
    const about = claim.arguments[1]?.value;
    const input = about?.kind === "name" ? inputs.get(about.text) : undefined;
    if (!input) continue;
    const decided = causality(model.logits, 1, input, 1);
    if (decided.kind === "future") {
      const { node } = decided;
      const [field = ""] = node.name.split(".");
      const span = plan.fields.get(field)?.value.span ?? plan.section.name.span;
      diagnostics.push(report("model/future", { model: plan.name, read: `\`${node.name}\` at one position sees later ones` }, {
        primary: { span, text: "" },
        related: [
          ...(node.origin ? [{ span: node.origin, text: "this reads every position" }] : []),
          { span: claim.span, text: `\`${architecture.callable.name.text}\` promises this` },
        ],
        help: "give the attention a mask that keeps only the past, such as `mask: causal`; an architecture without the promise, such as an encoder, may read everything",
        path: [plan.name, ...node.name.split(".").slice(0, -1)],
      }));
    }
    return decided;
  }
  return undefined;
}
