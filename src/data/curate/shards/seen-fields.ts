/**
 * @file Whether documents have the fields that a step looks at: a misspelt name would otherwise drop everything, or nothing. Workers count, and a field that no document
 * has, or that is of another type in all of them, is an error with the nearest name.
 */
import type { Condition, Literal } from "../../../../grammar/schema/condition.ts";
import { RuntimeFailure } from "../../../runtime/util/failure.ts";
import { didYouMean } from "../../../runtime/util/nearest.ts";
import { missing, valueAt } from "../../read/stream/item.ts";
import { isOfType, parseFields } from "../../rules/condition.ts";
import type { PlannedSource, Step } from "../../steps/plan.ts";
import type { StepTally } from "./tally.ts";

/** What is counted of the documents that entered a step. */
export interface SeenFields {
  /** By field: how many documents have it with a value, and how many of these have a value of a type that the step compares it with. */
  readonly of: Readonly<Record<string, { readonly present: number; readonly fitting: number }>>;
  /** Some of the names that documents have, as paths. */
  readonly names: readonly string[];
}

/** Documents of a shard whose names are noted, and names. */
const [mostDocuments, mostNames] = [100, 200];

type Wanted = ReadonlyMap<string, readonly Literal[]>;

/** The fields that a step looks at, with the values that they are compared with: none where any type will do. */
export function wantedFields(step: Step): Wanted {
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
  private readonly wanted: Wanted;
  private readonly of = new Map<string, { present: number; fitting: number }>();
  private readonly names = new Set<string>();
  private documents = 0;

  constructor(wanted: Wanted) {
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

/** What shards have together. */
export function sumSeen(all: readonly SeenFields[]): SeenFields {
  const of: Record<string, { present: number; fitting: number }> = {};
  for (const [field, counts] of all.flatMap((seen) => Object.entries(seen.of))) {
    const sum = (of[field] ??= { present: 0, fitting: 0 });
    sum.present += counts.present;
    sum.fitting += counts.fitting;
  }
  return { of, names: [...new Set(all.flatMap(({ names }) => names))].slice(0, mostNames) };
}

/** Fails where a field of the step is in no document, or of another type in all of them; `tallies` are those of the step, by source. */
export function requireFields(
  { name, ...step }: Step,
  sources: readonly PlannedSource[],
  tallies: readonly StepTally[],
): void {
  const all = sumSeen(tallies.flatMap(({ seen }) => (seen === undefined ? [] : [seen])));
  for (const [field, { present, fitting }] of Object.entries(all.of)) {
    if (present === 0) throw nowhere(field, name, sources, all.names, tallies);
    if (fitting === 0)
      throw new RuntimeFailure(
        "data/field",
        `step \`${name}\`: \`${field}\` is compared with ${wantedType({ name, ...step }, field)}, and no document has one there`,
        "compare it with what it holds: a text stands in quotes, a number does not, and a list is asked by `contains`",
      );
  }
  for (const [i, { seen, in: into, dropped }] of tallies.entries()) {
    const gone = Object.hasOwn(dropped, "missing_field") ? (dropped["missing_field"]?.count ?? 0) : 0;
    const lacks = Object.entries(seen?.of ?? {}).find(([, { present }]) => present === 0)?.[0];
    if (into.documents === 0 || gone < into.documents || lacks === undefined) continue;
    throw new RuntimeFailure(
      "data/field",
      `step \`${name}\`: no document of source \`${sources[i]?.name ?? ""}\` has the field \`${lacks}\`, so all of them would be dropped`,
      "say `missing: keep` to keep such documents, or leave the source out",
    );
  }
}

function nowhere(
  field: string,
  step: string,
  sources: readonly PlannedSource[],
  names: readonly string[],
  tallies: readonly StepTally[],
): RuntimeFailure {
  const message = `step \`${step}\`: no document has the field \`${field}\``;
  if (tallies.every(({ in: into }) => into.documents === 0))
    return new RuntimeFailure("data/empty", `step \`${step}\`: no document comes to it`, "loosen the steps before it");
  const taken = sources
    .flatMap((source) => (source.kind === "files" ? [source.files] : []))
    .find((files) => files.field === field || files.id === field);
  if (taken !== undefined)
    return new RuntimeFailure(
      "data/field",
      `${message}: it is ${taken.field === field ? "the text" : "the id"} of a document, which is no other field`,
      "name another field",
    );
  if (names.length === 0)
    return new RuntimeFailure(
      "data/field",
      `${message}, since they have none besides their text`,
      "rows of JSON, CSV and Parquet have other fields; plain text and pages have none",
    );
  const inside = names.find((known) => known.endsWith(`.${field}`));
  const help = inside === undefined ? didYouMean(field, names.slice(0, 30)) : `did you mean \`${inside}\`?`;
  const parquet = sources.some(
    (source) => source.kind === "files" && source.files.patterns.some((pattern) => /parquet/i.test(pattern)),
  );
  return new RuntimeFailure(
    "data/field",
    message,
    parquet ? `${help}; lists and bytes in Parquet files are not read` : help,
  );
}

function wantedType(step: Step, field: string): string {
  const types = new Set(
    (wantedFields(step).get(field) ?? []).map((value) =>
      typeof value === "string" ? "a text" : typeof value === "number" ? "a number" : "yes or no (`true`, `false`)",
    ),
  );
  return [...types].join(" and with ");
}
