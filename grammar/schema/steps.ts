/**
 * @file The steps of curation: what each is called with, and the published defaults. The rules themselves are below `src/data/`; that both have the
 * same defaults is tested.
 */
import type { Diagnostic } from "../../src/diagnostics/diagnostic.ts";
import { condition, fieldName } from "./condition.ts";
import { percent } from "./describe.ts";
import {
  type Callee,
  type CheckedGroup,
  closed,
  type ConfigOf,
  type Fields,
  optional,
  required,
  type ValueField,
  type ValueType,
  withDefault,
} from "./field.ts";
import { conflict } from "./files.ts";
import { fittedLanguages, languageCode } from "./languages.ts";
import { type Bounds, bound, keep, type QualityKept, runs } from "./step-values.ts";
import { boolean, choice, integer, listOf, number, reference, share, someText } from "./types.ts";

function step<F extends Fields>(
  doc: string,
  fields: F,
  main?: keyof F & string,
  check?: Parameters<typeof closed<F>>[1],
): Callee<{ readonly fields: F; readonly open: false }> {
  return { doc, schema: closed(fields, check), ...(main === undefined ? {} : { main }) };
}

/** A list is written in the source, or comes from a file. */
const oneOfTwo =
  (step: string, list: string) =>
  (options: CheckedGroup, problem: (diagnostic: Diagnostic) => void): void => {
    const [written, file] = [options.spans[list], options.spans["file"]];
    if (written && file)
      conflict(options, "file", `\`${step}\` has both \`${list}\` and a \`file\``, problem, [
        { span: written, text: "the other one" },
      ]);
    if (!written && !file) conflict(options, "file", `\`${step}\` needs \`${list}\` or a \`file\` of them`, problem);
  };

const whole = (value: number, doc: string, min = 0): ValueField<number> =>
  withDefault(integer({ min }), value, String(value), doc);
const ratio = (value: number, doc: string): ValueField<number> =>
  withDefault(number({ min: 0 }), value, String(value), doc);
const part = (value: number, doc: string): ValueField<number> => withDefault(share, value, percent(value), doc);
const flag = (value: boolean, doc: string): ValueField<boolean> => withDefault(boolean, value, String(value), doc);
const texts = listOf(someText, 'a list of texts in `"` quotes');
const listed = <T>(item: ValueType<T>, value: readonly T[], text: string, doc: string): ValueField<readonly T[]> =>
  withDefault(listOf(item), value, text, doc);

/** What a word is. */
const wordKinds = choice(["spacy_en", "whitespace", "icu", "auto"] as const);
const words = withDefault(
  wordKinds,
  "spacy_en",
  "spacy_en",
  "What a word is: of spaCy's English tokenizer; between white space; by Unicode's boundaries; or `auto`: between white space, and by Unicode's boundaries in scripts that write no spaces.",
);

const fitted = (sets: string): ValueField<(typeof fittedLanguages)[number]> =>
  withDefault(
    choice(fittedLanguages),
    "en",
    "en",
    `The language of the documents. Another than English sets ${sets}, where they are not set here.`,
  );

export const signalDocs = {
  characters: "code points of the text",
  words: "words",
  lines: "lines that are not blank",
  mean_word_length: "mean length of words in characters",
  median_word_length: "median length of words in characters",
  longest_word: "length of the longest word in characters",
  mean_line_length: "mean length of lines in characters",
  symbol_ratio: "number signs and ellipses to words",
  alphabetic_words: "share of words with a letter",
  distinct_words: "share of words that are the first of their kind",
  capital_words: "share of words all in capitals",
  digits: "share of characters that are digits",
  capitals: "share of characters that are capitals",
  spaces: "share of characters that are white space",
  special_characters: "share of characters that are neither letters, digits nor white space",
  bullet_lines: "share of lines that begin with a bullet",
  ellipsis_lines: "share of lines that end in an ellipsis",
  terminal_lines: "share of lines that end a sentence",
  short_lines: "share of lines of at most thirty characters",
  duplicate_lines: "share of lines that occurred before",
  duplicate_line_characters: "share of characters in lines that occurred before",
  line_ends_per_word: "line ends to words",
  top_2_gram: "share of characters in the most frequent pair of words",
  top_3_gram: "share of characters in the most frequent three words",
  duplicate_5_grams: "share of characters in five words that occurred before",
  duplicate_10_grams: "share of characters in ten words that occurred before",
  curly_brackets: "curly brackets",
} as const;
type SignalName = keyof typeof signalDocs;
export const signalNames = Object.keys(signalDocs) as readonly SignalName[];

