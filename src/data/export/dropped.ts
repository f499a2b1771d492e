/** @file The documents that steps dropped, with the reason, as lines of JSON. Nothing of them is shown that a redaction of the declaration hides. */
import type { Context } from "../curate/workers/context.ts";
import type { Ran } from "../curate/curate.ts";
import { hiding, redactionsOf, shownExample, type Redaction } from "../curate/redactions.ts";
import { bySource } from "../curate/result.ts";
import { changesPath, documentsOf, Lines, linesOf, tallyOf, type Change } from "../curate/shards/shards.ts";
import { exampleOf } from "../curate/shards/tally.ts";

/** A line for each document that a step dropped, by pass, source and place, those of the declarations that are sources first. `outer` are the redactions of the declaration that this one is a source of. */
export async function* droppedIn(
  ran: Ran,
  context: Context,
  outer: readonly Redaction[] = [],
): AsyncGenerator<Uint8Array> {
  const redactions = await redactionsOf(ran, outer);
  for (const { from } of ran.sources) if (from !== undefined) yield* droppedIn(from, context, redactions);
  let first = 0;
  for (const { steps, inputs, outputs } of ran.passes) {
    const repeated = await repeatedIn(inputs, outputs);
    const sources = bySource(ran, outputs);
    for (const [i, output] of outputs.entries()) {
      context.signal?.throwIfAborted();
      const source = ran.sources[sources.findIndex((shards) => shards.includes(output))]?.source.name;
      const changes = new Map<number, Change>();
      for await (const change of linesOf<Change>(changesPath(output)))
        if (change.dropped !== undefined) changes.set(change.index, change);
      if (changes.size === 0) continue;
      const lines = new Lines();
      let index = 0;
      for await (const { id, text } of documentsOf(inputs[i] as string)) {
        const change = changes.get(index++);
        if (change?.dropped === undefined) continue;
        const { step, reason, detail = repeated.get(change.dropped.of ?? -1) } = change.dropped;
        const example = shownExample(
          exampleOf(id, change.edits.at(-1)?.text ?? text, detail),
          hiding(redactions, first + step),
        );
        lines.add({
          id: example.id,
          source,
          step: steps[step]?.step.name,
          reason,
          detail: example.detail,
          text: example.text,
        });
      }
      yield* lines.all();
    }
    first += steps.length;
  }
}

/** The ids of the documents that others were dropped for, by their numbers among all that went into the pass. */
async function repeatedIn(inputs: readonly string[], outputs: readonly string[]): Promise<ReadonlyMap<number, string>> {
  const wanted = new Set<number>();
  for (const output of outputs)
    for await (const { dropped } of linesOf<Change>(changesPath(output)))
      if (dropped?.of !== undefined) wanted.add(dropped.of);
  const ids = new Map<number, string>();
  if (wanted.size === 0) return ids;
  let first = 0;
  for (const input of inputs) {
    const { documents = 0 } = (await tallyOf(input)) ?? {};
    let index = first;
    for await (const { id } of documentsOf(input)) if (wanted.has(index++)) ids.set(index - 1, id);
    first += documents;
  }
  return ids;
}
