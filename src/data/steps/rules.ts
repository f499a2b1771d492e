/** @file The rules of steps. */
import { qualityAbove, qualityBest, qualityPareto } from "../classify/quality.ts";
import type { QualityModel } from "../classify/train.ts";
import { exactDuplicates } from "../dedup/exact.ts";
import { nearDuplicates } from "../dedup/near-duplicates.ts";
import { repeatedSubstrings } from "../dedup/substrings.ts";
import { unitDuplicates } from "../dedup/units.ts";
import { redact } from "../redact/redact.ts";
import { c4, c4Paragraphs } from "../rules/c4.ts";
import { decontaminate, type TestText } from "../dedup/decontaminate.ts";
import { dropWhere, keepWhere } from "../rules/condition.ts";
import { fineWeb } from "../rules/fineweb.ts";
import { gopherQuality } from "../rules/gopher-quality.ts";
import { gopherRepetition } from "../rules/gopher-repetition.ts";
import { resample } from "../rules/resample.ts";
import type { CorpusRule, DocumentRule, DuplicateDocumentsRule, DuplicateUnitsRule } from "../rules/rule.ts";
import { boundedSignals } from "../rules/signals.ts";
import { bannedPhrases, listedWords } from "../rules/word-lists.ts";
import type { Step, StepKind } from "./plan.ts";
import { linesOf } from "../curate/shards/shards.ts";
import { contentOf } from "../curate/shards/store.ts";

/** Raised when a step decides otherwise than before, or leaves other records: results of earlier versions are not used again. */
export const versions: Readonly<Record<StepKind, number>> = {
  gopher_quality: 1,
  gopher_repetition: 1,
  c4: 1,
  c4_paragraphs: 1,
  fineweb: 1,
  signals: 1,
  banned_phrases: 1,
  listed_words: 1,
  quality: 1,
  language: 1,
  keep: 1,
  drop: 1,
  resample: 1,
  exact_duplicates: 2,
  duplicate_lines: 2,
  duplicate_paragraphs: 2,
  near_duplicates: 2,
  repeated_substrings: 2,
  redact: 2,
  decontaminate: 3,
};

/** A step with what was made for it: the file of its model, or of the texts of its tests. Plain data. */
export interface ReadyStep {
  readonly step: Step;
  /** Of the declaration, the version and what was made. */
  readonly hash: string;
  readonly made?: string;
  readonly facts: Readonly<Record<string, number>>;
}

export type Rule =
  | { readonly kind: "document"; readonly rule: DocumentRule }
  | { readonly kind: "corpus"; readonly rule: CorpusRule }
  | { readonly kind: "duplicate documents"; readonly rule: DuplicateDocumentsRule }
  | { readonly kind: "duplicate units"; readonly rule: DuplicateUnitsRule };
const document = (rule: DocumentRule): Rule => ({ kind: "document", rule });
const corpus = (rule: CorpusRule): Rule => ({ kind: "corpus", rule });
const documents = (rule: DuplicateDocumentsRule): Rule => ({ kind: "duplicate documents", rule });
const units = (rule: DuplicateUnitsRule): Rule => ({ kind: "duplicate units", rule });

/** Whether a step looks at all documents before it decides. */
export function looksAtAll(step: Step): boolean {
  switch (step.kind) {
    case "exact_duplicates":
    case "duplicate_lines":
    case "duplicate_paragraphs":
    case "near_duplicates":
    case "repeated_substrings":
      return true;
    case "quality":
      return step.keep.kind === "best";
    case "gopher_quality":
    case "gopher_repetition":
    case "c4":
    case "c4_paragraphs":
    case "fineweb":
    case "signals":
    case "banned_phrases":
    case "listed_words":
    case "language":
    case "keep":
    case "drop":
    case "resample":
    case "redact":
    case "decontaminate":
      return false;
  }
}

/** Whether a step changes how many documents come after it in its shard: it is the last of its pass. */
export const endsPass = (step: Step): boolean => looksAtAll(step) || step.kind === "resample";

export async function ruleOf({ step, made = "" }: ReadyStep): Promise<Rule> {
  switch (step.kind) {
    case "gopher_quality":
      return document(gopherQuality(step.options));
    case "gopher_repetition":
      return document(gopherRepetition(step.options));
    case "c4":
      return document(c4(step.options));
    case "c4_paragraphs":
      return document(c4Paragraphs(step.options));
    case "fineweb":
      return document(fineWeb(step.options));
    case "signals":
      return document(boundedSignals(step.bounds, step.words));
    case "banned_phrases":
      return document(bannedPhrases(step.options));
    case "listed_words":
      return document(listedWords(step.options));
    case "language": {
      // It brings a model along, which takes a while to load.
      const { language } = await import("../classify/language.ts");
      return document(await language(step.options));
    }
    case "keep":
      return document(keepWhere(step.options));
    case "drop":
      return document(dropWhere(step.options));
    case "resample":
      return document(resample(step.options));
    case "redact":
      return document(redact(step.options));
    case "decontaminate": {
      const texts: TestText[] = [];
      for await (const text of linesOf<TestText>(made)) texts.push(text);
      return document(decontaminate(texts, step.options));
    }
    case "exact_duplicates":
      return documents(exactDuplicates());
    case "duplicate_lines":
      return units(unitDuplicates({ ...step.options, unit: "line" }));
    case "duplicate_paragraphs":
      return units(unitDuplicates({ ...step.options, unit: "paragraph" }));
    case "near_duplicates":
      return documents(nearDuplicates(step.options));
    case "repeated_substrings":
      return units(repeatedSubstrings(step.options));
    case "quality": {
      const model = await qualityModelOf({ made });
      switch (step.keep.kind) {
        case "above":
          return document(qualityAbove(model, step.keep.threshold));
        case "best":
          return corpus(qualityBest(model, step.keep.share));
        case "pareto":
          return document(qualityPareto(model, step.keep.alpha));
      }
    }
  }
}

/** The model of a step `quality`. */
export const qualityModelOf = async ({ made = "" }: Pick<ReadyStep, "made">): Promise<QualityModel> =>
  modelFrom(await contentOf(made));

/** A model as a file: its numbers as a line of JSON, then the weights. */
export function modelBytes({ weights, ...rest }: QualityModel): readonly Uint8Array[] {
  return [
    Buffer.from(`${JSON.stringify(rest)}\n`),
    new Uint8Array(weights.buffer, weights.byteOffset, weights.byteLength),
  ];
}
function modelFrom(bytes: Buffer): QualityModel {
  const end = bytes.indexOf(0x0a);
  const rest = JSON.parse(bytes.toString("utf8", 0, end)) as Omit<QualityModel, "weights">;
  return { ...rest, weights: new Float32Array(Uint8Array.from(bytes.subarray(end + 1)).buffer) };
}
