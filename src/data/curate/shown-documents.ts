/** @file Documents that a manifest shows of a step that compares them: those that its examples repeat, and those of its clusters. */
import type { Decisions } from "../rules/rule.ts";
import type { ManifestStep } from "./shards/manifest.ts";
import { documentsOf, type Document } from "./shards/shards.ts";
import { exampleOf, shown } from "./shards/tally.ts";

/** The ids of the documents that the examples of a manifest repeat: those are the first ones of each reason. */
export async function namesOf(
  decisions: Decisions,
  inputs: readonly string[],
  starts: readonly number[],
): Promise<ReadonlyMap<number, string>> {
  const wanted = new Map<string, number[]>();
  for (let index = 0; index < (starts.at(-1) ?? 0); index++) {
    const decision = decisions.of(index);
    if (decision?.kind !== "drop" || decision.of === undefined) continue;
    const of = wanted.get(decision.reason) ?? [];
    if (of.length < shown) wanted.set(decision.reason, [...of, decision.of]);
  }
  const found = await documentsAt([...wanted.values()].flat(), inputs, starts);
  return new Map([...found].map(([index, { id }]) => [index, id]));
}

export async function clustersOf(
  { clusters }: Decisions,
  inputs: readonly string[],
  starts: readonly number[],
): Promise<ManifestStep["clusters"]> {
  const found = await documentsAt(
    clusters.flatMap(({ first }) => first),
    inputs,
    starts,
  );
  return clusters.map(({ size, first }) => ({
    size,
    documents: first.flatMap((index) => {
      const document = found.get(index);
      return document === undefined ? [] : [exampleOf(document.id, document.text)];
    }),
  }));
}

export async function documentsAt(
  indices: readonly number[],
  inputs: readonly string[],
  starts: readonly number[],
): Promise<ReadonlyMap<number, Document>> {
  const wanted = new Set(indices);
  const found = new Map<number, Document>();
  for (const [shard, input] of inputs.entries()) {
    let index = starts[shard] ?? 0;
    if (!indices.some((one) => one >= index && one < (starts[shard + 1] ?? 0))) continue;
    for await (const document of documentsOf(input)) if (wanted.has(index++)) found.set(index - 1, document);
  }
  return found;
}
