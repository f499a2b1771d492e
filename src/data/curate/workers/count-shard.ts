/** @file The tokens of a shard's documents: of all of them where they were read, afterwards only of those that a pass edited. */
import type { Tokenizer } from "../../../runtime/data/tokenizer/tokenizer.ts";
import { changesPath, documentsOf, linesOf, type Change, type Document } from "../shards/shards.ts";
import { contentOf, put } from "../shards/store.ts";

/** Tokens of the documents that went into each step of a pass, and of those that came out of it. */
export interface TokenTally {
  readonly steps: readonly { readonly in: number; readonly out: number }[];
}
/** The counts of single documents, and the sums, beside each other. */
export const countsPath = (output: string): string => `${output}.u32`;

interface Counting {
  readonly temporary: string;
  /** The shard that a pass made; `before` is the file of counts of what it was made from. */
  readonly input: string;
  readonly before: string;
  readonly output: string;
  readonly of: "all" | "changes";
  readonly steps: number;
}

export async function countShard(
  { temporary, input, before, output, of, steps }: Counting,
  tokenizer: Tokenizer,
): Promise<void> {
  const encoder = new TextEncoder();
  const tokensOf = (text: string, id: string): number => tokenizer.encode(encoder.encode(text), id).length;
  const counts: number[] = [];
  const sums = Array.from({ length: steps }, () => ({ in: 0, out: 0 }));
  if (of === "all") for await (const { id, text } of documentsOf(input)) counts.push(tokensOf(text, id));
  else {
    const changes = new Map<number, Change>();
    for await (const change of linesOf<Change>(changesPath(input))) changes.set(change.index, change);
    const left = documentsOf(input);
    for (const [index, first] of (await countsIn(before)).entries()) {
      const change = changes.get(index);
      const copies = change?.dropped === undefined ? (change?.copies ?? 1) : 0;
      let kept: Document | undefined;
      for (let copy = 0; copy < copies; copy++) kept = (await left.next()).value;
      let tokens = first;
      for (const [step, sum] of sums.entries()) {
        sum.in += tokens;
        if (change?.dropped?.step === step) break;
        const edit = change?.edits.find((one) => one.step === step);
        if (edit !== undefined) tokens = tokensOf(edit.text ?? kept?.text ?? "", kept?.id ?? "");
        // Copies are made by the last step.
        sum.out += step === steps - 1 ? tokens * copies : tokens;
      }
      for (let copy = 0; copy < copies; copy++) counts.push(tokens);
    }
  }
  const numbers = Uint32Array.from(counts);
  await put(temporary, countsPath(output), [new Uint8Array(numbers.buffer)]);
  await put(temporary, output, JSON.stringify({ steps: sums } satisfies TokenTally));
}

export async function countsIn(path: string): Promise<Uint32Array> {
  return new Uint32Array(Uint8Array.from(await contentOf(path)).buffer);
}
