/** @file Normalizers: what is done to a text before it is cut into words. */
import { tokenOfBytes } from "../bpe/byte-letters.ts";
import { type CharSet, contains, known, union, whiteSpace } from "../unicode/sets.ts";
import { membersOf, type Part } from "./part.ts";
import { finderOf } from "./pattern.ts";
import { precompiled } from "./precompiled.ts";

export type Normalize = (text: string) => string;

/** All of them, one after the other; nothing where there are none. */
export function normalizerOf(part: Part): Normalize | undefined {
  const all = membersOf(part, "normalizers").map(one);
  return all.length === 0 ? undefined : (text) => all.reduce((so, normalize) => normalize(so), text);
}

function one(part: Part): Normalize {
  switch (part.type()) {
    case "NFC":
    case "NFD":
    case "NFKC":
    case "NFKD": {
      const form = part.type();
      return (text) => text.normalize(form);
    }
    case "Lowercase":
      return lowercase;
    case "StripAccents":
      return without(known("combining"));
    case "Strip":
      return strip(part.at("strip_left").flag(true), part.at("strip_right").flag(true));
    case "Prepend": {
      const put = part.at("prepend").text();
      return (text) => (text === "" ? "" : put + text);
    }
    case "Replace":
      return replace(part);
    case "BertNormalizer":
      return bert(part);
    case "Nmt":
      return nmt;
    case "ByteLevel": {
      const encoder = new TextEncoder();
      return (text) => tokenOfBytes(encoder.encode(text));
    }
    case "Precompiled":
      return precompiled(part);
    default:
      throw part.unknownType("normalizer");
  }
}

/** Each character by itself: the sigma at a word's end is not told apart. */
function lowercase(text: string): string {
  let lower = "";
  for (const character of text) lower += character.toLowerCase();
  return lower;
}

function mapped(text: string, of: (codePoint: number, character: string) => string): string {
  let made = "";
  for (const character of text) made += of(character.codePointAt(0) as number, character);
  return made;
}

function without(set: CharSet): Normalize {
  return (text) =>
    mapped(text, (codePoint, character) => (codePoint > 0x7f && contains(set, codePoint) ? "" : character));
}

function strip(left: boolean, right: boolean): Normalize {
  return (text) => {
    const from = left ? afterSpace(text) : 0;
    return text.slice(from, right ? beforeSpace(text, from) : text.length);
  };
}

function afterSpace(text: string): number {
  let at = 0;
  while (at < text.length && contains(whiteSpace, text.charCodeAt(at))) at++;
  return at;
}

function beforeSpace(text: string, from: number): number {
  let at = text.length;
  while (at > from && contains(whiteSpace, text.charCodeAt(at - 1))) at--;
  return at;
}

function replace(part: Part): Normalize {
  const find = finderOf(part.at("pattern"));
  const content = part.at("content").text();
  return (text) => {
    const found = find(text);
    let made = "";
    let from = 0;
    for (let i = 0; i < found.length; i += 2) {
      made += text.slice(from, found[i]) + content;
      from = found[i + 1] as number;
    }
    return made + text.slice(from);
  };
}

/** Chinese, Japanese and Korean ideographs. */
const ideographs: CharSet = union(
  [0x4e00, 0x9fff],
  [0x3400, 0x4dbf],
  [0x20000, 0x2a6df],
  [0x2a700, 0x2b73f],
  [0x2b740, 0x2b81f],
  [0x2b920, 0x2ceaf],
  [0xf900, 0xfaff],
  [0x2f800, 0x2fa1f],
);

function bert(part: Part): Normalize {
  const lower = part.at("lowercase").flag(true);
  const steps: Normalize[] = [];
  if (part.at("clean_text").flag(true)) {
    const controls = known("controls");
    steps.push((text) =>
      mapped(text, (codePoint, character) =>
        contains(controls, codePoint) ? "" : contains(whiteSpace, codePoint) ? " " : character,
      ),
    );
  }
  if (part.at("handle_chinese_chars").flag(true))
    steps.push((text) =>
      mapped(text, (codePoint, character) =>
        codePoint >= 0x3400 && contains(ideographs, codePoint) ? ` ${character} ` : character,
      ),
    );
  if (part.at("strip_accents").flag(lower)) {
    const accents = without(known("accents"));
    steps.push((text) => accents(text.normalize("NFD")));
  }
  if (lower) steps.push(lowercase);
  return (text) => steps.reduce((so, step) => step(so), text);
}

const nmtDropped: CharSet = union([0x1, 0x8], [0xb, 0xb], [0xe, 0x1f], [0x7f, 0x7f], [0x8f, 0x8f], [0x9f, 0x9f]);
const nmtBlanks: CharSet = union(
  [0x9, 0xa],
  [0xc, 0xd],
  [0x1680, 0x1680],
  [0x200b, 0x200f],
  [0x2028, 0x2029],
  [0x2581, 0x2581],
  [0xfeff, 0xfeff],
  [0xfffd, 0xfffd],
);

function nmt(text: string): string {
  return mapped(text, (codePoint, character) =>
    contains(nmtDropped, codePoint) ? "" : contains(nmtBlanks, codePoint) ? " " : character,
  );
}
