/** @file SHA-256 without a platform: plans are hashed in Node and in browsers alike, synchronously. */

const constants = Uint32Array.from(primes(64), (p) => fraction(Math.cbrt(p)));
const start = Uint32Array.from(primes(8), (p) => fraction(Math.sqrt(p)));

/** The SHA-256 of text in UTF-8, in hexadecimal. */
export function sha256(text: string): string {
  const bytes = new TextEncoder().encode(text);
  const blocks = Math.ceil((bytes.length + 9) / 64);
  const padded = new Uint8Array(blocks * 64);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor((bytes.length * 8) / 2 ** 32));
  view.setUint32(padded.length - 4, (bytes.length * 8) >>> 0);
  const state = Uint32Array.from(start);
  const schedule = new Uint32Array(64);
  for (let block = 0; block < blocks; block++) compress(state, schedule, view, block * 64);
  return [...state].map((word) => word.toString(16).padStart(8, "0")).join("");
}

function compress(state: Uint32Array, w: Uint32Array, view: DataView, offset: number): void {
  for (let i = 0; i < 16; i++) w[i] = view.getUint32(offset + 4 * i);
  for (let i = 16; i < 64; i++) {
    const [a, b] = [word(w, i - 15), word(w, i - 2)];
    w[i] =
      word(w, i - 16) +
      (rotate(a, 7) ^ rotate(a, 18) ^ (a >>> 3)) +
      word(w, i - 7) +
      (rotate(b, 17) ^ rotate(b, 19) ^ (b >>> 10));
  }
  let a = word(state, 0),
    b = word(state, 1),
    c = word(state, 2),
    d = word(state, 3);
  let e = word(state, 4),
    f = word(state, 5),
    g = word(state, 6),
    h = word(state, 7);
  for (let i = 0; i < 64; i++) {
    const t1 =
      (h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + word(constants, i) + word(w, i)) | 0;
    const t2 = ((rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  const next = [a, b, c, d, e, f, g, h];
  for (let i = 0; i < 8; i++) state[i] = word(state, i) + (next[i] as number);
}

/** A word that exists. */
function word(array: Uint32Array, i: number): number {
  return array[i] as number;
}

function rotate(x: number, by: number): number {
  return (x >>> by) | (x << (32 - by));
}

/** The first 32 bits of the fractional part. */
function fraction(x: number): number {
  return Math.floor((x % 1) * 2 ** 32);
}

function primes(count: number): number[] {
  const found: number[] = [];
  for (let n = 2; found.length < count; n++) if (found.every((p) => n % p !== 0)) found.push(n);
  return found;
}
