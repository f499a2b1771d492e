/** @file Runs rules over texts as the engine does. */
import type { CorpusRule, Decisions } from "../../src/data/rules/rule.ts";

export async function decide(rule: CorpusRule, texts: readonly string[]): Promise<Decisions> {
  async function* records(): AsyncGenerator<{ index: number; record: Uint8Array }> {
    for (const [index, text] of texts.entries()) yield { index, record: rule.record(text, String(index)) };
  }
  return rule.decide(records());
}

/** What happens to each text. */
export async function decided(rule: CorpusRule, texts: readonly string[]): Promise<readonly ReturnType<Decisions["of"]>[]> {
  const { of } = await decide(rule, texts);
  return texts.map((_, index) => of(index));
}

/** The texts after the cuts; those that are dropped are undefined. */
export async function edited(rule: CorpusRule, texts: readonly string[]): Promise<readonly (string | undefined)[]> {
  return (await decided(rule, texts)).map((decision, i) => {
    let text = texts[i] ?? "";
    if (decision?.kind === "drop") return undefined;
    for (const [start, end] of [...(decision?.ranges ?? [])].toReversed()) text = text.slice(0, start) + text.slice(end);
    return text;
  });
}
