/** @file The language's steps of curation against the rules that they stand for. */
import { expect, test } from "vitest";
import { fittedLanguages, languages } from "../../grammar/schema/languages.ts";
import { signalDocs, type StepName, steps } from "../../grammar/schema/steps.ts";
import { languageDefaults, languageIdentifier } from "../../src/data/classify/language.ts";
import { trainDefaults } from "../../src/data/classify/train.ts";
import type { StepKind } from "../../src/data/steps/plan.ts";
import { nearDuplicatesDefaults } from "../../src/data/dedup/near-duplicates.ts";
import { substringDefaults } from "../../src/data/dedup/substrings.ts";
import { unitDuplicatesDefaults } from "../../src/data/dedup/units.ts";
import { redactDefaults } from "../../src/data/redact/redact.ts";
import { c4Defaults, c4ParagraphDefaults } from "../../src/data/rules/c4.ts";
import { decontaminateDefaults } from "../../src/data/dedup/decontaminate.ts";
import { dropDefaults, keepDefaults } from "../../src/data/rules/condition.ts";
import { resampleDefaults } from "../../src/data/rules/resample.ts";
import { fineWebDefaults } from "../../src/data/rules/fineweb.ts";
import { gopherQualityDefaults } from "../../src/data/rules/gopher-quality.ts";
import { gopherRepetitionDefaults } from "../../src/data/rules/gopher-repetition.ts";
import { signals } from "../../src/data/rules/signals.ts";
import { bannedPhrasesDefaults, listedWordsDefaults } from "../../src/data/rules/word-lists.ts";
import { languagePresets } from "../../src/data/text/language-presets.ts";

const defaults: Readonly<Record<StepKind, object>> = {
  gopher_quality: gopherQualityDefaults,
  gopher_repetition: gopherRepetitionDefaults,
  c4: c4Defaults,
  c4_paragraphs: c4ParagraphDefaults,
  fineweb: fineWebDefaults,
  signals: {},
  banned_phrases: bannedPhrasesDefaults,
  listed_words: listedWordsDefaults,
  quality: trainDefaults,
  language: languageDefaults,
  keep: keepDefaults,
  drop: dropDefaults,
  resample: resampleDefaults,
  exact_duplicates: {},
  duplicate_lines: unitDuplicatesDefaults,
  duplicate_paragraphs: unitDuplicatesDefaults,
  near_duplicates: nearDuplicatesDefaults,
  repeated_substrings: substringDefaults,
  redact: redactDefaults,
  decontaminate: decontaminateDefaults,
};

/** Options that the rules call otherwise, or that are none of theirs. */
const called: Readonly<Record<string, string>> = { "near_duplicates.hashes": "hashesPerBucket" };
const apart = [
  "signals.split",
  "quality.keep",
  "gopher_quality.language",
  "gopher_repetition.language",
  "c4.language",
  "fineweb.language",
];

test.each(Object.keys(defaults) as StepName[])(
  "the defaults that the language shows for %s are those of the rule",
  (name) => {
    const rule = new Map(Object.entries(defaults[name]));
    for (const [option, { fallback }] of Object.entries(steps[name].schema.fields)) {
      if (fallback.kind !== "default" || apart.includes(`${name}.${option}`)) continue;
      const key =
        called[`${name}.${option}`] ?? option.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
      expect([option, fallback.value === "spacy_en" ? "spacy-en" : fallback.value]).toEqual([option, rule.get(key)]);
    }
  },
);

test("the languages that rules are fitted to are those with a preset, and English", () => {
  expect(fittedLanguages.filter((code) => code !== "en")).toEqual([...languagePresets.keys()]);
  for (const [code, { stopWords }] of languagePresets) expect([code, new Set(stopWords).size]).toEqual([code, 8]);
});

test("signals and codes of languages are those that the rules know", async () => {
  expect(signalDocs).toEqual(Object.fromEntries(Object.entries(signals).map(([name, { about }]) => [name, about])));
  const identify = await languageIdentifier();
  const scored = new Set(
    ["The quick brown fox", "Schnelle Füchse", "素早い狐", "быстрая лиса", "", "!", "xyzzy 123"].flatMap((text) =>
      identify(text, -1).map((s) => s.language),
    ),
  );
  expect([...scored].toSorted()).toEqual([...languages].toSorted());
});
