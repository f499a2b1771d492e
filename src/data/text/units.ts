/** @file The UTF-16 units of a text as an array: a loop over it takes a third of the time of one over the string. */
import { Buffer } from "node:buffer";

let room = new Uint16Array(1 << 14);
/** The same room as bytes: the platform copies a string into it at once. Every processor that Node runs on but IBM's has the low byte first. */
let bytes = Buffer.from(room.buffer);

/** The units of the text, then a space. Room that is used again: valid until the next text. */
export function unitsOf(text: string): Uint16Array {
  if (text.length >= room.length) {
    room = new Uint16Array(2 * text.length + 1);
    bytes = Buffer.from(room.buffer);
  }
  bytes.write(text, "utf16le");
  room[text.length] = 0x20;
  return room;
}
