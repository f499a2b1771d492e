/** @file SHA-1, for signatures that must be equal to those made with it (FineWeb's); nothing here relies on its strength. */

const block = new Uint32Array(80);

/** Writes the first eight bytes of the digest of `bytes[from..to)` at `out[at..at + 8)`. */
export function sha1Into(bytes: Uint8Array, from: number, to: number, out: Uint8Array, at: number): void {
  let [h0, h1, h2, h3, h4] = [0x67452301, 0xefcdab89 | 0, 0x98badcfe | 0, 0x10325476, 0xc3d2e1f0 | 0];
  const length = to - from;
  const blocks = ((length + 8) >>> 6) + 1;
  const byteAt = (i: number): number => (i < length ? (bytes[from + i] ?? 0) : i === length ? 0x80 : 0);
  for (let b = 0; b < blocks; b++) {
    for (let i = 0; i < 16; i++) {
      const o = 64 * b + 4 * i;
      block[i] = (byteAt(o) << 24) | (byteAt(o + 1) << 16) | (byteAt(o + 2) << 8) | byteAt(o + 3);
    }
    if (b === blocks - 1) {
      block[14] = Math.floor(length / 0x20000000);
      block[15] = length << 3;
    }
    for (let i = 16; i < 80; i++) {
      const x = (block[i - 3] ?? 0) ^ (block[i - 8] ?? 0) ^ (block[i - 14] ?? 0) ^ (block[i - 16] ?? 0);
      block[i] = (x << 1) | (x >>> 31);
    }
    let [a, b1, c, d, e] = [h0, h1, h2, h3, h4];
    for (let i = 0; i < 80; i++) {
      const f =
        i < 20
          ? ((b1 & c) | (~b1 & d)) + 0x5a827999
          : i < 40
            ? (b1 ^ c ^ d) + 0x6ed9eba1
            : i < 60
              ? ((b1 & c) | (b1 & d) | (c & d)) + 0x8f1bbcdc
              : (b1 ^ c ^ d) + 0xca62c1d6;
      const next = (((a << 5) | (a >>> 27)) + f + e + (block[i] ?? 0)) | 0;
      [e, d, c, b1, a] = [d, c, (b1 << 30) | (b1 >>> 2), a, next];
    }
    [h0, h1, h2, h3, h4] = [(h0 + a) | 0, (h1 + b1) | 0, (h2 + c) | 0, (h3 + d) | 0, (h4 + e) | 0];
  }
  for (let i = 0; i < 4; i++) {
    out[at + i] = h0 >>> (24 - 8 * i);
    out[at + 4 + i] = h1 >>> (24 - 8 * i);
  }
}
