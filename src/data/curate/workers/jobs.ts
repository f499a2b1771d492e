/** @file What is done to one shard, by whichever worker has time: the same shard gives the same files. */
import { packKeys } from "../../rules/keys.ts";
import type { Decision, DocumentRule } from "../../rules/rule.ts";
import { type TokenizerData } from "../../../runtime/data/tokenizer/tokenizer.ts";
import { createTokenizer } from "../../../runtime/data/tokens.ts";
import { bitsInOrder, type SomeBits } from "../shards/bits.ts";
import { packRecords } from "../shards/records.ts";
import { ruleOf, type ReadyStep, type Rule } from "../../steps/rules.ts";
import {
  changesPath,
  documentsOf,
  Lines,
  ShardWriter,
  type Change,
  type Document,
  type Dropped,
} from "../shards/shards.ts";
import { put } from "../shards/store.ts";
import { FieldCounter, wantedFields } from "./field-counter.ts";
import { exampleOf, StepCounter, type StepTally, type Tally } from "../shards/tally.ts";
import { countShard } from "./count-shard.ts";
import { encodeShard, type Encoding } from "./encode-shard.ts";
import type { ParquetFile } from "./parquet-file.ts";
/** What a step that looks at all documents decided of a shard. */
export type Decided =
  /** By number in the shard. `names` are the documents that examples repeat. */
  | {
      readonly kind: "documents";
      readonly decisions: readonly (readonly [number, Decision])[];
      readonly names: ReadonlyMap<number, string>;
    }
  /** What each round found of its keys. */
  | { readonly kind: "units"; readonly step: ReadyStep; readonly found: readonly SomeBits[] };

/** Plain data, sent to a worker. */
export type Job = { readonly temporary: string; readonly input: string; readonly output: string } &
  /** Steps that look at one document, in a row. */
  (
    | { readonly kind: "documents"; readonly steps: readonly ReadyStep[] }
    /** The records of a step that looks at all documents, after the rounds that found something. */
    | { readonly kind: "records"; readonly step: ReadyStep; readonly found: readonly SomeBits[] }
    | { readonly kind: "edits"; readonly decided: Decided }
    | { readonly kind: "parquet"; readonly file: ParquetFile }
    | { readonly kind: "encode"; readonly tokenizer: TokenizerData; readonly encoding: Encoding }
    | {
        readonly kind: "tokens";
        readonly tokenizer: TokenizerData;
        readonly of: "all" | "changes";
        readonly steps: number;
        readonly before: string;
      }
  );

export async function work(job: Job): Promise<void> {
  switch (job.kind) {
    case "documents":
      return runSteps(job, job.steps, await Promise.all(job.steps.map(documentRule)));
    case "records":
      return makeRecords(job, await known(job.step));
    case "edits":
      return applyDecisions(job);
    case "parquet":
      return (await import("./parquet-file.ts")).writeParquet(job.temporary, job.output, job.file);
    case "encode":
      return encodeShard(job, createTokenizerOnce(job.tokenizer), job.encoding);
    case "tokens":
      return countShard(job, createTokenizerOnce(job.tokenizer));
  }
}

/** Rules are made once: some of them load models. */
const rules = new Map<string, Promise<Rule>>();
function known(step: ReadyStep): Promise<Rule> {
  const rule = rules.get(step.hash) ?? ruleOf(step);
  rules.set(step.hash, rule);
  return rule;
}
async function documentRule(step: ReadyStep): Promise<DocumentRule> {
  const rule = await known(step);
  if (rule.kind !== "document") throw new Error(`${step.step.kind} looks at all documents`);
  return rule.rule;
}

let tokenizer: { readonly of: string; readonly made: ReturnType<typeof createTokenizer> } | undefined;
function createTokenizerOnce(data: TokenizerData): ReturnType<typeof createTokenizer> {
  const of = JSON.stringify(data);
  if (tokenizer?.of !== of) tokenizer = { of, made: createTokenizer(data) };
  return tokenizer.made;
}

async function runSteps(
  { temporary, input, output }: Job,
  ready: readonly ReadyStep[],
  rules: readonly DocumentRule[],
): Promise<void> {
  const steps = rules.map((rule, i): RunningStep => {
    const wanted = wantedFields((ready[i] as ReadyStep).step);
    return { rule, counter: new StepCounter(), fields: wanted.size === 0 ? undefined : new FieldCounter(wanted) };
  });
  const out = new ShardWriter();
  const changes = new Lines();
  let index = 0;
  for await (const document of documentsOf(input)) {
    const done = throughSteps(document, steps);
    for (let copy = 0; copy < done.copies; copy++) {
      if (done.edits.length === 0) out.keep(document, done.bytes);
      else out.add({ ...document, text: done.text }, done.bytes);
    }
    if (done.edits.length > 0 || done.copies !== 1) {
      const change: Change = {
        index,
        edits: done.edits,
        ...(done.dropped === undefined ? {} : { dropped: done.dropped }),
        ...(done.copies > 1 ? { copies: done.copies } : {}),
      };
      changes.add(change);
    }
    index++;
  }
  await finish(
    { temporary, output },
    out,
    changes,
    steps.map(({ counter, fields }) => counter.tally(fields?.seen)),
  );
}

/** A step while a shard goes through it. */
interface RunningStep {
  readonly rule: DocumentRule;
  readonly counter: StepCounter;
  /** Of a step that looks at other fields. */
  readonly fields: FieldCounter | undefined;
}

