import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Picker, uniform } from "../../src/runtime/index.ts";

const logits = Float32Array.from([0, Math.log(2), Math.log(4), Math.log(1), -50]);
const shares = [1 / 8, 2 / 8, 4 / 8, 1 / 8, 0];

function frequencies(picker: Picker, draws = 20_000): number[] {
  const counts = Array.from(logits, () => 0);
  for (let i = 0; i < draws; i++) {
    const token = picker.pick(logits, uniform(11, i, 5, 0));
    counts[token] = (counts[token] ?? 0) + 1 / draws;
  }
  return counts;
}

/** With the share of each in the weight of all. */
function normalised(tokens: readonly { readonly id: number; readonly weight: number }[]) {
  const sum = tokens.reduce((total, { weight }) => total + weight, 0);
  return tokens.map(({ id, weight }) => ({ id, weight, probability: weight / sum }));
}

/** The tokens that may be drawn, by sorting, and their probabilities. */
function keptBySorting(values: readonly number[], temperature: number, topK: number, topP: number, minP: number) {
  const sorted = values
    .map((value, id) => ({ id, weight: Math.exp(value / temperature) }))
    .toSorted((a, b) => b.weight - a.weight);
  let before = 0;
  const nucleus = normalised(sorted.slice(0, topK)).filter(({ probability }) => {
    // The tolerance is of rounding: a share that is reached exactly.
    const keep = before < topP - 1e-12;
    before += probability;
    return keep;
  });
  const likeliest = nucleus[0]?.weight ?? 0;
  return normalised(nucleus.filter(({ weight }) => weight >= minP * likeliest));
}

describe("picking a token", () => {
  test("follows the probabilities of the logits", () => {
    frequencies(new Picker(5, { temperature: 1 })).forEach((frequency, i) =>
      expect(Math.abs(frequency - (shares[i] ?? 0))).toBeLessThan(0.012),
    );
  });

  test("at temperature 1/2 follows their squares, at 0 takes the best", () => {
    const cold = frequencies(new Picker(5, { temperature: 0.5 }));
    [1 / 22, 4 / 22, 16 / 22, 1 / 22, 0].forEach((share, i) =>
      expect(Math.abs((cold[i] ?? 0) - share)).toBeLessThan(0.012),
    );
    expect(frequencies(new Picker(5, { temperature: 0 }))[2]).toBeCloseTo(1, 8);
  });

  test("keeps the k most likely, ties towards lower ids", () => {
    const kept = frequencies(new Picker(5, { temperature: 1, topK: 3 }));
    expect(kept.map((frequency) => frequency > 0)).toEqual([true, true, true, false, false]);
    expect(Math.abs((kept[2] ?? 0) - 4 / 7)).toBeLessThan(0.012);
  });

  test("keeps the smallest set that reaches the share", () => {
    const set = (topP: number) =>
      frequencies(new Picker(5, { temperature: 1, topP }), 3000).flatMap((frequency, i) => (frequency > 0 ? [i] : []));
    expect(set(0.5)).toEqual([2]);
    expect(set(0.51)).toEqual([1, 2]);
    expect(set(0.76)).toEqual([0, 1, 2]);
    // Of the two most likely, which have 2/3 and 1/3 between them.
    expect(frequencies(new Picker(5, { temperature: 1, topK: 2, topP: 0.6 }), 500)[2]).toBeCloseTo(1, 8);
  });

  // transformers, in this order: TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper, MinPLogitsWarper.
  test("draws from the tokens that a plain sort keeps, whatever is asked for together", () => {
    const distinct = fc.uniqueArray(fc.integer({ min: -40, max: 40 }), { minLength: 1, maxLength: 12 });
    const share = fc.constantFrom(0.05, 0.2, 0.5, 0.9, 1);
    fc.assert(
      fc.property(
        distinct,
        fc.constantFrom(0.5, 1, 2),
        fc.integer({ min: 1, max: 12 }),
        share,
        share,
        (list, temperature, topK, topP, minP) => {
          const values = list.map((value) => value / 8);
          const picker = new Picker(values.length, { temperature, topK, topP, minP });
          const drawn = new Set<number>();
          for (let i = 0; i < 400; i++) drawn.add(picker.pick(Float32Array.from(values), i / 400));
          const kept = keptBySorting(values, temperature, topK, topP, minP);
          // What weighs less than one of the 400 draws may be missed.
          for (const { id, probability } of kept) if (probability > 1 / 390) expect(drawn).toContain(id);
          for (const id of drawn) expect(kept.map((token) => token.id)).toContain(id);
        },
      ),
    );
  });

  test("always lands on a token of the vocabulary that has weight", () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ min: -100, max: 100, noNaN: true }), { minLength: 1, maxLength: 20 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.nat(3),
        (list, u, padding) => {
          // Logits may be longer than the vocabulary.
          const padded = Float32Array.from([...list, ...Array.from({ length: padding }, () => 1000)]);
          for (const options of [
            { temperature: 0.7 },
            { temperature: 1.5, topK: 3 },
            { temperature: 1, topP: 0.9 },
            { temperature: 0 },
          ]) {
            const token = new Picker(list.length, options).pick(padded, u);
            expect(token).toBeLessThan(list.length);
          }
        },
      ),
    );
  });

  test("refuses settings that mean nothing", () => {
    expect(() => new Picker(5, { temperature: -1 })).toThrow("temperature is -1");
    expect(() => new Picker(5, { temperature: 1, topK: 0 })).toThrow("top-k is 0");
    expect(() => new Picker(5, { temperature: 1, topP: 1.5 })).toThrow("top-p is 1.5");
  });

  test("picks what sorting all tokens would pick", () => {
    fc.assert(
      fc.property(
        // Equal or well apart: logits whose exponentials round to the same weight tie in one way or the other.
        fc.array(
          fc.integer({ min: -6 * 256, max: 6 * 256 }).map((n) => n / 256),
          { minLength: 1, maxLength: 900 },
        ),
        fc.option(fc.integer({ min: 1, max: 1000 }), { nil: undefined }),
        fc.option(fc.double({ min: 0.01, max: 1, noNaN: true }), { nil: undefined }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (list, topK, topP, u) => {
          const logits = Float32Array.from(list);
          const options = {
            temperature: 0.9,
            ...(topK === undefined ? {} : { topK }),
            ...(topP === undefined ? {} : { topP }),
          };
          expect(new Picker(list.length, options).pick(logits, u)).toBe(bySorting(logits, options, u));
        },
      ),
    );
  });
});

/** The definition. */
function bySorting(
  logits: Float32Array,
  { temperature, topK, topP }: { readonly temperature: number; readonly topK?: number; readonly topP?: number },
  u: number,
): number {
  const highest = Math.max(...logits);
  const all = Array.from(logits, (logit, token) => ({ token, weight: Math.exp((logit - highest) / temperature) }));
  const sorted = all.toSorted((a, b) => b.weight - a.weight || a.token - b.token).slice(0, topK);
  const total = sorted.reduce((sum, { weight }) => sum + weight, 0);
  let sum = 0;
  const count = sorted.findIndex(({ weight }) => (sum += weight) >= (topP ?? Infinity) * total) + 1;
  const kept = (count > 0 ? sorted.slice(0, count) : sorted).toSorted((a, b) => a.token - b.token);
  let left = u * kept.reduce((all, { weight }) => all + weight, 0);
  return (kept.find(({ weight }) => (left -= weight) < 0) ?? kept.at(-1))?.token ?? 0;
}
