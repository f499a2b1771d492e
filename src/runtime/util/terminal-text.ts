/**
 * @file What reaches a terminal. Names of files, tokens, samples and messages hold text of others, and a terminal obeys what it reads: escape sequences move
 * the cursor, change the title, answer questions; marks of direction show text in another order than it has. Only what llmc writes itself goes through as
 * it is: colours, and the start of the live line. Everything else is shown by its code.
 */

/** Colours and weights as llmc uses them, and a live line's start. */
const own = String.raw`\x1b\[(?:0|1|2|3|4|7|9|22|23|24|27|29|3[0-79]|4[0-79]|9[0-7]|10[0-7])m|\r\x1b\[K|\r\n`;
/** C0 but for tabs and line ends, DEL, C1, and the marks and overrides of direction (UAX #9). */
const harmful = String.raw`[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]`;
const either = new RegExp(`(${own})|${harmful}`, "g");

/** Text that does nothing to a terminal but show: `\u{1b}[2J` for a sequence that would clear it. */
export const terminalText = (text: string): string =>
  text.replace(either, (found, ours: string | undefined) => ours ?? `\\u{${(found.codePointAt(0) ?? 0).toString(16)}}`);

const harmfulAlone = new RegExp(harmful, "g");

/** Text of somebody else with all that a terminal or a page would obey shown by its code, colours too; line ends of Windows are line ends. */
export const visibleText = (text: string): string =>
  text.replaceAll("\r\n", "\n").replace(harmfulAlone, (found) => `\\u{${(found.codePointAt(0) ?? 0).toString(16)}}`);

/** A line that is drawn over the one before, no wider than the terminal: a wrapped one could not be drawn over. */
export const liveLine = (text: string, columns: number | undefined): string =>
  `\r\x1b[K${columns === undefined ? text : [...text].slice(0, Math.max(1, columns - 1)).join("")}`;
