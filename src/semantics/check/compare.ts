/** @file Whether a comparison is fair: its models must agree in what it says, and the message names the nearest size that would. */
import type { Section } from "../../../grammar/syntax/ast.ts";
import { checkFields } from "../../../grammar/schema/fields.ts";
import { percent } from "../../../grammar/schema/describe.ts";
import { schemas } from "../../../grammar/schema.ts";
import { report } from "../../diagnostics/codes.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { instantiate } from "../model/instantiate.ts";
import { planModel, type ModelPlan } from "../model/plan-of-model.ts";
import type { Program } from "../load/program.ts";

/** Checks `match: params(within: …)`; the first model is what the others are held against. `counts` are parameters by the name of the model. */
export function checkCompare(
  section: Section,
  program: Program,
  counts: ReadonlyMap<string, number>,
): readonly Diagnostic[] {
  const config = checkFields(section, schemas.compare).value;
  const diagnostics: Diagnostic[] = [];
  if (!config) return diagnostics;
  const limit = config.match?.find((m) => m.measure === "params");
  const [first, ...others] = config.models;
  if (others.length === 0)
    diagnostics.push(
      report(
        "compare/alone",
        { name: section.name.text, ...(first && { model: first.text }) },
        {
          primary: { span: config.spans["models"] ?? section.name.span, text: "" },
          help: "name two models or variants, or leave the comparison out",
        },
      ),
    );
  for (const name of config.models) diagnostics.push(...planModel(name, program.entry).diagnostics);
  const wanted = first && counts.get(first.text);
  if (!limit || !first || wanted === undefined) return diagnostics;
  for (const name of others) {
    const count = counts.get(name.text);
    if (count === undefined) continue;
    const off = (count - wanted) / wanted;
    if (Math.abs(off) <= limit.within) continue;
    const fair = nearestFair(name.text, program, wanted, limit.within);
    diagnostics.push(
      report(
        "compare/unfair",
        {
          model: name.text,
          other: first.text,
          measure: "parameters",
          off: `${percent(Math.abs(Math.round(off * 1e4) / 1e4))} ${off > 0 ? "more" : "fewer"}`,
          allowed: percent(limit.within),
          value: count.toLocaleString("en-US"),
          wanted: wanted.toLocaleString("en-US"),
        },
        {
          primary: { span: name.span, text: "" },
          related: [{ span: first.span, text: `${wanted.toLocaleString("en-US")} parameters` }],
          ...(fair && { help: fair }),
        },
      ),
    );
  }
  return diagnostics;
}

/** The sizes that the model sets itself, changed one at a time until the count fits. */
function nearestFair(name: string, program: Program, wanted: number, within: number): string | undefined {
  const plan = planModel({ text: name, span: program.entry.file.span }, program.entry);
  if (!("section" in plan)) return undefined;
  const own = [...plan.dims].filter(([, entry]) => entry.value.kind === "number");
  // What the variant changed is what its author is free to choose.
  const changed = own.filter(([, entry]) => entry.span.start > plan.section.span.end || entry.scope !== plan.scope);
  const options: { readonly text: string; readonly off: number }[] = [];
  for (const [dim, entry] of changed.length > 0 ? changed : own) {
    if (entry.value.kind !== "number") continue;
    const found = searchDim(plan, program, dim, entry.value.value, wanted);
    if (found && found.off <= within) options.push({ text: `${dim} = ${found.value}`, off: found.off });
  }
  const best = options
    .toSorted((a, b) => a.off - b.off)
    .slice(0, 2)
    .map((o) => o.text);
  return best.length > 0 ? `${best.join(" or ")} makes it fair` : undefined;
}

/** Bisects one size; counts grow with sizes. Sizes that do not fit the model are passed over. */
function searchDim(
  plan: ModelPlan,
  program: Program,
  dim: string,
  from: number,
  wanted: number,
): { readonly value: number; readonly off: number } | undefined {
  const step = [64, 16, 8, 4, 2].find((s) => from % s === 0 && from / s >= 4) ?? 1;
  const countAt = (value: number): number | undefined => {
    const entry = plan.dims.get(dim);
    if (!entry || entry.value.kind !== "number") return undefined;
    const dims = new Map([...plan.dims, [dim, { ...entry, value: { ...entry.value, value } }]]);
    return instantiate({ ...plan, dims }, program.std, { batch: () => 1, brief: true }, [])?.parameterCount;
  };
  let low = 1;
  let high = Math.max(2, Math.ceil((4 * from) / step));
  let best: { readonly value: number; readonly off: number } | undefined;
  while (low <= high) {
    const middle = (low + high) >> 1;
    let probe = middle;
    let count = countAt(probe * step);
    while (count === undefined && probe < high && probe < middle + 6) count = countAt(++probe * step);
    if (count === undefined) {
      high = middle - 1;
      continue;
    }
    const off = Math.abs(count - wanted) / wanted;
    if (!best || off < best.off) best = { value: probe * step, off };
    if (count < wanted) low = probe + 1;
    else high = middle - 1;
  }
  return best;
}
