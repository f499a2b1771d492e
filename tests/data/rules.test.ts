/** @file Rules that have no original to be compared with, and text as Python sees it. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { boundedSignals, signals, type Signal } from "../../src/data/rules/signals.ts";
import { Runs } from "../../src/data/rules/duplicates.ts";
import { bannedPhrases, listedWords } from "../../src/data/rules/word-lists.ts";
import { keyedUniform } from "../../src/data/text/keyed.ts";
import { codePoints, splitLines, splitSpaces, strip } from "../../src/data/text/python.ts";
import { tokensByWholePatterns, tokensOf } from "../../src/data/text/spacy-chunk.ts";
import { wordsBy } from "../../src/data/text/words.ts";

describe("Python's text", () => {
  test("white space, lines and lengths differ from JavaScript's", () => {
    expect(strip("\x1c \ufeffx\x85\u3000")).toBe("\ufeffx");
    expect(splitSpaces(" a\x1fb\ufeffc\u2003d ")).toEqual(["a", "b\ufeffc", "d"]);
    expect(splitLines("a\r\nb\rc\x85d\u2028\n")).toEqual(["a", "b", "c", "d", ""]);
    expect(splitLines("")).toEqual([]);
    expect([codePoints("a😀b"), codePoints("\ud83d"), codePoints("😀".repeat(50))]).toEqual([3, 1, 50]);
  });
});

describe("words", () => {
  test("come from the splitter that is named", () => {
    const text = "Mr. O'Neil can't, won't.";
    expect(wordsBy("spacy-en")(text)).toEqual(["Mr.", "O'Neil", "ca", "n't", ",", "wo", "n't", "."]);
    expect(wordsBy("whitespace")(text)).toEqual(["Mr.", "O'Neil", "can't,", "won't."]);
    expect(wordsBy("icu")("Hello,  world")).toEqual(["Hello", ",", "world"]);
    expect(wordsBy("icu")("话说天下大势。").length).toBeGreaterThan(3);
  });

  test("the short way through plain chunks gives what spaCy's own patterns give", () => {
    const piece = fc.constantFrom(
      ..."abksgXYUSA.,'’:-)(;019$%m/@=<>!?\"…‘“”_#*&[]{}|\\~^+–—`",
      "US$",
      "km",
      "n't",
      "..",
      "--",
      "'s",
      "U.S.",
      "http://",
      "www.",
      ".com",
      "Mr.",
      ":-)",
    );
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 9 }), (pieces) => {
        const chunk = pieces.join("");
        expect(tokensOf(chunk)).toEqual(tokensByWholePatterns(chunk));
      }),
      { numRuns: 2000 },
    );
  });
});

/** The same as datatrove writes it. */
const top = (words: readonly string[], n: number): number => {
  const counts = new Map<string, number>();
  for (let i = 0; i + n <= words.length; i++)
    counts.set(words.slice(i, i + n).join(" "), (counts.get(words.slice(i, i + n).join(" ")) ?? 0) + 1);
  const best = [...counts].reduce<readonly [string, number]>((a, b) => (b[1] > a[1] ? b : a), ["", 0]);
  return codePoints(best[0]) * best[1];
};
const duplicated = (words: readonly string[], n: number): number => {
  const seen = new Set<string>();
  let sum = 0;
  for (let i = 0; i + n <= words.length;) {
    const run = words.slice(i, i + n).join("");
    if (seen.has(run)) {
      sum += codePoints(run);
      i += n;
    } else {
      seen.add(run);
      i++;
    }
  }
  return sum;
};

