/**
 * @file SentencePiece's table of replacements: a double-array trie from bytes to texts. In a `tokenizer.json` it is applied as Hugging Face's library does it, to graphemes of a few
 * bytes and then to characters, the shortest key first; `longest` is for models that come from SentencePiece itself.
 */
import type { Part } from "./part.ts";

/** Longer graphemes are looked up character by character. */
const longestGrapheme = 5;

export function precompiled(part: Part): (text: string) => string {
  const base = part.at("precompiled_charsmap");
  const bytes = base.absent ? new Uint8Array() : fromBase64(base);
  if (bytes.length === 0) return (text) => text;
  const view = new DataView(bytes.buffer);
  const size = bytes.length >= 4 ? view.getUint32(0, true) : 0;
  if (bytes.length < 4 || size % 4 !== 0 || 4 + size > bytes.length || size === 0)
    throw base.invalid("the table of replacements is damaged");
  const longest = part.at("longest").flag(false);
  const units = Uint32Array.from({ length: size / 4 }, (_, i) => view.getUint32(4 + 4 * i, true));
  const texts = bytes.subarray(4 + size);
  const [encoder, decoder] = [new TextEncoder(), new TextDecoder("utf-8", { ignoreBOM: true })];
  if (longest) return (text) => decoder.decode(longestReplaced(encoder.encode(text), units, texts));
  const graphemes = new Intl.Segmenter("und", { granularity: "grapheme" });
  const replacementOf = (chunk: Uint8Array): string | undefined => {
    const [found] = prefixes(units, chunk, 0);
    return found && decoder.decode(texts.subarray(found.value, endOf(texts, found.value)));
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

interface Prefix {
  readonly value: number;
  readonly end: number;
}

/** The keys that the bytes from `from` on begin with, the shortest first. */
function prefixes(units: Uint32Array, bytes: Uint8Array, from: number): readonly Prefix[] {
  const found: Prefix[] = [];
  let node = offsetOf(units[0] as number);
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    node ^= byte;
    const unit = units[node] ?? 0;
    if (byte === 0 || (unit & 0x800000ff) >>> 0 !== byte) break;
    node ^= offsetOf(unit);
    if (((unit >>> 8) & 1) === 1) found.push({ value: (units[node] ?? 0) & 0x7fffffff, end: at + 1 });
  }
  return found;
}

/** As SentencePiece itself does it: at each place the longest key. */
function longestReplaced(bytes: Uint8Array, units: Uint32Array, texts: Uint8Array): Uint8Array {
  const made: number[] = [];
  for (let at = 0; at < bytes.length;) {
    const found = prefixes(units, bytes, at).at(-1);
    if (found) {
      for (let i = found.value; i < endOf(texts, found.value); i++) made.push(texts[i] as number);
      at = found.end;
    } else {
      do made.push(bytes[at++] as number);
      while (at < bytes.length && ((bytes[at] as number) & 0xc0) === 0x80);
    }
  }
  return Uint8Array.from(made);
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
