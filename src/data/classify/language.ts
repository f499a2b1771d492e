/** @file The language of a text by fastText's `lid.176` (Joulin et al. 2017), which npm's `fasttext.wasm.js` brings along; the rule is datatrove's LanguageFilter. */
import { optionalPackage } from "../../runtime/files/optional-package.ts";
import type { DocumentRule } from "../rules/rule.ts";

export interface LanguageOptions {
  /** Codes of the model (ISO 639-1 where there is one). */
  readonly languages: readonly string[];
  /** A document stays if some of them scores more. */
  readonly minScore: number;
}
export const languageDefaults: LanguageOptions = { languages: ["en"], minScore: 0.65 };

export interface LanguageScore {
  readonly language: string;
  readonly score: number;
}

let model: ReturnType<typeof load> | undefined;
const load = async () => {
  const { getLIDModel } = await optionalPackage(
    "fasttext.wasm.js",
    "telling languages apart",
    () => import("fasttext.wasm.js"),
  );
  return (await getLIDModel()).load();
};

/** What the model makes of texts: languages by score, as far as they score more than a bound. */
export async function languageIdentifier(): Promise<(text: string, above: number) => readonly LanguageScore[]> {
  const { ft } = await (model ??= load());
  return (text, above) => {
    const found = ft.predict(`${text.replaceAll("\n", " ")}\n`, -1, above);
    const scores = Array.from({ length: found.size() }, (_, i) => {
      const [score, label] = found.get(i);
      return { language: label.replace("__label__", ""), score };
    });
    found.delete();
    return scores;
  };
}

export async function language(options: Partial<LanguageOptions> = {}): Promise<DocumentRule> {
  const { languages, minScore } = { ...languageDefaults, ...options };
  const identify = await languageIdentifier();
  const wanted = new Set(languages);
  return (text) => {
    const scores = identify(text, Math.min(0.05, minScore));
    if (scores.some(({ language, score }) => wanted.has(language) && score > minScore)) return { kind: "keep", text };
    const best = scores[0];
    return {
      kind: "drop",
      reason: "language",
      detail: best === undefined ? "none" : `${best.language} ${best.score.toFixed(2)}`,
    };
  };
}
