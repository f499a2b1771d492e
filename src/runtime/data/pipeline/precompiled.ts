/** @file SentencePiece's table of replacements: a double-array trie from bytes to texts. What it maps and in which pieces follows Hugging Face's library, graphemes of a few bytes first. */
import type { Part } from "./part.ts";

/** Longer graphemes are looked up character by character. */
const longestGrapheme = 5;

export function precompiled(part: Part): (text: string) => string {
  const base = part.at("precompiled_charsmap");
  const bytes = base.absent ? new Uint8Array() : fromBase64(base);
  if (bytes.length === 0) return (text) => text;
  const view = new DataView(bytes.buffer);
  const size = bytes.length >= 4 ? view.getUint32(0, true) : 0;
  if (bytes.length < 4 || size % 4 !== 0 || 4 + size > bytes.length || size === 0) throw base.invalid("the table of replacements is damaged");
  const units = Uint32Array.from({ length: size / 4 }, (_, i) => view.getUint32(4 + 4 * i, true));
  const texts = bytes.subarray(4 + size);
  const [encoder, decoder] = [new TextEncoder(), new TextDecoder("utf-8", { ignoreBOM: true })];
  const graphemes = new Intl.Segmenter("und", { granularity: "grapheme" });
  const replacementOf = (chunk: Uint8Array): string | undefined => {
    const at = firstValue(units, chunk);
    return at === undefined ? undefined : decoder.decode(texts.subarray(at, endOf(texts, at)));
  };
  const known = new Map<string, string>();
  const replaced = (grapheme: string): string => {
    const bytesOf = encoder.encode(grapheme);
    const whole = bytesOf.length <= longestGrapheme ? replacementOf(bytesOf) : undefined;
    return whole ?? Array.from(grapheme, (character) => replacementOf(encoder.encode(character)) ?? character).join("");
  };
  return (text) => {
    let made = "";
    for (const { segment } of graphemes.segment(text)) {
      let other = known.get(segment);
      if (other === undefined) {
        other = replaced(segment);
        if (known.size < 1 << 16) known.set(segment, other);
      }
      made += other;
    }
    return made;
  };
}

function offsetOf(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6);
}

/** The value of the shortest key that the bytes begin with. */
function firstValue(units: Uint32Array, key: Uint8Array): number | undefined {
  let unit = units[0] as number;
  let node = offsetOf(unit);
  for (const byte of key) {
    if (byte === 0) return undefined;
    node ^= byte;
    unit = units[node] ?? 0;
    if ((unit & 0x800000ff) >>> 0 !== byte) return undefined;
    node ^= offsetOf(unit);
    if (((unit >>> 8) & 1) === 1) return (units[node] ?? 0) & 0x7fffffff;
  }
  return undefined;
}

function endOf(texts: Uint8Array, from: number): number {
  const end = texts.indexOf(0, from);
  return end < 0 ? texts.length : end;
}

function fromBase64(part: Part): Uint8Array {
  try {
    return Uint8Array.from(atob(part.text()), (letter) => letter.charCodeAt(0));
  } catch {
    throw part.invalid("the table of replacements is no base 64");
  }
}
