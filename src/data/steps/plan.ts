/**
 * @file What a data declaration asks of curation, resolved: sources and steps as plain data. It can be sent to workers, and the hash of it, of what
 * the files hold and of the versions of the steps is the name of the results.
 */
import type { Condition } from "../../../grammar/schema/condition.ts";
import type { BannedPhrasesOptions, ListedWordsOptions } from "../rules/word-lists.ts";
import type { Bound } from "../rules/signals.ts";
import type { ConditionOptions } from "../rules/condition.ts";
import type { C4Choices, C4ParagraphOptions } from "../rules/c4.ts";
import type { DecontaminateOptions } from "../dedup/decontaminate.ts";
import type { FineWebChoices } from "../rules/fineweb.ts";
import type { GopherQualityChoices } from "../rules/gopher-quality.ts";
import type { GopherRepetitionChoices } from "../rules/gopher-repetition.ts";
import type { LanguageOptions } from "../classify/language.ts";
import type { NearDuplicatesOptions } from "../dedup/near-duplicates.ts";
import type { RedactOptions } from "../redact/redact.ts";
import type { ResampleOptions } from "../rules/resample.ts";
import type { SubstringOptions } from "../dedup/substrings.ts";
import type { TrainOptions } from "../classify/train.ts";
import type { UnitDuplicatesOptions } from "../dedup/units.ts";
import type { Quoting } from "../read/formats/csv.ts";
import type { Format } from "../read/stream/sniff.ts";
import type { WordKind } from "../text/words.ts";

/** A data declaration: its sources are read in order, then every step sees the documents of all of them. */
export interface CurationPlan {
  readonly name: string;
  readonly sources: readonly PlannedSource[];
  readonly steps: readonly Step[];
  /** Only so many documents are read, drawn by chance from all files: to try the steps. */
  readonly sample?: number;
}

export type PlannedSource = { readonly name: string; readonly licence?: string; readonly provenance?: string } & (
  | { readonly kind: "files"; readonly files: FilesToRead }
  /** What is left of another declaration. */
  | { readonly kind: "curated"; readonly from: CurationPlan }
);

export interface FilesToRead {
  /** Paths and glob patterns; `npm:package/path` names files inside an installed package. */
  readonly patterns: readonly string[];
  /** `auto`: by what the file holds, and by its name where that does not tell. */
  readonly format: "auto" | Format;
  /** The field or column with the text. */
  readonly field: string;
  /** The field or column that names a document; otherwise its file and place do. */
  readonly id?: string;
  /** Text that ends each document of a text file; otherwise the file is one document. */
  readonly separator?: string;
  /** What separates the fields of a table; otherwise its first line tells. */
  readonly delimiter?: string;
  /** The quotes around fields of a table; `double` if it is not said. */
  readonly quoting?: Quoting;
  /** What cannot be read (a broken line, a row without the field, bytes that are no UTF-8): an error, or skipped and counted. */
  readonly damaged: "error" | "skip";
}

/** Options that are left out have the published defaults. */
export type Step = { readonly name: string } & (
  | { readonly kind: "gopher_quality"; readonly options: GopherQualityChoices }
  | { readonly kind: "gopher_repetition"; readonly options: GopherRepetitionChoices }
  | { readonly kind: "c4"; readonly options: C4Choices }
  | { readonly kind: "c4_paragraphs"; readonly options: Partial<C4ParagraphOptions> }
  | { readonly kind: "fineweb"; readonly options: FineWebChoices }
  | { readonly kind: "signals"; readonly bounds: readonly Bound[]; readonly words: WordKind }
  /** The lines of `file`, if there is one, are the list. */
  | { readonly kind: "banned_phrases"; readonly options: Partial<BannedPhrasesOptions>; readonly file?: FilesToRead }
  | { readonly kind: "listed_words"; readonly options: Partial<ListedWordsOptions>; readonly file?: FilesToRead }
  | {
      readonly kind: "quality";
      readonly good: CurationPlan;
      readonly bad: CurationPlan;
      readonly training: Partial<TrainOptions>;
      readonly keep: QualityKept;
    }
  | { readonly kind: "language"; readonly options: Partial<LanguageOptions> }
  | { readonly kind: "keep" | "drop"; readonly options: Partial<ConditionOptions> & { readonly where: Condition } }
  | { readonly kind: "resample"; readonly options: Partial<ResampleOptions> & { readonly by: string } }
  | { readonly kind: "exact_duplicates" }
  | {
      readonly kind: "duplicate_lines" | "duplicate_paragraphs";
      readonly options: Partial<Omit<UnitDuplicatesOptions, "unit">>;
    }
  | { readonly kind: "near_duplicates"; readonly options: Partial<NearDuplicatesOptions> }
  | { readonly kind: "repeated_substrings"; readonly options: Partial<SubstringOptions> }
  | { readonly kind: "redact"; readonly options: Partial<RedactOptions> }
  /** The files of evaluations, each with the name it is shown by. */
  | {
      readonly kind: "decontaminate";
      readonly against: readonly { readonly name: string; readonly files: FilesToRead }[];
      readonly options: Partial<DecontaminateOptions>;
    }
);
export type StepKind = Step["kind"];

export type QualityKept =
  | { readonly kind: "above"; readonly threshold: number }
  | { readonly kind: "best"; readonly share: number }
  | { readonly kind: "pareto"; readonly alpha: number };
