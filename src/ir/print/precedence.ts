/** @file Expressions as text with only the parentheses that they need: what the printers of JavaScript, C and WGSL share. Each has levels of its own. */

export interface Text {
  readonly text: string;
  /** How tightly its outermost operator binds. */
  readonly level: number;
}

/** The text where an operand has to bind at least so tightly. */
export const within = ({ text, level }: Text, least: number): string => (level < least ? `(${text})` : text);

/** `left sign right`, which groups to the left unless the sides ask for less. */
export const infix = (
  left: Text,
  sign: string,
  right: Text,
  level: number,
  leftLeast = level,
  rightLeast = level + 1,
): Text => ({ text: `${within(left, leftLeast)} ${sign} ${within(right, rightLeast)}`, level });

/** `sign of`, where the operand binds at least so tightly and does not begin with a sign itself: `--x` is something else. */
export const prefix = (sign: string, of: Text, level: number, least = level): Text => ({
  text: `${sign}${/^[-!~]/.test(of.text) ? `(${of.text})` : within(of, least)}`,
  level,
});
