/** @file Fields of a message of protocol buffers, as they stand in its bytes. */

export interface Field {
  readonly number: number;
  /** Of a whole number or a truth value. */
  readonly value?: number;
  readonly float?: number;
  /** Of a text, bytes or a message inside. */
  readonly bytes?: Uint8Array;
}

/** Nothing where the bytes are no message. */
export function fieldsOf(bytes: Uint8Array): readonly Field[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fields: Field[] = [];
  let at = 0;
  const whole = (): number => {
    let value = 0;
    for (let factor = 1; at < bytes.length && factor <= 2 ** 63; factor *= 128) {
      const byte = bytes[at++] as number;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    return NaN;
  };
  while (at < bytes.length) {
    const key = whole();
    const number = Math.floor(key / 8);
    switch (key % 8) {
      case 0:
        fields.push({ number, value: whole() });
        break;
      case 1:
        at += 8;
        break;
      case 2: {
        const length = whole();
        if (!(at + length <= bytes.length)) return undefined;
        fields.push({ number, bytes: bytes.subarray(at, at + length) });
        at += length;
        break;
      }
      case 5:
        if (at + 4 > bytes.length) return undefined;
        fields.push({ number, float: view.getFloat32(at, true) });
        at += 4;
        break;
      default:
        return undefined;
    }
  }
  return at === bytes.length ? fields : undefined;
}
