/** @file SHA-256 of bytes that may be many, on any platform: of each 16 MiB, then of these hashes in a row, so that no more than that is needed at once. */

export const pieceBytes = 16 << 20;

export class Digest {
  readonly #hashes: Uint8Array[] = [];

  /** The next piece: all but the last have `pieceBytes`. */
  async add(piece: Uint8Array): Promise<void> {
    this.#hashes.push(await hashOf(piece));
  }

  async end(): Promise<string> {
    const all = new Uint8Array(32 * this.#hashes.length);
    this.#hashes.forEach((hash, i) => all.set(hash, 32 * i));
    return hexadecimal(await hashOf(all));
  }
}

export async function digestOf(bytes: Uint8Array): Promise<string> {
  const digest = new Digest();
  for (let at = 0; at < bytes.length; at += pieceBytes) await digest.add(bytes.subarray(at, at + pieceBytes));
  return digest.end();
}

async function hashOf(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
}

function hexadecimal(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
