/** @file How the documents of each language come through the steps. */
import { languageIdentifier } from "../classify/language.ts";
import { isFailure } from "../../runtime/util/failure.ts";
import { fieldsOf } from "../read/stream/json.ts";
import type { Followed } from "./follow.ts";

export interface LanguageRow {
  /** A code, or `unknown`, or `others` for those beyond the most frequent. */
  readonly language: string;
  readonly read: number;
  /** Documents that are left after each step. */
  readonly left: readonly number[];
}

type LanguageOf = (document: Followed, text: string) => string;

/** Fields that hold the code of a language, by what datasets call them; what is no code, such as a name, is not shown. */
const fields = ["language", "lang", "language_code", "lang_code"];
const code = /^[a-z]{2,3}(?:[-_][A-Za-z]{4})?(?:[-_][A-Z]{2})?$/;

const unknown = "unknown";

/** The beginning of a text tells its language. */
const characters = 2000;

/** The language of a document: what its row says, or else what the model makes of it, where that is installed. */
export async function languageOf(): Promise<LanguageOf> {
  const identify = await languageIdentifier().catch((error: unknown) => {
    if (isFailure(error)) return undefined;
    throw error;
  });
  return ({ metadata }, text) =>
    declared(metadata) ?? identify?.(text.slice(0, characters), 0.3)[0]?.language ?? unknown;
}

function declared(metadata: string | undefined): string | undefined {
  if (metadata === undefined || !/"lang/.test(metadata)) return undefined;
  for (const [name, value] of fieldsOf(metadata))
    if (fields.includes(name) && typeof value === "string" && code.test(value)) return value.split(/[-_]/)[0];
  return undefined;
}

/** Rows beyond these are one. */
const mostRows = 12;

export class LanguageTable {
  private readonly languageOf: LanguageOf;
  private readonly steps: number;
  private readonly languages = new WeakMap<Followed, string>();
  private readonly counts = new Map<string, { read: number; readonly left: number[] }>();

  constructor(of: LanguageOf, steps: number) {
    [this.languageOf, this.steps] = [of, steps];
  }
  read(document: Followed, text: string): void {
    const language = this.languageOf(document, text);
    this.languages.set(document, language);
    const row = this.counts.get(language) ?? { read: 0, left: Array.from({ length: this.steps }, () => 0) };
    row.read++;
    this.counts.set(language, row);
  }
  keep(step: number, document: Followed, copies: number): void {
    const left = this.counts.get(this.languages.get(document) ?? "")?.left;
    if (left !== undefined) left[step] = (left[step] ?? 0) + copies;
  }

  /** The most frequent first; none where no language is known. */
  get rows(): readonly LanguageRow[] {
    if ([...this.counts.keys()].every((language) => language === unknown)) return [];
    const all = [...this.counts]
      .map(([language, { read, left }]): LanguageRow => ({ language, read, left }))
      .toSorted((a, b) => b.read - a.read || (a.language < b.language ? -1 : 1));
    const rest = all.slice(mostRows);
    if (rest.length === 0) return all;
    const others: LanguageRow = {
      language: "others",
      read: rest.reduce((sum, { read }) => sum + read, 0),
      left: Array.from({ length: this.steps }, (_, i) => rest.reduce((sum, { left }) => sum + (left[i] ?? 0), 0)),
    };
    return [...all.slice(0, mostRows), others];
  }
}