describe("runs of words", () => {
  test("are counted as by their definition, also where words of other lengths make the same characters", () => {
    const word = fc.constantFrom("a", "b", "aa", "ab", "aba", "baab", "😀", "longer", "longerword");
    fc.assert(
      fc.property(fc.array(word, { maxLength: 60 }), fc.integer({ min: 1, max: 3 }), (words, from) => {
        const runs = new Runs(words);
        for (let n = 1; n < from; n++) runs.grow();
        for (let n = from; n < from + 3; n++) {
          expect(runs.top()).toBe(top(words, n));
          runs.grow();
        }
        for (let n = from + 3; n < from + 7; n++) {
          expect(runs.duplicated()).toBe(duplicated(words, n));
          runs.grow();
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("lists of words and phrases", () => {
  test("a phrase counts where it stands alone", () => {
    const rule = bannedPhrases({ phrases: ["bad", "c++", "very wrong"] });
    expect(rule("A badge, not very  wrong.", "")).toEqual({ kind: "keep", text: "A badge, not very  wrong." });
    expect(rule("That is BAD.", "")).toEqual({ kind: "drop", reason: "banned_phrase", detail: "bad" });
    expect(rule("C++", "").kind).toBe("drop");
    expect(rule("It is very wrong!", "").kind).toBe("drop");
    expect(bannedPhrases({ phrases: ["女"], whole: false })("美女们", "").kind).toBe("drop");
    expect(bannedPhrases()("anything", "").kind).toBe("keep");
  });

  test("a share of documents with one may stay, always the same", () => {
    const rule = bannedPhrases({ phrases: ["bad"], keepFraction: 0.25 });
    const kept = Array.from({ length: 4000 }, (_, i) => rule("bad", `id${i}`).kind === "keep");
    expect(kept.filter(Boolean).length / 4000).toBeCloseTo(0.25, 1);
    expect(Array.from({ length: 4000 }, (_, i) => rule("bad", `id${i}`).kind === "keep")).toEqual(kept);
  });

  test("a share of words in a list is bounded", () => {
    const rule = listedWords({ list: ["the", "of"], min: 0.2, max: 0.5 });
    expect([
      rule("The end of time is near", "").kind,
      rule("no such words here", ""),
      rule("the of the of", ""),
    ]).toEqual([
      "keep",
      { kind: "drop", reason: "few_listed_words", detail: "0.000 < 0.2" },
      { kind: "drop", reason: "many_listed_words", detail: "1.000 > 0.5" },
    ]);
  });
});

const value = (signal: Signal, text: string): number => {
  const verdict = boundedSignals([{ signal, max: -1 }], "whitespace")(text, "");
  return verdict.kind === "drop" ? Number(verdict.detail?.split(" ")[0]) : Number.NaN;
};

describe("signals", () => {
  test("the first bound that fails is the reason", () => {
    const rule = boundedSignals([
      { signal: "words", min: 3 },
      { signal: "mean_word_length", min: 2, max: 4 },
      { signal: "digits", max: 0.1 },
    ]);
    expect(rule("one two six", "")).toEqual({ kind: "keep", text: "one two six" });
    expect(rule("one", "")).toEqual({ kind: "drop", reason: "words_below", detail: "1 < 3" });
    expect(rule("extraordinary circumstances everywhere", "")).toEqual({
      kind: "drop",
      reason: "mean_word_length_above",
      detail: "12 > 4",
    });
    expect(rule("abc 12 345", "")).toEqual({ kind: "drop", reason: "digits_above", detail: "0.5 > 0.1" });
  });

  test("are numbers for any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => {
        for (const name of Object.keys(signals) as Signal[]) {
          const rule = boundedSignals([{ signal: name, min: -1, max: 1e9 }]);
          expect([name, rule(text, "").kind]).toEqual([name, "keep"]);
        }
      }),
      { numRuns: 60 },
    );
  });

  test("have the values that their names say", () => {
    const text = "- One TWO two?\n\n- One TWO two?\nThe end…";
    expect(
      Object.fromEntries(
        (
          [
            "lines",
            "words",
            "bullet_lines",
            "ellipsis_lines",
            "duplicate_lines",
            "terminal_lines",
            "distinct_words",
            "capital_words",
          ] as const
        ).map((name) => [name, value(name, text)]),
      ),
    ).toEqual({
      lines: 3,
      words: 10,
      bullet_lines: 0.6667,
      ellipsis_lines: 0.3333,
      duplicate_lines: 0.3333,
      terminal_lines: 0.6667,
      distinct_words: 0.6,
      capital_words: 0.2,
    });
  });
});

test("numbers made from an id are spread evenly", () => {
  const all = Array.from({ length: 5000 }, (_, i) => keyedUniform(`document ${i}`, "test"));
  const buckets = Array.from({ length: 10 }, (_, b) => all.filter((x) => Math.floor(10 * x) === b).length);
  expect(Math.min(...buckets)).toBeGreaterThan(400);
  expect(Math.max(...buckets)).toBeLessThan(600);
});
