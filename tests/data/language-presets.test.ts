/** @file Rules published for English, fitted to other languages: the first articles of the Universal Declaration of Human Rights pass them, and with English's settings they do not. */
import { describe, expect, test } from "vitest";
import { c4 } from "../../src/data/rules/c4.ts";
import { fineWeb } from "../../src/data/rules/fineweb.ts";
import { gopherQuality } from "../../src/data/rules/gopher-quality.ts";

const declaration = {
  de: "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft und Gewissen begabt und sollen einander im Geist der Brüderlichkeit begegnen.\nJeder hat das Recht auf Leben, Freiheit und Sicherheit der Person.",
  ru: "Все люди рождаются свободными и равными в своем достоинстве и правах. Они наделены разумом и совестью и должны поступать в отношении друг друга в духе братства.\nКаждый человек имеет право на жизнь, на свободу и на личную неприкосновенность.",
  hi: "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है। उन्हें बुद्धि और अन्तरात्मा की देन प्राप्त है और परस्पर उन्हें भाईचारे के भाव से बर्ताव करना चाहिए।\nप्रत्येक व्यक्ति को जीवन, स्वाधीनता और वैयक्तिक सुरक्षा का अधिकार है।",
  zh: "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。\n人人有权享有生命、自由和人身安全。任何人不得使为奴隶或奴役，一切形式的奴隶制度和奴隶买卖，均应予以禁止。",
  ja: "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。人間は、理性と良心とを授けられており、互いに同胞の精神をもって行動しなければならない。\nすべて人は、生命、自由及び身体の安全に対する権利を有する。",
} as const;

describe.each(Object.entries(declaration))("%s", (language, text) => {
  test("passes the rules that are fitted to it, and not those for English", () => {
    const small = { minWords: 20 };
    expect(gopherQuality({ ...small, language })(text, "").kind).toBe("keep");
    expect(gopherQuality(small)(text, "").kind).toBe("drop");
    expect(fineWeb({ language })(text, "").kind).toBe("keep");
    expect(c4({ language, minSentences: 2 })(text, "")).toEqual({ kind: "keep", text, counts: {} });
  });
});

test("what is set by itself is not changed by the language", () => {
  expect(gopherQuality({ language: "de", minWords: 20, stopWords: ["the", "of"] })(declaration.de, "")).toMatchObject({
    reason: "gopher_enough_stop_words",
  });
});
