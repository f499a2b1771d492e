/** @file GPT-2's letters for bytes, in which vocabularies are written: printable bytes are themselves, the others letters from U+0100 on. */

/** The letter of each byte. */
export const letterOfByte: readonly string[] = makeLetters();

const byteOfLetter = new Map(letterOfByte.map((letter, byte) => [letter, byte]));

function makeLetters(): readonly string[] {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPrintable(byte) ? byte : next++));
}

function isPrintable(byte: number): boolean {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad);
}

/** Bytes in the order of their letters, which decides their ids. */
export const bytesByLetter: readonly number[] = letterOfByte
  .map((_, byte) => byte)
  .toSorted((a, b) => ((letterOfByte[a] as string) < (letterOfByte[b] as string) ? -1 : 1));

/** A token's bytes, or nothing if it has a letter that stands for no byte. */
export function bytesOfToken(token: string): Uint8Array | undefined {
  const bytes = new Uint8Array(token.length);
  for (let i = 0; i < token.length; i++) {
    const byte = byteOfLetter.get(token[i] as string);
    if (byte === undefined) return undefined;
    bytes[i] = byte;
  }
  return bytes;
}

export function tokenOfBytes(bytes: Iterable<number>): string {
  let token = "";
  for (const byte of bytes) token += letterOfByte[byte] as string;
  return token;
}
