/** @file What changed between two texts, in words, as people read it: a few pieces around the first changes, with what is the same shortened. */

export interface DiffPiece {
  readonly kind: "same" | "removed" | "added" | "gap";
  /** Nothing of a gap. */
  readonly text: string;
}

/** Characters of both texts that are compared, from shortly before the first change on. */
const compared = 3000;
const before = 120;
/** Characters that are shown of a stretch that is the same, at either end of it, and of one that went or came. */
const context = 60;
const longest = 400;

/** Parts of two texts from shortly before their first difference on. */
export interface ChangedPart {
  readonly old: string;
  readonly edited: string;
  /** Whether more stands before, and after. */
  readonly begins: boolean;
  readonly ends: boolean;
}

/** What `diffOf` compares of two texts: some thousand characters, whatever the texts have. */
export function changedPart(old: string, edited: string): ChangedPart {
  let same = 0;
  while (same < old.length && same < edited.length && old.charCodeAt(same) === edited.charCodeAt(same)) same++;
  const start = wordStart(old, Math.max(0, same - before));
  // Copies, so that the texts can go.
  const [left, right] = [old, edited].map((text) => Buffer.from(text.slice(start, start + compared)).toString()) as [
    string,
    string,
  ];
  return {
    old: left,
    edited: right,
    begins: start === 0,
    ends: start + compared >= Math.max(old.length, edited.length),
  };
}

/** Gives at most about 3,000 characters; nothing where the parts are equal. */
export function diffOf({ old, edited, begins, ends }: ChangedPart): readonly DiffPiece[] {
  if (old === edited) return [];
  const raw = changes(partsOf(old), partsOf(edited));
  const [words, all] = [joined(raw, true), joined(raw, false)];
  // White space that changed is of interest only where nothing else did; where texts were cut, what seems to differ at the end is only what the other has further on.
  const whole = (pieces: readonly DiffPiece[]): readonly DiffPiece[] =>
    ends ? pieces : pieces.slice(0, 1 + pieces.findLastIndex(({ kind }) => kind === "same"));
  const shown = [whole(words), whole(all)].find((pieces) => pieces.some(({ kind }) => kind !== "same")) ?? all;
  return [
    ...(begins ? [] : [gap]),
    ...shown.flatMap((piece, i) => shortened(piece, i === 0, i === shown.length - 1)),
    ...(ends ? [] : [gap]),
  ];
}

const gap: DiffPiece = { kind: "gap", text: "" };

function wordStart(text: string, at: number): number {
  const space = text.lastIndexOf(" ", at);
  return space >= 0 && at - space < 40 ? space + 1 : at;
}

/** Words, single marks, and white space between. */
const partsOf = (text: string): readonly string[] => text.match(/[\p{L}\p{N}\p{M}_]+|\s+|[^]/gu) ?? [];

/** The pieces by a longest common subsequence of parts. */
function changes(old: readonly string[], edited: readonly string[]): readonly DiffPiece[] {
  const width = edited.length + 1;
  const lengths = new Uint16Array((old.length + 1) * width);
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = edited.length - 1; j >= 0; j--) {
      lengths[i * width + j] =
        old[i] === edited[j]
          ? 1 + (lengths[(i + 1) * width + j + 1] as number)
          : Math.max(lengths[(i + 1) * width + j] as number, lengths[i * width + j + 1] as number);
    }
  }
  const pieces: DiffPiece[] = [];
  for (let i = 0, j = 0; i < old.length || j < edited.length;) {
    if (i < old.length && j < edited.length && old[i] === edited[j]) {
      pieces.push({ kind: "same", text: old[i] as string });
      [i, j] = [i + 1, j + 1];
    } else if (
      i < old.length &&
      (j === edited.length || (lengths[(i + 1) * width + j] as number) >= (lengths[i * width + j + 1] as number))
    )
      pieces.push({ kind: "removed", text: old[i++] as string });
    else pieces.push({ kind: "added", text: edited[j++] as string });
  }
  return pieces;
}

/** Neighbours of one kind together, changed white space as it became if wanted; between two changes, what is the same is part of the change where it is white space or a mark alone. */
function joined(pieces: readonly DiffPiece[], plainSpace: boolean): readonly DiffPiece[] {
  const made: DiffPiece[] = [];
  let removed = "";
  let added = "";
  const same = (text: string): void => {
    const last = made.at(-1);
    if (last?.kind === "same") made[made.length - 1] = { kind: "same", text: last.text + text };
    else if (text !== "") made.push({ kind: "same", text });
  };
  const flush = (): void => {
    if (plainSpace && removed.trim() === "" && added.trim() === "") {
      same(added);
      [removed, added] = ["", ""];
    }
    if (removed !== "") made.push({ kind: "removed", text: removed });
    if (added !== "") made.push({ kind: "added", text: added });
    [removed, added] = ["", ""];
  };
  for (const [i, { kind, text }] of pieces.entries()) {
    const inChange =
      kind === "same" &&
      removed !== "" &&
      added !== "" &&
      text.length < 3 &&
      !text.includes("\n") &&
      pieces[i + 1] !== undefined &&
      pieces[i + 1]?.kind !== "same";
    if (kind === "removed" || inChange) removed += text;
    if (kind === "added" || inChange) added += text;
    if (kind !== "same" || inChange) continue;
    flush();
    same(text);
  }
  flush();
  return made;
}

function shortened({ kind, text }: DiffPiece, first: boolean, last: boolean): readonly DiffPiece[] {
  if (kind !== "same")
    return text.length <= longest
      ? [{ kind, text }]
      : [{ kind, text: text.slice(0, longest - context) }, gap, { kind, text: text.slice(-context) }];
  const [head, tail] = [first ? "" : text.slice(0, context), last ? "" : text.slice(-before)];
  if (text.length <= (first ? 0 : context) + (last ? 0 : before)) return [{ kind, text }];
  return [
    ...(head === "" ? [] : [{ kind, text: head }]),
    ...(first || last ? [] : [gap]),
    ...(tail === "" ? [] : [{ kind, text: tail }]),
  ];
}