/** What a document is after the steps. */
interface Through {
  readonly text: string;
  readonly bytes: number;
  /** None of a document that was dropped. */
  readonly copies: number;
  readonly dropped?: Dropped;
  readonly edits: Change["edits"];
}

function throughSteps({ id, text: first, metadata }: Document, steps: readonly RunningStep[]): Through {
  let text = first;
  let bytes = Buffer.byteLength(text);
  let copies = 1;
  const edited: { readonly step: number; readonly text: string }[] = [];
  /** The last edit of a document that is kept is what is written. */
  const edits = (kept: boolean): readonly { step: number; text?: string }[] =>
    edited.map((edit, i) => (kept && i === edited.length - 1 ? { step: edit.step } : edit));
  for (const [step, { rule, counter, fields }] of steps.entries()) {
    counter.enter(bytes);
    fields?.see(metadata);
    const verdict = rule(text, id, metadata);
    if (verdict.kind === "drop") {
      counter.drop(verdict.reason, bytes, () => exampleOf(id, text, verdict.detail));
      const { reason, detail } = verdict;
      return {
        text,
        bytes,
        copies: 0,
        dropped: { step, reason, ...(detail === undefined ? {} : { detail }) },
        edits: edits(false),
      };
    }
    if (verdict.text !== text) {
      text = verdict.text;
      bytes = Buffer.byteLength(text);
      edited.push({ step, text });
    }
    counter.keep(bytes, verdict.counts, verdict.copies);
    copies = verdict.copies ?? 1;
  }
  return { text, bytes, copies, edits: edits(true) };
}

async function makeRecords(
  { temporary, input, output, found }: Extract<Job, { readonly kind: "records" }>,
  { kind, rule }: Rule,
): Promise<void> {
  const records: Uint8Array[] = [];
  const each = async (record: (document: Document) => Uint8Array): Promise<void> => {
    for await (const document of documentsOf(input)) records.push(record(document));
  };
  switch (kind) {
    case "document":
      throw new Error("a step that looks at one document has no records");
    case "corpus":
      await each(({ id, text }) => rule.record(text, id));
      return put(temporary, output, packRecords(records));
    case "duplicate documents":
      await each(({ text }) => rule.keys(text));
      return put(temporary, output, packKeys(rule.shape, records));
    case "duplicate units": {
      const before = found.map(bitsInOrder);
      await each(({ text }) => rule.rounds[found.length]?.keys(text, before) ?? new Uint8Array());
      return put(temporary, output, packKeys(rule.shape, records));
    }
  }
}

async function applyDecisions({
  temporary,
  input,
  output,
  decided,
}: Extract<Job, { readonly kind: "edits" }>): Promise<void> {
  const decide = await decider(decided);
  const counter = new StepCounter();
  const out = new ShardWriter();
  const changes = new Lines();
  let index = 0;
  for await (const document of documentsOf(input)) {
    const { id, text } = document;
    const { decision, repeats } = decide(index, text);
    const bytes = Buffer.byteLength(text);
    counter.enter(bytes);
    switch (decision?.kind) {
      case undefined:
        counter.keep(bytes);
        out.keep(document, bytes);
        break;
      case "drop":
        counter.drop(decision.reason, bytes, () => exampleOf(id, text, repeats));
        changes.add({
          index,
          edits: [],
          dropped: { step: 0, reason: decision.reason, ...(decision.of === undefined ? {} : { of: decision.of }) },
        } satisfies Change);
        break;
      case "cut": {
        const left = without(text, decision.ranges);
        counter.keep(Buffer.byteLength(left), { [decision.reason]: decision.ranges.length });
        out.add({ ...document, text: left }, Buffer.byteLength(left));
        changes.add({ index, edits: [{ step: 0 }] } satisfies Change);
      }
    }
    index++;
  }
  await finish({ temporary, output }, out, changes, [counter.tally()]);
}

/** What happens to a document, and which it repeats, if that is known; documents come in order. */
async function decider(
  decided: Decided,
): Promise<
  (index: number, text: string) => { readonly decision: Decision | undefined; readonly repeats?: string | undefined }
> {
  if (decided.kind === "documents") {
    const { names } = decided;
    const decisions = new Map(decided.decisions);
    return (index) => {
      const decision = decisions.get(index);
      return {
        decision,
        repeats: decision?.kind === "drop" && decision.of !== undefined ? names.get(decision.of) : undefined,
      };
    };
  }
  const { kind, rule } = await known(decided.step);
  if (kind !== "duplicate units") throw new Error(`${decided.step.step.kind} does not cut`);
  const found = decided.found.map(bitsInOrder);
  return (_, text) => ({ decision: rule.cut(text, found) });
}

function without(text: string, ranges: readonly (readonly [number, number])[]): string {
  let left = "";
  let done = 0;
  for (const [start, end] of ranges) {
    left += text.slice(done, start);
    done = end;
  }
  return left + text.slice(done);
}

async function finish(
  { temporary, output }: { readonly temporary: string; readonly output: string },
  out: ShardWriter,
  changes: Lines,
  steps: readonly StepTally[],
): Promise<void> {
  await put(temporary, changesPath(output), changes.all());
  await out.write<Pick<Tally, "steps" | "skipped">>(temporary, output, {
    steps,
    skipped: {},
  });
}
