/** @file The units a number may carry: what each suffix means, what can be counted, and what people write instead. */
import { suggest } from "../../src/util/suggest.ts";
import type { NumberLiteral } from "./ast.ts";
import { nouns } from "./tokens.ts";

export type Suffix = NumberLiteral["suffix"];
/** What a suffix measures. A plain number has none. */
export type Measure = "plain" | "ratio" | "time" | "memory";

interface SuffixMeaning {
  readonly measure: Measure;
  /** The value is the number times `factor`, divided by `divisor`: both are exact, so that `10%` is the double 0.1. */
  readonly factor: number;
  readonly divisor: number;
  readonly doc: string;
}

function meaning(measure: Measure, factor: number, doc: string, divisor = 1): SuffixMeaning {
  return { measure, factor, divisor, doc };
}

/** Every suffix; times are seconds, memory is bytes. */
export const suffixes: Readonly<Record<Suffix, SuffixMeaning>> = {
  "": meaning("plain", 1, "a plain number"),
  "%": meaning("ratio", 1, "hundredths", 100),
  k: meaning("plain", 1e3, "thousands"),
  M: meaning("plain", 1e6, "millions"),
  B: meaning("plain", 1e9, "billions"),
  T: meaning("plain", 1e12, "trillions"),
  Ki: meaning("plain", 2 ** 10, "1024"),
  Mi: meaning("plain", 2 ** 20, "1024²"),
  Gi: meaning("plain", 2 ** 30, "1024³"),
  KiB: meaning("memory", 2 ** 10, "1024 bytes"),
  MiB: meaning("memory", 2 ** 20, "1024² bytes"),
  GiB: meaning("memory", 2 ** 30, "1024³ bytes"),
  ms: meaning("time", 1, "milliseconds", 1000),
  s: meaning("time", 1, "seconds"),
  min: meaning("time", 60, "minutes"),
  h: meaning("time", 3600, "hours"),
  d: meaning("time", 86400, "days"),
};

export function isSuffix(text: string): text is Suffix {
  return Object.hasOwn(suffixes, text);
}

/** What a number with this suffix is worth. */
export function scaled(number: number, suffix: Suffix): number {
  const { factor, divisor } = suffixes[suffix];
  return (number * factor) / divisor;
}

export type Noun = (typeof nouns)[number];

/** The plural form of a counted noun: `epoch` and `epochs` are both `epochs`. */
export function pluralNoun(word: string): Noun | undefined {
  return nouns.find((noun) => noun === word || noun.slice(0, -1) === word);
}

const likely: Readonly<Record<string, Suffix>> = {
  K: "k",
  thousand: "k",
  million: "M",
  mil: "M",
  bn: "B",
  billion: "B",
  G: "B",
  trillion: "T",
  ki: "Ki",
  KI: "Ki",
  mi: "Mi",
  gi: "Gi",
  KB: "KiB",
  kB: "KiB",
  kb: "KiB",
  Kb: "KiB",
  MB: "MiB",
  mb: "MiB",
  Mb: "MiB",
  GB: "GiB",
  gb: "GiB",
  Gb: "GiB",
  kib: "KiB",
  mib: "MiB",
  gib: "GiB",
  msec: "ms",
  sec: "s",
  secs: "s",
  second: "s",
  seconds: "s",
  m: "min",
  mins: "min",
  minute: "min",
  minutes: "min",
  H: "h",
  hr: "h",
  hrs: "h",
  hour: "h",
  hours: "h",
  day: "d",
  days: "d",
  pct: "%",
  percent: "%",
};

/** The unit somebody probably meant by a suffix (or a word after the number) that the language does not have. */
export function likelySuffix(text: string): Suffix | undefined {
  return Object.hasOwn(likely, text) ? likely[text] : undefined;
}

function nearNoun(word: string): Noun | undefined {
  return word.length >= 4 ? pluralNoun(suggest(word, nouns) ?? "") : undefined;
}

/** `Mtokens` is the suffix `M` and the noun `tokens` without the space between them; the noun may be misspelt. */
export function splitNoun(text: string): { readonly suffix: Suffix; readonly noun: Noun } | undefined {
  for (const nounOf of [pluralNoun, nearNoun]) {
    for (let length = 3; length >= 0; length--) {
      const suffix = text.slice(0, length);
      const noun = nounOf(text.slice(length));
      if (isSuffix(suffix) && noun) return { suffix, noun };
    }
  }
  return undefined;
}
