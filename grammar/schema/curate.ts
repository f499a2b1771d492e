/** @file `curate: [ step, step(option: value), … ]`: steps in the order in which documents go through them. */
import { report } from "../../src/diagnostics/codes.ts";
import { joinSpans } from "../../src/diagnostics/source.ts";
import { suggest } from "../../src/util/suggest.ts";
import type { Argument, Expression, Field, Name } from "../syntax/ast.ts";
import { checkOptions } from "./fields.ts";
import type { Callee, ReadContext, ValueType } from "./field.ts";
import { type StepConfig, steps } from "./steps.ts";
import { wrongType } from "./types.ts";

const what = "a step such as `gopher_quality` or `near_duplicates(buckets: 14)`";
const names = Object.keys(steps);

export const curationStep: ValueType<StepConfig> = {
  what,
  words: names,
  calls: steps,
  read: (value, at) => {
    const of = value.kind === "call" ? value.of : value;
    if (of.kind !== "name") return wrongType(value, what, at);
    if (!Object.hasOwn(steps, of.text)) return unknownStep({ text: of.text, span: of.span }, at);
    const kind = of.text as StepConfig["kind"];
    const fields = value.kind === "call" ? optionsIn(value.arguments, steps[kind], kind, at) : [];
    const options = fields && checkOptions(kind, { fields, span: value.span }, steps[kind].schema, of.span, at.problem);
    return options && ({ kind, options } as StepConfig);
  },
};

function unknownStep(name: Name, at: ReadContext): undefined {
  const near = suggest(name.text, names);
  const alike = names.filter((step) => step.includes(name.text));
  at.problem(
    report(
      "data/unknown-step",
      { name: name.text },
      {
        primary: { span: name.span, text: "" },
        ...(near
          ? { fixes: [{ title: `write \`${near}\``, edits: [{ span: name.span, text: near }] }] }
          : { help: `steps are ${(alike.length > 0 ? alike : names).map((step) => `\`${step}\``).join(", ")}` }),
      },
    ),
  );
  return undefined;
}

/** Arguments as fields; the first may be the main option without its name. */
function optionsIn(
  given: readonly Argument[],
  { main }: Callee,
  step: string,
  at: ReadContext,
): readonly Field[] | undefined {
  const fields: Field[] = [];
  for (const [i, argument] of given.entries()) {
    const { value, span } = argument;
    const name = argument.name ?? (i === 0 && main !== undefined ? { text: main, span: value.span } : undefined);
    if (!name) return unnamed(value, step, at);
    fields.push({
      path: [name],
      doc: "",
      content: { kind: "value", value },
      span: argument.name ? joinSpans(argument.name.span, span) : span,
    });
  }
  return fields;
}

function unnamed(value: Expression, step: string, at: ReadContext): undefined {
  return wrongType(value, `options of \`${step}\` by name`, at);
}
