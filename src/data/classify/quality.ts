/** @file Keeping what the quality classifier says is good: above a threshold, the best share of all, or by chance that grows with the score. */
import type { CorpusRule, DocumentRule } from "../rules/rule.ts";
import { keyedUniform } from "../text/keyed.ts";
import { scoreQuality, type QualityModel } from "./train.ts";

const decide = (text: string, score: number, keep: boolean): ReturnType<DocumentRule> =>
  keep ? { kind: "keep", text } : { kind: "drop", reason: "low_quality", detail: `score ${score.toFixed(4)}` };

/** Keeps documents whose score is at least the threshold (LLaMA: whether a page is like Wikipedia's references). */
export const qualityAbove =
  (model: QualityModel, threshold = 0.5): DocumentRule =>
  (text) => {
    const score = scoreQuality(model, text);
    return decide(text, score, score >= threshold);
  };

/** GPT-3's rule (appendix A): a Pareto number with shape α above 1 − score keeps a document, so that some of low score stay. The number is made from the id. */
export const qualityPareto =
  (model: QualityModel, alpha = 9): DocumentRule =>
  (text, id) => {
    const score = scoreQuality(model, text);
    const pareto = (1 - keyedUniform(id, "pareto")) ** (-1 / alpha) - 1;
    return decide(text, score, pareto > 1 - score);
  };

/** Keeps the best share of all documents (DCLM: a tenth). Memory: eight bytes a document, twice. */
export function qualityBest(model: QualityModel, share = 0.1): CorpusRule {
  return {
    record: (text) => new Uint8Array(Float64Array.of(scoreQuality(model, text)).buffer),
    decide: async (records) => {
      let scores = new Float64Array(1024).fill(Number.NaN);
      let count = 0;
      for await (const { index, record } of records) {
        if (index >= scores.length) {
          const grown = new Float64Array(Math.max(index + 1, 2 * scores.length)).fill(Number.NaN);
          grown.set(scores);
          scores = grown;
        }
        scores[index] = new DataView(record.buffer, record.byteOffset, 8).getFloat64(0, true);
        count++;
      }
      const known = scores.filter((score) => !Number.isNaN(score)).toSorted();
      const threshold = known[Math.max(0, count - Math.round(share * count))] ?? Number.POSITIVE_INFINITY;
      return {
        of: (index) => ((scores[index] ?? 0) >= threshold ? undefined : { kind: "drop", reason: "low_quality" }),
        clusters: [],
      };
    },
  };
}
