/** @file Exact duplicates: documents, lines, paragraphs, long substrings; and texts of tests. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { exactDuplicates } from "../../src/data/dedup/exact.ts";
import { SeenHashes } from "../../src/data/dedup/hash64.ts";
import { eachRepeat } from "../../src/data/dedup/repeats.ts";
import { repeatedSubstrings } from "../../src/data/dedup/substrings.ts";
import { unitDuplicates } from "../../src/data/dedup/units.ts";
import { decontaminate, isLongEnough } from "../../src/data/dedup/decontaminate.ts";
import { decide, decided, edited, keysOf } from "./support.ts";

describe("documents", () => {
  test("that occurred before go, and are shown with the first", async () => {
    const texts = ["a", "b", "a", "c", "b", "a", "", ""];
    expect((await decided(exactDuplicates(), texts)).map((d) => (d?.kind === "drop" ? d.of : undefined))).toEqual([
      undefined,
      undefined,
      0,
      undefined,
      1,
      0,
      undefined,
      6,
    ]);
    expect((await decide(exactDuplicates(), texts)).clusters).toEqual([
      { size: 3, first: [0, 2, 5] },
      { size: 2, first: [1, 4] },
      { size: 2, first: [6, 7] },
    ]);
  });
});

test("a set of hashes remembers what came first, however many there are", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: -40, max: 40 }), fc.integer({ min: -40, max: 40 })), { maxLength: 5000 }),
      (pairs) => {
        const seen = new SeenHashes();
        const first = new Map<string, number>();
        for (const [i, [low, high]] of pairs.entries()) {
          const key = `${low} ${high}`;
          expect(seen.add(low, high, i)).toBe(first.get(key) ?? -1);
          if (!first.has(key)) first.set(key, i);
        }
      },
    ),
    { numRuns: 20 },
  );
});

test("keys are read as memory allows, with the same result", () => {
  const shape = { bytes: 16, lanes: 2, parts: 4, partOf: (words: Uint32Array, at: number) => (words[at] ?? 0) & 3 };
  const documents = fc.array(fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 2, maxLength: 2 }), {
    maxLength: 40,
  });
  return fc.assert(
    fc.asyncProperty(documents, fc.integer({ min: 1, max: 500 }), async (all, budget) => {
      const keys = await keysOf(
        shape,
        all.map((document) => new Uint8Array(Uint32Array.from(document.flatMap((key) => [key, 0, 0, key])).buffer)),
      );
      const found: number[][] = [];
      let parts = 0;
      await eachRepeat(
        keys,
        (number, first, words, at) => found.push([number, first, words[at + 3] ?? 0]),
        () => parts++,
        budget,
      );
      const expected = all.flat().flatMap((key, number) => {
        const first = all.findIndex((document) => document[number % 2] === key) * 2 + (number % 2);
        return key === 0 || first === number ? [] : [[number, first, key]];
      });
      expect(found.toSorted((a, b) => (a[0] ?? 0) - (b[0] ?? 0))).toEqual(expected);
      expect(parts).toBe(8);
    }),
  );
});

describe("lines and paragraphs", () => {
  test("lines that occurred before are cut, in any document; blank ones stay", async () => {
    expect(await edited(unitDuplicates(), ["One.\n\nTwo.\none. \nThree.", "  TWO.\nFour.\n", "One.\nTwo."])).toEqual([
      "One.\n\nTwo.\nThree.",
      "Four.\n",
      undefined,
    ]);
  });

  test("paragraphs are parted by blank lines", async () => {
    expect(
      await edited(unitDuplicates({ unit: "paragraph" }), ["A b\nc.\n\nD.\n\n\nE.", "D.\r\n\r\nA b\nc.\n\nF."]),
    ).toEqual(["A b\nc.\n\nD.\n\n\nE.", "F."]);
  });

  test("short ones stay if so told", async () => {
    expect(await edited(unitDuplicates({ minLength: 5 }), ["yes\nindeed so\nyes", "indeed so\nyes"])).toEqual([
      "yes\nindeed so\nyes",
      "yes",
    ]);
  });

  test("what is left has no line twice", () => {
    const line = fc.constantFrom("a", "b", "A ", "c", "", " ");
    return fc.assert(
      fc.asyncProperty(fc.array(fc.array(line, { maxLength: 8 }), { maxLength: 8 }), async (documents) => {
        const left = (
          await edited(
            unitDuplicates(),
            documents.map((lines) => lines.join("\n")),
          )
        ).flatMap((text) =>
          (text ?? "")
            .split("\n")
            .map((l) => l.trim().toLowerCase())
            .filter((l) => l !== ""),
        );
        expect(new Set(left).size).toBe(left.length);
        expect(new Set(left)).toEqual(
          new Set(
            documents
              .flat()
              .map((l) => l.trim().toLowerCase())
              .filter((l) => l !== ""),
          ),
        );
      }),
    );
  });
});

describe("long substrings", () => {
  test("are cut but for the first, also across documents, and characters stay whole", () => {
    const text = fc.array(fc.constantFrom("a", "b", "é", "漢", "😀"), { maxLength: 40 }).map((all) => all.join(""));
    const encoder = new TextEncoder();
    return fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 8 }), fc.integer({ min: 2, max: 15 }), async (texts, length) => {
        const seen = new Set<string>();
        const expected = texts.map((document) => {
          const bytes = encoder.encode(document);
          const struck = new Uint8Array(bytes.length);
          for (let i = 0; i + length <= bytes.length; i++) {
            const window = Buffer.from(bytes.subarray(i, i + length)).toString("latin1");
            if (seen.has(window)) struck.fill(1, i, i + length);
            seen.add(window);
          }
          let at = 0;
          return [...document]
            .filter((character) => {
              const size = encoder.encode(character).length;
              const all = struck.subarray(at, at + size).every((s) => s === 1);
              at += size;
              return !all;
            })
            .join("");
        });
        expect(await edited(repeatedSubstrings({ minBytes: length }), texts)).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });
});

describe("contamination", () => {
  const question = "Which of these is the largest planet of the solar system, counting from the sun outwards?";
  test("a document that shares a run of words with a test goes, whatever its punctuation", () => {
    const rule = decontaminate([
      { test: "Other.texts", text: "something else" },
      { test: "Exam.planets", text: "another text" },
      { test: "Exam.planets", text: question },
    ]);
    expect(rule("Nothing of the kind is here, only words and words and words and more words.", "")).toMatchObject({
      kind: "keep",
    });
    expect(rule(`Quiz! ${question.toUpperCase().replace(",", " –")} Jupiter.`, "")).toEqual({
      kind: "drop",
      reason: "contaminated",
      detail:
        "4 runs of 13 words; with text 2 of Exam.planets: “which of these is the largest planet of the solar system counting from”",
    });
  });

  test.each([
    ["Chinese", "珍妮特的鸭子每天下十六个蛋她每天早上吃三个作为早餐并用四个给朋友们烤松饼"],
    ["Japanese", "吾輩は猫である名前はまだ無いどこで生れたかとんと見当がつかぬ何でも薄暗いじめじめした所で泣いていた"],
    ["Thai", "เป็ดของเจเน็ตออกไข่วันละสิบหกฟองเธอกินสามฟองเป็นอาหารเช้าทุกวันและใช้สี่ฟองอบมัฟฟินให้เพื่อนของเธอ"],
    [
      "Korean, which writes spaces",
      "자넷의 오리는 하루에 알을 열여섯 개 낳는데 그녀는 매일 아침 세 개를 먹고 네 개로 친구들에게 머핀을 구워 준다",
    ],
  ])("is found in a script that may write no spaces: %s", (_, exam) => {
    const rule = decontaminate([{ test: "Exam.ducks", text: exam }]);
    expect(isLongEnough({})(exam)).toBe(true);
    expect(rule(`前文。${exam}。English around it.`, "").kind).toBe("drop");
    expect(rule(exam.slice(0, 8), "").kind).toBe("keep");
  });

  test("a test of too few words is told apart", () => {
    expect(["What is the capital of France?", question].map(isLongEnough({}))).toEqual([false, true]);
    expect(isLongEnough({ ngram: 6 })("What is the capital of France?")).toBe(true);
  });

  test("a few shared runs may be allowed", () => {
    expect(decontaminate([{ test: "Exam.planets", text: question }], { allowed: 4 })(question, "").kind).toBe("keep");
    expect(decontaminate([{ test: "Exam.planets", text: question }], { ngram: 8, allowed: 4 })(question, "").kind).toBe(
      "drop",
    );
  });
});
