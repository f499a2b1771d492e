/** @file The documents of one shard on their way through all passes, from what each pass says it did. No step runs again. */
import type { Ran } from "../curate/curate.ts";
import { changesPath, documentsOf, linesOf, type Change, type Dropped } from "../curate/shards/shards.ts";

/** A document as it was read. */
export interface Followed {
  readonly id: string;
  readonly source: string;
  /** The other fields of its row as JSON. */
  readonly metadata?: string;
}

/** What happens to a document, step by step; steps are numbered through all passes. Texts are as they are: nothing is hidden. */
export interface Visitor {
  readonly read: (document: Followed, text: string) => void;
  readonly enter: (step: number, document: Followed, text: string) => void;
  readonly drop: (step: number, document: Followed, text: string, dropped: Dropped) => void;
  readonly edit: (step: number, document: Followed, before: string, after: string) => void;
  /** `copies`: how many times the document is there after the step. */
  readonly keep: (step: number, document: Followed, text: string, copies: number) => void;
}

/** Follows the documents of shard `number` of all that the sources have in a row. What is in memory is the shard before and after a pass. */
export async function follow(ran: Ran, number: number, source: string, visitor: Visitor): Promise<void> {
  const first = ran.sources.flatMap(({ shards }) => shards)[number];
  if (first === undefined) return;
  let documents: { readonly followed: Followed; readonly text: string }[] = [];
  for await (const { id, text, metadata } of documentsOf(first)) {
    const followed: Followed = { id, source, ...(metadata === undefined ? {} : { metadata }) };
    visitor.read(followed, text);
    documents.push({ followed, text });
  }
  let steps = 0;
  for (const pass of ran.passes) {
    const output = pass.outputs[number] as string;
    const changes = new Map<number, Change>();
    for await (const change of linesOf<Change>(changesPath(output))) changes.set(change.index, change);
    const outputs = documentsOf(output);
    const left: typeof documents = [];
    for (const [index, { followed, text }] of documents.entries()) {
      const change = changes.get(index);
      const copies = change?.dropped === undefined ? (change?.copies ?? 1) : 0;
      let last = "";
      for (let copy = 0; copy < copies; copy++) {
        last = ((await outputs.next()).value as { readonly text: string }).text;
        left.push({ followed, text: last });
      }
      through(followed, text, { change, copies, last }, steps, pass.steps.length, visitor);
    }
    documents = left;
    steps += pass.steps.length;
  }
}

/** What a pass did to a document: its text at the end, and how many times it is there then. */
interface Outcome {
  readonly change: Change | undefined;
  readonly copies: number;
  readonly last: string;
}

function through(
  followed: Followed,
  text: string,
  { change, copies, last }: Outcome,
  first: number,
  steps: number,
  visitor: Visitor,
): void {
  let now = text;
  for (let step = 0; step < steps; step++) {
    visitor.enter(first + step, followed, now);
    if (change?.dropped?.step === step) return visitor.drop(first + step, followed, now, change.dropped);
    const edit = change?.edits.find((one) => one.step === step);
    if (edit !== undefined) {
      const after = edit.text ?? last;
      visitor.edit(first + step, followed, now, after);
      now = after;
    }
    // Copies are made by the last step of a pass.
    visitor.keep(first + step, followed, now, step === steps - 1 ? copies : 1);
  }
}
