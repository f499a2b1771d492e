/**
 * @file Zstandard data cut into headers and blocks (RFC 8878, section 3.1), so that no more than a block is decompressed at a time and a frame that asks for too much memory is
 * refused before it gets any. What the blocks hold is not looked at.
 */
import { Damaged } from "./item.ts";

/** What `zstd -d` allows unless told otherwise: a frame may refer so far back, and this much is kept of what it gave. */
export const largestWindow = 2 ** 27;
/** No block gives more, nor takes more. */
const largestBlock = 2 ** 17;

/** Data of a frame, then what it says its content's hash is (the low half of xxHash64), if it does, then its end. Where the data is cut off, a frame has no end. */
export type FramePart =
  | { readonly kind: "data"; readonly bytes: Uint8Array }
  | { readonly kind: "checksum"; readonly value: number }
  | { readonly kind: "end" };
const data = (bytes: Uint8Array): FramePart => ({ kind: "data", bytes });

export async function* zstdFrames(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<FramePart> {
  const input = new Input(chunks);
  for (let any = false; ; any = true) {
    const head = await input.take(5);
    // Nothing at all is no frame either.
    if (head.length === 0 && any) return;
    if (head.length < 5) return yield data(head);
    const magic = view(head).getUint32(0, true);
    if (magic === 0xfd2fb528) yield* frame(input, head);
    else if ((magic & 0xfffffff0) >>> 0 === 0x184d2a50) yield* skippable(input, head);
    else throw brokenZstd();
  }
}

/** A frame, of which magic number and descriptor were taken. */
async function* frame(input: Input, head: Uint8Array): AsyncGenerator<FramePart> {
  const descriptor = head[4] ?? 0;
  const single = (descriptor & 0x20) !== 0;
  const dictionary = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const sizeBytes = [single ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  const header = await input.take((single ? 0 : 1) + dictionary + sizeBytes);
  if (
    header.length > 0 &&
    (single ? contentSize(header.subarray(dictionary)) : windowSize(header[0] ?? 0)) > largestWindow
  ) {
    throw new Damaged({
      reason: "compression",
      message: "the zstd data needs more than 128 MiB to be decompressed",
      help: "compress it again with --long=27 or less",
    });
  }
  yield data(Buffer.concat([head, header]));
  for (let last = false; !last;) {
    const block = await input.take(3);
    yield data(block);
    if (block.length < 3) return;
    const bits = (block[0] ?? 0) | ((block[1] ?? 0) << 8) | ((block[2] ?? 0) << 16);
    last = (bits & 1) === 1;
    const [kind, size] = [(bits >> 1) & 3, bits >> 3];
    if (kind === 3 || size > largestBlock) throw brokenZstd();
    const content = await input.take(kind === 1 ? 1 : size);
    yield data(content);
    if (content.length < (kind === 1 ? 1 : size)) return;
  }
  if ((descriptor & 4) !== 0) {
    const checksum = await input.take(4);
    if (checksum.length < 4) return;
    yield { kind: "checksum", value: view(checksum).getUint32(0, true) };
  }
  yield { kind: "end" };
}

async function* skippable(input: Input, head: Uint8Array): AsyncGenerator<FramePart> {
  const rest = await input.take(3);
  const size = view(Buffer.concat([head.subarray(4), rest, new Uint8Array(3)])).getUint32(0, true);
  for (let left = size; left > 0;) {
    const some = await input.take(Math.min(left, largestBlock));
    if (some.length === 0) return yield data(some);
    left -= some.length;
  }
}

const windowSize = (descriptor: number): number => 2 ** (10 + (descriptor >> 3)) * (1 + (descriptor & 7) / 8);

function contentSize(bytes: Uint8Array): number {
  const size = bytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
  return bytes.length === 2 ? size + 256 : size;
}

export const brokenZstd = (): Damaged =>
  new Damaged({ reason: "compression", message: "the zstd data is damaged", help: "get the file again" });

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Chunks of any length, taken in other lengths. */
class Input {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** So many bytes; fewer where the data ends. */
  async take(count: number): Promise<Uint8Array> {
    while (this.#rest.length < count) {
      const { done, value } = await this.#chunks.next();
      if (done === true) break;
      this.#rest = Buffer.concat([this.#rest, value]);
    }
    const taken = this.#rest.subarray(0, count);
    this.#rest = this.#rest.subarray(taken.length);
    return taken;
  }
}
