/** @file Bugs: a broken invariant throws, a user's mistake never does. */

/** Throws when a condition the compiler relies on does not hold. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`internal: ${message}`);
}

/** Ends an exhaustive switch: the compiler proves that no case is left. */
export function unreachable(value: never): never {
  throw new Error(`internal: unexpected ${JSON.stringify(value)}`);
}
