/** @file Counts, while a shard goes through a step, which of the fields that the step looks at its documents have. */
import type { Condition, Literal } from "../../../../grammar/schema/condition.ts";
import { missing, valueAt } from "../../read/stream/item.ts";
import { isOfType, parseFields } from "../../rules/condition.ts";
import type { Step } from "../../steps/plan.ts";
import { mostNames, type SeenFields } from "../shards/seen-fields.ts";

/** Documents of a shard whose names are noted. */
const mostDocuments = 100;

type WantedFields = ReadonlyMap<string, readonly Literal[]>;

/** The fields that a step looks at, with the values that they are compared with: none where any type will do. */
export function wantedFields(step: Step): WantedFields {
  const wanted = new Map<string, Literal[]>();
  const visit = (of: Condition): void => {
    switch (of.kind) {
      case "all":
      case "any":
        return of.of.forEach(visit);
      case "not":
        return visit(of.of);
      case "compare":
        return add(of.field, [of.value]);
      case "one_of":
        return add(of.field, of.values.slice(0, 1));
      case "contains":
      case "exists":
        return add(of.field, []);
    }
  };
  const add = (field: string, values: readonly Literal[]): void =>
    void wanted.set(field, [...(wanted.get(field) ?? []), ...values]);
  if (step.kind === "resample") add(step.options.by, [1]);
  if (step.kind === "keep" || step.kind === "drop") visit(step.options.where);
  return wanted;
}

/** Counts the documents of a shard that enter a step. */
export class FieldCounter {
  private readonly wanted: WantedFields;
  private readonly of = new Map<string, { present: number; fitting: number }>();
  private readonly names = new Set<string>();
  private documents = 0;

  constructor(wanted: WantedFields) {
    this.wanted = wanted;
    for (const field of wanted.keys()) this.of.set(field, { present: 0, fitting: 0 });
  }
  see(metadata: string | undefined): void {
    const fields = parseFields(metadata);
    if (this.documents++ < mostDocuments) this.note(fields, "");
    for (const [field, counts] of this.of) {
      const value = valueAt(fields, field);
      if (value === missing || value === null) continue;
      const likes = this.wanted.get(field) ?? [];
      counts.present++;
      if (likes.length === 0 || likes.some((like) => isOfType(value, like))) counts.fitting++;
    }
  }
  private note(fields: object, above: string): void {
    for (const [name, value] of Object.entries(fields) as readonly (readonly [string, unknown])[]) {
      if (this.names.size >= mostNames) return;
      if (typeof value === "object" && value !== null && !Array.isArray(value)) this.note(value, `${above}${name}.`);
      else this.names.add(`${above}${name}`);
    }
  }
  get seen(): SeenFields {
    return { of: Object.fromEntries(this.of), names: [...this.names] };
  }
}
