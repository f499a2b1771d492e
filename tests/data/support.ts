/** @file Runs rules over texts as the engine does. */
import { openKeys, packKeys, type Keys, type KeyShape } from "../../src/data/rules/keys.ts";
import { eachRepeat } from "../../src/data/dedup/repeats.ts";
import type {
  CorpusRule,
  Decision,
  Decisions,
  DuplicateDocumentsRule,
  DuplicateUnitsRule,
  WasFound,
} from "../../src/data/rules/rule.ts";

/** Keys of documents, three of which are a shard. */
export function keysOf(shape: KeyShape, documents: readonly Uint8Array[]): Promise<Keys> {
  const shards = Array.from({ length: Math.ceil(documents.length / 3) }, (_, i) =>
    Buffer.concat(packKeys(shape, documents.slice(3 * i, 3 * i + 3))),
  );
  return openKeys(
    shape,
    shards.map((bytes) => (from, to) => Promise.resolve(Uint8Array.from(bytes.subarray(from, to)))),
  );
}

export async function decide(rule: CorpusRule | DuplicateDocumentsRule, texts: readonly string[]): Promise<Decisions> {
  async function* records(of: CorpusRule): AsyncGenerator<{ index: number; record: Uint8Array }> {
    for (const [index, text] of texts.entries()) yield { index, record: of.record(text, String(index)) };
  }
  return "record" in rule ? rule.decide(records(rule)) : rule.decide(await keysOf(rule.shape, texts.map(rule.keys)));
}

/** What happens to each text. */
export async function decided(
  rule: CorpusRule | DuplicateDocumentsRule | DuplicateUnitsRule,
  texts: readonly string[],
): Promise<readonly (Decision | undefined)[]> {
  if (!("cut" in rule)) {
    const { of } = await decide(rule, texts);
    return texts.map((_, index) => of(index));
  }
  const found: ReadonlySet<number>[] = [];
  for (const { finds, keys } of rule.rounds) {
    const before = found.map(inOrder);
    const numbers = new Set<number>();
    await eachRepeat(
      await keysOf(
        rule.shape,
        texts.map((text) => keys(text, before)),
      ),
      (number, first) => void (finds === "all" ? numbers.add(number).add(first) : numbers.add(number)),
    );
    found.push(numbers);
  }
  const all = found.map(inOrder);
  return texts.map((text) => rule.cut(text, all));
}

function inOrder(found: ReadonlySet<number>): WasFound {
  let next = 0;
  return () => found.has(next++);
}

/** The texts after the cuts; those that are dropped are undefined. */
export async function edited(
  rule: CorpusRule | DuplicateUnitsRule,
  texts: readonly string[],
): Promise<readonly (string | undefined)[]> {
  return (await decided(rule, texts)).map((decision, i) => {
    let text = texts[i] ?? "";
    if (decision?.kind === "drop") return undefined;
    for (const [start, end] of [...(decision?.ranges ?? [])].toReversed())
      text = text.slice(0, start) + text.slice(end);
    return text;
  });
}
