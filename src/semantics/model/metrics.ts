/** @file Whether what `eval` measures is there: the data that the model reads, with a part kept for validation. */
import type { EvalConfig } from "../../../grammar/schema.ts";
import { report, type ReportDetails } from "../../diagnostics/codes.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import type { DataUse } from "./elaborate.ts";

/** `data` is absent where the model names none; what is wrong with one that it names is said there. */
export function checkMetrics(
  { metrics }: EvalConfig,
  data: DataUse | undefined,
  model: string,
  diagnostics: Diagnostic[],
): void {
  for (const { name, data: on } of metrics ?? []) {
    const conflict = (problem: string, more: Partial<ReportDetails>): void =>
      void diagnostics.push(report("field/conflict", { problem }, { primary: { span: on.span, text: "" }, ...more }));
    if (!data)
      conflict(`\`${name}\` cannot be measured: \`${model}\` reads no data`, {
        help: `name it with \`data: ${on.text}\` in \`model ${model} { … }\``,
      });
    else if (data.name !== on.text)
      conflict(`\`${name}\` is measured on what \`${model}\` reads, which is \`${data.name}\`, not \`${on.text}\``, {
        fixes: [{ title: `write \`${data.name}\``, edits: [{ span: on.span, text: data.name }] }],
      });
    else if (data.config.split.val === 0)
      conflict(`\`${data.name}\` keeps nothing for validation`, {
        help: "give its split a share: `split { val: 2% }`",
      });
  }
}
