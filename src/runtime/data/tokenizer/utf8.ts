/** @file UTF-8: code points of bytes, strictly (the offset of the first byte that is not valid: overlong forms and surrogates are not), and text from pieces that cut characters. */

/** The first invalid byte. */
export interface InvalidByte {
  readonly offset: number;
  readonly byte: number;
}

/** Calls `take` with every code point and its byte offset, and answers where the bytes stop being UTF-8, if they do. */
export function eachCodePoint(
  bytes: Uint8Array,
  take: (codePoint: number, offset: number) => void,
): InvalidByte | undefined {
  for (let at = 0; at < bytes.length;) {
    const lead = bytes[at] as number;
    if (lead < 0x80) {
      take(lead, at);
      at++;
      continue;
    }
    const length =
      lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
    if (length === 0) return { offset: at, byte: lead };
    let codePoint = lead & (0x7f >> length);
    for (let i = 1; i < length; i++) {
      const next = bytes[at + i];
      if (next === undefined || (next & 0xc0) !== 0x80) return { offset: at, byte: lead };
      codePoint = (codePoint << 6) | (next & 0x3f);
    }
    const shortest = length === 2 ? 0x80 : length === 3 ? 0x800 : 0x10000;
    if (codePoint < shortest || codePoint > 0x10ffff || (codePoint >= 0xd800 && codePoint < 0xe000))
      return { offset: at, byte: lead };
    take(codePoint, at);
    at += length;
  }
  return undefined;
}

/** Bytes of a code point in UTF-8. */
export function utf8Length(codePoint: number): number {
  return codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
}

/** Turns ids into text by their bytes. A character appears with its last byte, and U+FFFD for what is not UTF-8. */
export function utf8Decoder(bytesOf: (id: number) => Uint8Array): {
  readonly push: (id: number) => string;
  readonly end: () => string;
} {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return { push: (id) => decoder.decode(bytesOf(id), { stream: true }), end: () => decoder.decode() };
}
