/** Stop texts and the repetition penalty against plain references. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RepetitionPenalty } from "../../src/runtime/generation/repetition.ts";
import { StopMatcher } from "../../src/runtime/generation/stop.ts";

/** All of the text at once: up to the first place where a stop text is complete, without the longest one there. */
function reference(text: string, stops: readonly string[]): { readonly shown: string; readonly stopped: boolean } {
  for (let end = 1; end <= text.length; end++) {
    const complete = stops.filter((stop) => text.slice(0, end).endsWith(stop)).map((stop) => stop.length);
    if (complete.length > 0) return { shown: text.slice(0, end - Math.max(...complete)), stopped: true };
  }
  return { shown: text, stopped: false };
}

const letters = (minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom("a", "b", "é", "😀"), minLength, maxLength });

describe("stop texts", () => {
  test("however the text is cut, the same is shown as of the whole, and never a part of a stop text", () => {
    fc.assert(
      fc.property(
        fc.array(letters(0, 5), { maxLength: 12 }),
        fc.array(letters(1, 5), { maxLength: 3 }),
        (pieces, stops) => {
          const { shown, stopped } = reference(pieces.join(""), stops);
          const matcher = new StopMatcher(stops);
          let seen = "";
          for (const piece of pieces) {
            seen += matcher.push(piece);
            expect(shown.startsWith(seen)).toBe(true);
          }
          expect(matcher.stopped).toBe(stopped);
          expect(seen + matcher.end()).toBe(shown);
        },
      ),
    );
  });

  test("text that can begin none is shown at once", () => {
    const matcher = new StopMatcher(["\n\n", "###"]);
    expect(matcher.push("One.\n")).toBe("One.");
    expect(matcher.push("Two #")).toBe("\nTwo ");
    expect(matcher.push("1\n\nThree")).toBe("#1");
    expect([matcher.stopped, matcher.push("Four"), matcher.end()]).toEqual([true, "", ""]);
  });
});

describe("the repetition penalty", () => {
  // transformers, RepetitionPenaltyLogitsProcessor: score < 0 ? score * penalty : score / penalty for each id of the input.
  test("changes the logit of each token that was there once, however often it was", () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ min: -20, max: 20, noNaN: true }), { minLength: 1, maxLength: 12 }),
        fc.array(fc.nat(11), { maxLength: 20 }),
        fc.array(fc.nat(11), { maxLength: 20 }),
        fc.constantFrom(0.5, 1, 1.25, 2),
        (values, prompt, text, by) => {
          const logits = Float32Array.from(values);
          const penalty = new RepetitionPenalty(by, prompt);
          for (const token of text) penalty.saw(token);
          const there = new Set([...prompt, ...text]);
          const expected = values.map((logit, id) => (there.has(id) ? (logit < 0 ? logit * by : logit / by) : logit));
          expect(penalty.apply(logits)).toEqual(Float32Array.from(expected));
          expect(logits).toEqual(Float32Array.from(values));
        },
      ),
    );
  });

  test("is above 0", () => {
    for (const wrong of [0, -1, Number.NaN, Infinity])
      expect(() => new RepetitionPenalty(wrong, [])).toThrow("must be above 0");
  });
});
