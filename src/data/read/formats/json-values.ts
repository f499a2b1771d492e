/**
 * @file JSON that is not one object a line: a list of objects, objects over several lines one after the other, or one object. Values are cut out by their brackets,
 * so that no more than one is in memory and a broken one costs itself alone.
 */
import { textOf, type Fields, type Item } from "../stream/item.ts";
import { itemOfJson } from "../stream/json.ts";
import { longestDocument, withoutMark } from "../stream/pieces.ts";

const [quote, backslash, openBrace, closeBrace, openBracket, closeBracket, comma] = Buffer.from(
  '"\\{}[],',
) as unknown as readonly [number, number, number, number, number, number, number];
const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
/** Begins every text of a JSON sequence (RFC 7464). */
const recordMark = 0x1e;

export async function* readJsonValues(
  chunks: AsyncIterable<Uint8Array>,
  fields: Fields,
): AsyncGenerator<readonly Item[]> {
  let number = 0;
  const itemOf = (bytes: Uint8Array): Item => {
    const at = `record ${++number}`;
    const text = textOf(bytes, () => at);
    return typeof text === "string" ? itemOfJson(text, fields, at) : text;
  };
  const cutter = new ValueCutter();
  let first = true;
  for await (const chunk of chunks) {
    yield cutter.cut(first ? withoutMark(chunk) : chunk).map(itemOf);
    first = false;
    if (cutter.pending > longestDocument) {
      yield [
        { kind: "damage", reason: "too_long", at: `record ${number + 1}`, message: "a record of more than 256 MiB" },
      ];
      return;
    }
  }
  yield cutter.rest().map(itemOf);
  if (cutter.open)
    yield [
      {
        kind: "damage",
        reason: "truncated",
        at: `record ${number + 1}`,
        message: "the JSON ends before its end",
        help: "get the file again",
      },
    ];
}

/** Cuts bytes into JSON values; the elements of a list that is a value of its own are values. */
class ValueCutter {
  private before: Uint8Array[] = [];
  pending = 0;
  private depth = 0;
  /** Whether the values are elements of a list. */
  private inList = false;
  private inString = false;
  private escaped = false;
  private started = false;

  get open(): boolean {
    return this.inList || this.depth > 0 || this.inString;
  }

  cut(chunk: Uint8Array): readonly Uint8Array[] {
    const values: Uint8Array[] = [];
    let start = 0;
    const take = (end: number): void => {
      values.push(Buffer.concat([...this.before, chunk.subarray(start, end)]));
      this.before = [];
      this.pending = 0;
      this.started = false;
    };
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i] as number;
      if (this.inString) {
        if (this.escaped) this.escaped = false;
        else if (byte === backslash) this.escaped = true;
        else if (byte === quote) {
          this.inString = false;
          if (this.depth === 0) take(i + 1);
        }
        continue;
      }
      if (!this.started) {
        if (isSpace(byte) || byte === comma || byte === recordMark) continue;
        if (byte === openBracket && !this.inList) {
          this.inList = true;
          continue;
        }
        if (byte === closeBracket && this.inList) {
          this.inList = false;
          continue;
        }
        [this.started, start] = [true, i];
      }
      if (byte === quote) this.inString = true;
      else if (byte === openBrace || byte === openBracket) this.depth++;
      else if (byte === closeBrace || byte === closeBracket) {
        if (this.depth === 0) {
          // A number or word ends where its list does.
          take(i);
          if (byte === closeBracket) this.inList = false;
        } else if (--this.depth === 0) take(i + 1);
      } else if (this.depth === 0 && (isSpace(byte) || byte === comma)) take(i);
    }
    if (this.started) {
      this.before.push(chunk.subarray(start));
      this.pending += chunk.length - start;
    }
    return values;
  }

  /** A number or word that the end of the file ends. */
  rest(): readonly Uint8Array[] {
    return this.started && this.depth === 0 && !this.inString ? [Buffer.concat(this.before)] : [];
  }
}
