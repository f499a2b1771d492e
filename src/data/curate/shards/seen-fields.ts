/** @file Which fields the documents that enter a step have: counted by workers, summed over shards. */
/** What is counted of the documents that entered a step. */
export interface SeenFields {
  /** By field: how many documents have it with a value, and how many of these have a value of a type that the step compares it with. */
  readonly of: Readonly<Record<string, { readonly present: number; readonly fitting: number }>>;
  /** Some of the names that documents have, as paths. */
  readonly names: readonly string[];
}

/** Names that are kept. */
export const mostNames = 200;

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
