/**
 * @file What rules that were published for English mean in another language. Mean lengths of words are of running text: by the frequencies of
 * Python's `wordfreq`, or by ICU's words of the Universal Declaration of Human Rights (zh, ja, ko, th). Stop words are among its most frequent.
 */
import type { WordKind } from "./words.ts";

export interface LanguagePreset {
  readonly words: WordKind;
  /** Of a word in running text, in code points. */
  readonly meanWordLength: number;
  readonly stopWords: readonly string[];
  /** Whether words stand between spaces. */
  readonly spaced: boolean;
}

const rows = `
ar 4.1 في من على أن إلى عن مع التي
bg 4.2 на и да от за се не че
bn 4.8 না এবং ও এই থেকে আর তার যে
ca 4.1 de la que el en per del els
cs 4.3 a se v na je že s do
da 4.1 og er af det at til på ikke
de 4.8 die der und in das ist nicht zu
el 4.5 και το να του με την για από
es 4.3 de la que el en y los se
fa 3.7 و به در از که این با را
fi 5.6 ja on ei että se oli mutta kun
fr 4.1 de la le et les est des que
he 3.9 את של לא על זה הוא עם גם
hi 3.6 के है में की से और को का
hu 4.5 a az és nem hogy egy is volt
id 5.4 yang dan di ini dari untuk dengan itu
it 4.5 di e che il la non un per
ja 1.8 の に は を が と で て
ko 3.3 그 이 수 있는 것이 한다 및 또는
lt 5.4 ir kad su iš yra kaip o buvo
lv 4.9 un ir ar par ka no uz kas
mk 4.3 на и во да се од за со
ms 5.1 yang dan di dengan untuk ini dalam dari
nl 4.3 de van het een en in is dat
no 4.0 og er det på som til av ikke
pl 4.7 w i nie na się do jest że
pt 4.3 de a o que e do em não
ro 4.4 de în și la să din cu este
ru 4.7 в и на не с что по как
sk 4.5 a v sa na je to že ako
sl 4.4 je in v na se da za ki
sv 4.1 är det att och i på en som
ta 6.4 ஒரு இந்த மற்றும் என்ற என்று இது அந்த அது
th 4.5 ที่ และ ใน การ มี ของ เป็น ได้
tr 5.3 ve bir bu için de da çok ile
uk 4.6 в на не і з що до як
ur 3.4 کے میں کی ہے اور سے کا کو
vi 3.3 là và có của được một các không
zh 1.6 的 在 是 了 和 不 有 他
`
  .trim()
  .split("\n")
  .map((row) => row.split(" "));

const unspaced: ReadonlySet<string> = new Set(["ja", "th", "zh"]);

/** By the code of a language. English is what the rules were published for, and has none. */
export const languagePresets: ReadonlyMap<string, LanguagePreset> = new Map(
  rows.map(([code = "", length, ...stopWords]) => [
    code,
    { words: "icu", meanWordLength: Number(length), stopWords, spaced: !unspaced.has(code) },
  ]),
);

/** English by the same measure. */
const englishWordLength = 4.3;

/** A number of characters that was published for English, as one of as many words of the language, to a tenth. */
export const lengthFor = (preset: LanguagePreset, characters: number): number =>
  Math.round((10 * characters * preset.meanWordLength) / englishWordLength) / 10;
