/** @file What is shown of documents: nothing of them that a redaction of the declaration hides in those that are kept. */
import { findPersonalData, redactDefaults } from "../redact/redact.ts";
import type { DocumentRule } from "../rules/rule.ts";
import type { Ran } from "./curate.ts";
import type { Example } from "./shards/manifest.ts";
import { ruleOf } from "../steps/rules.ts";
import { cutExample } from "./shards/tally.ts";
import type { Step } from "../steps/plan.ts";

/** A step `redact`, by its number among the steps of its declaration. */
export interface Redaction {
  readonly step: number;
  readonly rule: DocumentRule;
}

/** The redactions of a declaration, and those of the declaration that it is a source of, which come after all of its own. */
export async function redactionsOf(ran: Ran, outer: readonly Redaction[] = []): Promise<readonly Redaction[]> {
  const own: Redaction[] = [];
  for (const [step, ready] of ran.passes.flatMap(({ steps }) => steps).entries()) {
    if (ready.step.kind !== "redact") continue;
    const rule = await ruleOf(ready);
    if (rule.kind === "document") own.push({ step, rule: rule.rule });
  }
  return [...own, ...outer.map(({ rule }) => ({ step: Number.POSITIVE_INFINITY, rule }))];
}

/** What hides personal data of a document with an id. */
export interface Hiding {
  /** In its text as a step left it: what later redactions would replace. */
  readonly text: (text: string, id: string) => string;
  /** In its id and in what is said of it, which no step redacts: what any redaction would replace. */
  readonly said: (said: string, id: string) => string;
}

/** Hides what the redactions of a declaration replace after one of its steps. */
export function hiding(redactions: readonly Redaction[], step: number): Hiding {
  const by =
    (some: readonly Redaction[]) =>
    (text: string, id: string): string =>
      some.reduce((before, { rule }) => {
        const verdict = rule(before, id);
        return verdict.kind === "keep" ? verdict.text : before;
      }, text);
  return { text: by(redactions.filter((redaction) => redaction.step > step)), said: by(redactions) };
}

/** An example as it is shown: first hidden, then cut, so that nothing is cut in two and not found. */
export function shownExample({ id, text, detail }: Example, hide: Hiding): Example {
  return cutExample({
    id: hide.said(id, id),
    text: hide.text(text, id),
    ...(detail === undefined ? {} : { detail: hide.said(detail, id) }),
  });
}

/** The text that a step `redact` got, with what it replaces named instead of shown. */
export function masked(text: string, { options }: Extract<Step, { readonly kind: "redact" }>): string {
  let out = "";
  let done = 0;
  for (const { kind, start, end } of findPersonalData(text, { ...redactDefaults, ...options })) {
    out += `${text.slice(done, start)}[${kind} of ${end - start} characters]`;
    done = end;
  }
  return out + text.slice(done);
}
