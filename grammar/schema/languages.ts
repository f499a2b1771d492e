/** @file The languages that fastText's `lid.176` tells apart, by its codes: ISO 639-1 where there is one. */
import { report } from "../../src/diagnostics/codes.ts";
import { suggest } from "../../src/util/suggest.ts";
import { describe } from "./describe.ts";
import type { ValueType } from "./field.ts";

export const languages: readonly string[] = (
  "af als am an ar arz as ast av az azb ba bar bcl be bg bh bn bo bpy br bs bxr ca cbk ce ceb ckb co cs cv cy da de diq dsb dty dv el eml en eo es et eu fa fi fr frr fy " +
  "ga gd gl gn gom gu gv he hi hif hr hsb ht hu hy ia id ie ilo io is it ja jbo jv ka kk km kn ko krc ku kv kw ky la lb lez li lmo lo lrc lt lv mai mg mhr min mk ml mn mr mrj ms mt mwl my myv mzn " +
  "nah nap nds ne new nl nn no oc or os pa pam pfl pl pms pnb ps pt qu rm ro ru rue sa sah sc scn sco sd sh si sk sl so sq sr su sv sw ta te tg th tk tl tr tt tyv ug uk ur uz vec vep vi vls vo " +
  "wa war wuu xal xmf yi yo yue zh"
).split(" ");

/** Languages that the rules published for English are fitted to. */
export const fittedLanguages = [
  "en",
  "ar",
  "bg",
  "bn",
  "ca",
  "cs",
  "da",
  "de",
  "el",
  "es",
  "fa",
  "fi",
  "fr",
  "he",
  "hi",
  "hu",
  "id",
  "it",
  "ja",
  "ko",
  "lt",
  "lv",
  "mk",
  "ms",
  "nl",
  "no",
  "pl",
  "pt",
  "ro",
  "ru",
  "sk",
  "sl",
  "sv",
  "ta",
  "th",
  "tr",
  "uk",
  "ur",
  "vi",
  "zh",
] as const;

/** `en`, or `"or"` where the code is a word of the language. */
export const languageCode: ValueType<string> = {
  what: "a code of a language, such as `en`",
  words: languages,
  read: (value, at) => {
    if (value.kind === "missing") return undefined;
    const code = value.kind === "name" || value.kind === "string" ? value.text : "";
    if (languages.includes(code)) return code;
    const near = suggest(code, languages);
    at.problem(
      report(
        "field/choice",
        { field: at.field, choices: "a code that `lid.176` knows, such as `en`", found: describe(value) },
        {
          primary: { span: value.span, text: "" },
          fixes:
            near && value.kind === "name"
              ? [{ title: `write \`${near}\``, edits: [{ span: value.span, text: near }] }]
              : [],
        },
      ),
    );
    return undefined;
  },
};
