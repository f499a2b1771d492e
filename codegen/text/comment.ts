/**
 * @file Text of the user's in a comment of generated code: the only way that it gets there. The result is one line that can end no comment, begin none and continue none,
 * in TypeScript, C and WGSL, whatever the text holds.
 */

/** Letters, marks, numbers, punctuation and symbols stand for themselves; line ends and tabs are a blank; all else is written as its code point. */
export function commentText(text: string): string {
  return (
    text
      .replace(/[^\S ]+/g, " ")
      // A backslash at the end of a line joins it with the next, in C, even with blanks after it; `??/` is one for compilers with trigraphs.
      .replace(/[\\\p{C}\p{Z}]/gu, (c) =>
        c === " " ? c : `<U+${(c.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}>`,
      )
      .replace(/\?(?=\?)/g, "? ")
      .replace(/\*(?=\/)/g, "* ")
      .replace(/\/(?=\*)/g, "/ ")
      .trim()
  );
}