const capitalised = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
const signalFields = Object.fromEntries(
  Object.entries(signalDocs).map(([name, doc]) => [name, optional(bound, capitalised(doc))]),
) as unknown as Readonly<Record<SignalName, ValueField<Bounds | undefined>>>;

const conditionDoc =
  'Comparisons of a field with a number, a text, `true` or `false`, `one_of(field, [a, b])`, `contains(field, a)` and `exists(field)`, joined by `and`, `or` and `not`. A field in another is `metadata.stars`, and one whose name is no plain word `field("a-name")`.';
const undecided = choice(["drop", "keep"] as const);

const personal = ["email", "iban", "card", "ssn", "ipv4", "ipv6", "phone"] as const;
const text = reference("the name of a data declaration");

export const steps = {
  gopher_quality: step(
    "Gopher's quality rules (Rae et al. 2021, appendix A.1.1), as datatrove has them. A limit of 0 is none.",
    {
      language: fitted("the words, their mean lengths and the stop words"),
      words,
      min_words: whole(50, "The fewest words that are not punctuation."),
      max_words: whole(100_000, "The most words that are not punctuation."),
      min_mean_word_length: ratio(3, "The least mean length of these words."),
      max_mean_word_length: ratio(10, "The greatest mean length of these words."),
      max_symbols_per_word: ratio(0.1, "The most number signs, and the most ellipses, to words."),
      max_bullet_lines: part(0.9, "The largest share of lines that begin with a bullet."),
      max_ellipsis_lines: part(0.3, "The largest share of lines that end in an ellipsis."),
      min_alphabetic_words: part(0.8, "The least share of words with a letter."),
      min_stop_words: whole(2, "The fewest different stop words."),
      stop_words: withDefault(
        texts,
        ["the", "be", "to", "of", "and", "that", "have", "with"],
        '["the", "be", "to", "of", "and", "that", "have", "with"]',
        "The stop words.",
      ),
    },
  ),
  gopher_repetition: step(
    "Gopher's repetition rules (table A1): largest shares of a document that occurred before in it. A limit of 0 on lines and paragraphs is none.",
    {
      language: fitted("the words"),
      words,
      paragraphs: part(0.3, "Of the paragraphs."),
      paragraph_characters: part(0.2, "Of the characters, in paragraphs."),
      lines: part(0.3, "Of the lines."),
      line_characters: part(0.2, "Of the characters, in lines."),
      top_runs: withDefault(
        runs,
        [
          [2, 0.2],
          [3, 0.18],
          [4, 0.16],
        ],
        "[(2, 20%), (3, 18%), (4, 16%)]",
        "Of the characters, in the most frequent run of so many words.",
      ),
      duplicate_runs: withDefault(
        runs,
        [
          [5, 0.15],
          [6, 0.14],
          [7, 0.13],
          [8, 0.12],
          [9, 0.11],
          [10, 0.1],
        ],
        "[(5, 15%), (6, 14%), (7, 13%), (8, 12%), (9, 11%), (10, 10%)]",
        "Of the characters, in repeated runs of so many words.",
      ),
    },
  ),
  c4: step(
    "C4's rules (Raffel et al. 2020), as datatrove has them: they take out lines, and drop what is left with too few sentences.",
    {
      language: fitted("which marks end a line, and what a word is where no spaces are written"),
      remove_citations: flag(true, "Whether `[3]`, `[edit]` and `[citation needed]` are taken out."),
      need_terminal_mark: flag(true, "Whether lines must end in `.`, `?`, `!`, `\"` or `'`; FineWeb turns this off."),
      min_sentences: whole(5, "The fewest sentences."),
      min_words_per_line: whole(3, "The fewest words of a line."),
      max_word_length: whole(1000, "The most characters of a word; lines with a longer one go."),
      drop_lorem_ipsum: flag(true, "Whether documents with *lorem ipsum* go."),
      drop_javascript_lines: flag(true, "Whether lines that mention JavaScript go."),
      drop_curly_bracket: flag(true, "Whether documents with a curly bracket go."),
      drop_policy_lines: flag(true, "Whether lines about cookies and terms of use go."),
    },
  ),
  c4_paragraphs: step("mC4's rule of long lines.", {
    min_paragraphs: whole(3, "The fewest long lines."),
    min_characters: whole(200, "The fewest characters of a long line."),
  }),
  fineweb: step("FineWeb's rules (Penedo et al. 2024), as datatrove has them.", {
    language: fitted("the words and the length of a short line"),
    words,
    min_terminal_lines: part(0.12, "The least share of lines that end a sentence."),
    allow_no_terminal_line: flag(false, "Whether a document without one such line passes."),
    max_short_lines: part(0.67, "The largest share of short lines."),
    short_line: whole(30, "The most characters of a short line."),
    max_duplicate_characters: part(0.01, "The largest share of characters in lines that occurred before."),
    max_line_ends_per_word: ratio(0.3, "The most line ends to words."),
  }),
  signals: step(
    "Bounds of any number of signals: `signals(digits: 0..20%, words: 50..inf)`. The first one out of bounds is the reason.",
    {
      ...signalFields,
      split: withDefault(wordKinds, "spacy_en", "spacy_en", "What a word is."),
    },
  ),
  banned_phrases: step(
    "Drops documents with one of these phrases. C4 does this with a list of bad words.",
    {
      phrases: optional(texts, "Words or phrases; capitals do not count."),
      file: optional(someText, "A text file of them, one a line, relative to this file."),
      whole: flag(
        true,
        "Whether a phrase must stand between characters that are no part of words; turn it off for languages without spaces.",
      ),
      keep_fraction: part(0, "The share of documents with such a phrase that stay all the same."),
    },
    "phrases",
    oneOfTwo("banned_phrases", "phrases"),
  ),
  listed_words: step(
    "Bounds of the share of words that are listed. BLOOM does this with stop words (at least 10%) and flagged words (at most 10%).",
    {
      list: optional(texts, "The words; capitals do not count."),
      file: optional(someText, "A text file of them, one a line, relative to this file."),
      words,
      min: part(0, "The least share."),
      max: part(1, "The largest share."),
    },
    "list",
    oneOfTwo("listed_words", "list"),
  ),
  quality: step(
    "A linear classifier of hashed words and pairs of words, trained on texts that are declared good and bad. One document in ten is held out; the share told right is reported.",
    {
      good: required(text, "good: GoodText", "The data declaration of good text."),
      bad: required(text, "bad: BadText", "The data declaration of bad text."),
      keep: withDefault<QualityKept>(
        keep,
        { kind: "above", threshold: 0.5 },
        "above(0.5)",
        "What stays: what scores `above(0.5)` (LLaMA), the `best(10%)` of all (DCLM), or more than a random `pareto(9)` number allows (GPT-3).",
      ),
      examples: whole(200_000, "The most documents of each side that are learnt from.", 1),
      epochs: whole(5, "Passes over them.", 1),
      rate: withDefault(number({ min: 0, above: true }), 0.2, "0.2", "The learning rate."),
      features: whole(4096, "The most words and pairs of a document that are looked at.", 1),
      hold_out: whole(10, "Of how many documents one is held out.", 2),
    },
  ),
  language: step(
    "fastText's `lid.176`: a document stays if one of the languages scores more than the least score.",
    {
      languages: listed(languageCode, ["en"], "[en]", 'Codes of languages, as `en` or "zh".'),
      min_score: part(0.65, "The least score."),
    },
    "languages",
  ),
  keep: step(
    'Keeps the documents whose other fields fulfil a condition: `keep(int_score >= 3 and language == "en")`. The first part that does not hold is the reason.',
    {
      where: required(condition, "where: int_score >= 3", conditionDoc),
      missing: withDefault(
        undecided,
        "drop",
        "drop",
        "What happens to a document of which the condition says nothing, since a field is missing, null, or of another type.",
      ),
    },
    "where",
  ),
  drop: step(
    'Drops the documents whose other fields fulfil a condition: `drop(one_of(source, ["forum", "ads"]))`. The first part that holds is the reason.',
    {
      where: required(condition, 'where: source == "ads"', conditionDoc),
      missing: withDefault(
        undecided,
        "keep",
        "keep",
        "What happens to a document of which the condition says nothing, since a field is missing, null, or of another type.",
      ),
    },
    "where",
  ),
  resample: step(
    "Draws documents as often as a number in one of their other fields says: weight 2.3 gives two copies, and a third for three of ten documents, by a hash of the id. It stands after all steps that look for duplicates.",
    {
      by: required(fieldName, "by: quality", "The field with the weight."),
      times: withDefault(number({ min: 0, above: true }), 1, "1", "What the weight is multiplied by."),
      at_most: withDefault(number({ min: 0, max: 16, above: true }), 4, "4", "The largest weight, after that."),
      missing: withDefault(
        undecided,
        "keep",
        "keep",
        "What happens to a document without such a number: it stays once, or goes.",
      ),
    },
    "by",
  ),
  exact_duplicates: step("Of equal documents, the first stays.", {}),
  duplicate_lines: step(
    "Of equal lines, in one document or several, all but the first are cut. Capitals and white space around do not count.",
    {
      min_length: whole(1, "Shorter ones stay.", 1),
    },
  ),
  duplicate_paragraphs: step("The same for paragraphs.", {
    min_length: whole(1, "Shorter ones stay.", 1),
  }),
  near_duplicates: step(
    "MinHash: of documents that agree in all hashes of a bucket, the first stays. The defaults are FineWeb's; half of the pairs of similarity 0.72 are found.",
    {
      words,
      ngram: whole(5, "Words in a run.", 1),
      buckets: whole(14, "Buckets.", 1),
      hashes: whole(8, "Hashes in a bucket.", 1),
      seed: whole(1, "Decides the hash functions."),
      hash: withDefault(
        choice(["xxhash", "sha1"] as const),
        "xxhash",
        "xxhash",
        "The hash of a run: datatrove's default, or FineWeb's, which is several times slower.",
      ),
      keep: withDefault(
        choice(["first", "datatrove"] as const),
        "first",
        "first",
        "Which document of a cluster stays: the first, or the one that datatrove keeps.",
      ),
    },
  ),
  repeated_substrings: step("Of equal runs of bytes, all but the first are cut (Lee et al. 2022).", {
    min_bytes: whole(100, "The fewest bytes of such a run.", 2),
  }),
  redact: step(
    "Replaces personal data.",
    {
      kinds: listed(choice(personal), personal, "[email, iban, card, ssn, ipv4, ipv6, phone]", "What is looked for."),
      replacement: withDefault(
        choice(["fake", "tag"] as const),
        "fake",
        "fake",
        "Made-up data of the same form in reserved ranges, or the kind, as `<EMAIL>`.",
      ),
      public_addresses_only: flag(true, "Whether addresses of private networks stay."),
      obfuscated: flag(
        false,
        "Whether e-mail addresses in words go, too, as `name at example dot com` and `name [at] example.com`.",
      ),
    },
    "kinds",
  ),
  decontaminate: step(
    "Drops documents that share a run of words with a test of these `eval` declarations (GPT-3, appendix C).",
    {
      against: required(
        listOf(reference("the name of an `eval`")),
        "against: [Tiny]",
        "The `eval` declarations whose tests are looked for.",
      ),
      words: withDefault(
        wordKinds,
        "auto",
        "auto",
        "What a word is: between white space, and by Unicode's boundaries in scripts that write no spaces, unless told otherwise.",
      ),
      ngram: whole(13, "Words in a run; texts with fewer are not looked for, and are counted.", 1),
      allowed: whole(0, "How many runs may be shared."),
    },
    "against",
  ),
} as const satisfies Readonly<Record<string, Callee>>;

export type StepName = keyof typeof steps;
/** A step as it is written: its options with their defaults, and which of them are written. */
export type StepConfig = {
  [K in StepName]: { readonly kind: K; readonly options: ConfigOf<(typeof steps)[K]["schema"]> };
}[StepName];
