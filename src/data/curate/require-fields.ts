/**
 * @file Whether documents have the fields that a step looks at: a misspelt name would otherwise drop everything, or nothing. Workers count, and a field that no document
 * has, or that is of another type in all of them, is an error with the nearest name.
 */
import { RuntimeFailure } from "../../runtime/util/failure.ts";
import { didYouMean } from "../../runtime/util/nearest.ts";
import type { PlannedSource, Step } from "../steps/plan.ts";
import { sumSeen } from "./shards/seen-fields.ts";
import type { StepTally } from "./shards/tally.ts";
import { wantedFields } from "./workers/field-counter.ts";

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
