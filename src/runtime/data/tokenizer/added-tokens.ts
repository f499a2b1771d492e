/** @file Added tokens: where their texts stand, from left to right and the longest at each place. Over bytes or UTF-16, whichever the tokenizer reads. */

export interface AddedToken {
  readonly text: string;
  readonly id: number;
  /** Found in any text. Special tokens are only where a caller asks for them: what somebody wrote is no command. */
  readonly plain?: true;
  /** White space before or after it belongs to it. */
  readonly lstrip?: true;
  readonly rstrip?: true;
  /** Looked for in what the normalizer makes of a text. */
  readonly normalized?: true;
  /** But looked for as it is written, not as the normalizer would have it. */
  readonly exact?: true;
  /** Only where no character of a word is beside it. */
  readonly singleWord?: true;
}

export interface FoundToken {
  readonly start: number;
  readonly end: number;
  readonly id: number;
}

/** A text in the units that it is searched in. */
export interface Units {
  readonly at: ArrayLike<number>;
  /** How many units of white space end, and begin, at a place; 0 for none. */
  spaceBefore(at: number, start: number): number;
  spaceAfter(at: number, end: number): number;
  isWordBefore(at: number, start: number): boolean;
  isWordAfter(at: number, end: number): boolean;
}

interface Branch {
  readonly next: Map<number, Branch>;
  token?: AddedToken;
}

export type FindAdded = (units: Units, start: number, end: number, special: boolean) => readonly FoundToken[];

export function addedTokenFinder(
  tokens: readonly AddedToken[],
  unitsOf: (text: string) => ArrayLike<number>,
): FindAdded {
  const root: Branch = { next: new Map() };
  for (const token of tokens) {
    let branch = root;
    const units = unitsOf(token.text);
    if (units.length === 0) continue;
    for (let i = 0; i < units.length; i++) {
      const unit = units[i] as number;
      const after: Branch = branch.next.get(unit) ?? { next: new Map() };
      branch.next.set(unit, after);
      branch = after;
    }
    branch.token = token;
  }
  // Most places begin none, and there are many.
  const begins = new Uint8Array(1 << 16);
  for (const unit of root.next.keys()) begins[unit] = 1;
  const hasPlain = tokens.some(({ plain }) => plain);
  return (units, start, end, special) => {
    const found: FoundToken[] = [];
    if (!hasPlain && !(special && tokens.length > 0)) return found;
    let last = start;
    for (let at = start; at < end;) {
      const token = begins[units.at[at] as number] === 1 ? longest(root, units.at, at, end) : undefined;
      if (!token) {
        at++;
        continue;
      }
      const after = at + token.length;
      const { plain, singleWord, lstrip, rstrip, id } = token.token;
      const isFree = !singleWord || !(units.isWordBefore(at, start) || units.isWordAfter(after, end));
      if ((special || plain === true) && isFree) {
        const whole = {
          start: lstrip ? Math.max(last, leftmost(units, at, start)) : at,
          end: rstrip ? rightmost(units, after, end) : after,
          id,
        };
        found.push(whole);
        last = whole.end;
      }
      at = after;
    }
    return found;
  };
}

function longest(
  root: Branch,
  units: ArrayLike<number>,
  from: number,
  end: number,
): { readonly token: AddedToken; readonly length: number } | undefined {
  let branch = root.next.get(units[from] as number);
  let token: AddedToken | undefined;
  let length = 0;
  for (let at = from + 1; branch; at++) {
    if (branch.token) [token, length] = [branch.token, at - from];
    branch = at < end ? branch.next.get(units[at] as number) : undefined;
  }
  return token && { token, length };
}

function leftmost(units: Units, from: number, start: number): number {
  let at = from;
  for (let width = units.spaceBefore(at, start); width > 0; width = units.spaceBefore(at, start)) at -= width;
  return at;
}

function rightmost(units: Units, from: number, end: number): number {
  let at = from;
  for (let width = units.spaceAfter(at, end); width > 0; width = units.spaceAfter(at, end)) at += width;
  return at;
}

export function isId(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value < mostIds;
}

/** More ids than any vocabulary has are a damaged file. */
export const mostIds = 1 << 24;
