/** @file One kind of slip: where it can be planted in a text, and what is to be said of it. */

/** A change of a text. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export interface Kind {
  readonly name: string;
  /** All places of a text where the slip can be made. `code` is the text with its comments and texts in quotes blanked. */
  readonly places: (code: string, text: string) => readonly Edit[];
  /** Codes that say it: beginnings of codes. */
  readonly codes: readonly string[];
  /** What message, help or fix must contain, of what was replaced. */
  readonly says?: (written: string) => readonly string[];
  /** A slip that is none: nothing may be said. */
  readonly harmless?: true;
  /** What may be meant instead of what stood there, where that is more. */
  readonly meant?: string;
  /** It is said where what is missing would stand, or where it is used. */
  readonly elsewhere?: true;
  /** The mistake shows only further on: where the next thing begins, or at the bracket that is still open. */
  readonly later?: true;
}

/** A text with comments and what stands in quotes replaced by blanks, so that offsets stay. */
export function codeOf(text: string): string {
  return text.replace(/\/\/[^\n]*|"""[^]*?"""|"(?:[^"\\\n]|\\.)*"/g, (found) =>
    found.startsWith("/") ? " ".repeat(found.length) : `"${found.slice(1, -1).replace(/[^\n]/g, " ")}"`,
  );
}

/** Edits at the matches of a pattern: its group `at`, or the whole match, is replaced. */
export function at(
  pattern: RegExp,
  write: string | ((found: string, match: RegExpExecArray) => string | undefined),
): Kind["places"] {
  const flags = [...new Set([...pattern.flags, "g", "d", "m"])].join("");
  return (code) => {
    const edits: Edit[] = [];
    for (const match of code.matchAll(new RegExp(pattern.source, flags))) {
      const [start, end] = match.indices?.groups?.["at"] ?? match.indices?.[0] ?? [0, 0];
      const found = code.slice(start, end);
      const text = typeof write === "string" ? write : write(found, match);
      if (text !== undefined && text !== found) edits.push({ start, end, text });
    }
    return edits;
  };
}

/** Two letters in the middle of a word change places. */
export function swapped(word: string): string | undefined {
  for (let i = Math.max(1, Math.floor(word.length / 2) - 1); i + 1 < word.length; i++) {
    if (word[i] !== word[i + 1]) return word.slice(0, i) + (word[i + 1] ?? "") + (word[i] ?? "") + word.slice(i + 2);
  }
  return undefined;
}

/** Codes of the parser. */
export const syntax = ["syntax/"];

/** The word that was replaced, as messages quote it. */
export const quote = (word: string): readonly string[] => [`\`${word}\``];

/** A word that must be said, whatever was replaced. */
export const word = (text: string) => (): readonly string[] => [text];
