/**
 * @file What curation did, looked at closely in a sample: documents that each step dropped, edited and kept, by source, and what steps measure of documents. The sample is drawn
 * by hashes, so that it is the same every time; only some shards are read, so that it costs the same for any corpus. Nothing is shown that a redaction hides.
 */
import { keyedUniform } from "../text/keyed.ts";
import type { Context } from "../curate/workers/context.ts";
import { runPlan, withContext, type Curated, type CurateOptions, type Ran } from "../curate/curate.ts";
import { follow, type Followed, type Visitor } from "./follow.ts";
import { languageOf, LanguageTable, type LanguageRow } from "./language-table.ts";
import { measuresOf } from "./measures.ts";
import { hiding, masked, redactionsOf } from "../curate/redactions.ts";
import { tallyOf } from "../curate/shards/shards.ts";
import { documentsAt } from "../curate/shown-documents.ts";
import { StepSample, type ShownSample } from "./step-sample.ts";
import { SurveyedShards, type SourceAmounts } from "./surveyed-shards.ts";

export interface Survey {
  /** How many documents were looked at, of all that were read. */
  readonly documents: number;
  readonly of: number;
  /** In the order of the manifest. */
  readonly steps: readonly StepSurvey[];
  /** Documents by language, with how many are left after each step; absent where languages are not told. */
  readonly languages?: readonly LanguageRow[];
}

/** `sources` counts all documents, the rest is of those that were looked at. */
export type StepSurvey = ShownSample & { readonly sources: readonly SourceAmounts[] };

/** Text that is measured: each byte by every step that it comes to. */
const measuredBytes = 2 * 2 ** 20;

/** Surveys a run. Of metadata nothing is looked at but the code of a language. */
export function surveyOf({ ran }: Curated, options: CurateOptions): Promise<Survey> {
  return withContext(options, async (context, attempt) => {
    // What was damaged is removed by now.
    if (attempt > 0) await runPlan(ran.plan, context);
    return survey(ran, context);
  });
}

async function survey(ran: Ran, { signal, progress }: Context): Promise<Survey> {
  const steps = ran.passes.flatMap((pass) => pass.steps);
  const redactions = await redactionsOf(ran);
  const shards = await SurveyedShards.of(ran);
  const chosen = shards.chosen();
  const share =
    measuredBytes /
    Math.max(
      1,
      chosen.reduce((sum, { bytes }) => sum + bytes, 0),
    );
  const samples: StepSample[] = [];
  for (const [i, ready] of steps.entries()) {
    const { step } = ready;
    samples.push(
      new StepSample(
        step.name,
        hiding(redactions, i),
        step.kind === "redact" ? (text) => masked(text, step) : (text) => text,
        await measuresOf(ready),
      ),
    );
  }
  const languages = new LanguageTable(await languageOf(), steps.length);
  const measured = new WeakSet<Followed>();
  const visitor: Visitor = {
    read: (document, text) => {
      if (keyedUniform(document.id, "measured") >= share) return;
      measured.add(document);
      languages.read(document, text);
    },
    enter: (step, document, text) => void (measured.has(document) && samples[step]?.measure(text)),
    drop: (step, document, text, dropped) => samples[step]?.drop(document, text, dropped),
    edit: (step, document, before, after) => samples[step]?.edit(document, before, after),
    keep: (step, document, text, copies) => {
      samples[step]?.keep(document, text);
      languages.keep(step, document, copies);
    },
  };
  const done = { documents: 0, bytes: 0 };
  for (const { number, source, documents, bytes } of chosen) {
    signal?.throwIfAborted();
    await follow(ran, number, source, visitor);
    progress({ step: "looking at samples", documents: (done.documents += documents), bytes: (done.bytes += bytes) });
  }
  const repeated = await repeatedNames(ran, samples);
  const { rows } = languages;
  return {
    documents: done.documents,
    of: shards.documents,
    steps: samples.map((sample, i) => ({ ...sample.shown(repeated[i]), sources: shards.amounts(i) })),
    ...(rows.length > 0 ? { languages: rows } : {}),
  };
}

/** For each step, the ids of the documents that its dropped ones repeat, by their numbers among all that went into its pass. */
async function repeatedNames(
  { passes }: Ran,
  samples: readonly StepSample[],
): Promise<readonly ReadonlyMap<number, string>[]> {
  const names: ReadonlyMap<number, string>[] = [];
  for (const { steps, inputs } of passes) {
    const wanted = samples.slice(names.length, names.length + steps.length).flatMap((sample) => sample.repeated);
    const starts = [0];
    if (wanted.length > 0)
      for (const input of inputs) starts.push((starts.at(-1) ?? 0) + ((await tallyOf(input))?.documents ?? 0));
    const found =
      wanted.length > 0 ? await documentsAt(wanted, inputs, starts) : new Map<number, { readonly id: string }>();
    const ids = new Map([...found].map(([number, { id }]) => [number, id]));
    for (const _ of steps) names.push(ids);
  }
  return names;
}
