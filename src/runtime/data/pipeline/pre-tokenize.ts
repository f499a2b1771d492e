/** @file Pre-tokenizers: how a text is cut into the words that the model sees, and what they are written in. */
import { tokenOfBytes } from "../bpe/byte-letters.ts";
import { regexes } from "../bpe/patterns.ts";
import type { Finder } from "../regex/match.ts";
import { type CharSet, category, contains, known, whiteSpace, wordCharacters } from "../unicode/sets.ts";
import { membersOf, type Part } from "./part.ts";
import { finderOf, finderOfRegex } from "./pattern.ts";

/** A piece of a text; `first` where the text begins with it. */
export interface TextPiece {
  readonly text: string;
  readonly first: boolean;
}

export type PreTokenize = (piece: TextPiece) => readonly TextPiece[];

export function preTokenizerOf(part: Part): PreTokenize {
  const all = membersOf(part, "pretokenizers").map(one);
  return (piece) => all.reduce<readonly TextPiece[]>((pieces, cut) => pieces.flatMap(cut), [piece]);
}

const behaviors = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"] as const;
type Behavior = (typeof behaviors)[number];

function one(part: Part): PreTokenize {
  switch (part.type()) {
    case "ByteLevel":
      return byteLevel(part);
    case "Split":
      return split(finderOf(part.at("pattern")), behaviorOf(part), part.at("invert").flag(false));
    case "Digits": {
      const numbers = category("N") ?? [];
      return part.at("individual_digits").flag(false)
        ? split(each(numbers), "Isolated", false)
        : split(each(numbers), "Contiguous", false);
    }
    case "Whitespace":
      return split(wordsAndMarks, "Removed", true);
    case "WhitespaceSplit":
      return split(each(whiteSpace), "Removed", false);
    case "Punctuation":
      return split(each(known("punctuation")), part.at("behavior").absent ? "Isolated" : behaviorOf(part), false);
    case "BertPreTokenizer": {
      const [blanks, marks] = [
        split(each(whiteSpace), "Removed", false),
        split(each(known("punctuation")), "Isolated", false),
      ];
      return (piece) => blanks(piece).flatMap(marks);
    }
    case "CharDelimiterSplit": {
      const delimiter = part.at("delimiter").text().codePointAt(0) ?? 0;
      return split(each([delimiter, delimiter]), "Removed", false);
    }
    case "Metaspace":
      return metaspace(part);
    case "FixedLength":
      return fixedLength(part);
    default:
      throw part.unknownType("pre-tokenizer");
  }
}

function behaviorOf(part: Part): Behavior {
  const given = part.at("behavior").text();
  const found = behaviors.find((name) => name.toLowerCase() === given.toLowerCase().replaceAll("_", ""));
  if (!found) throw part.at("behavior").unsupported(`the behavior \`${given}\` is none of ${behaviors.join(", ")}`);
  return found;
}

/** Each character of the set is a match. */
function each(set: CharSet): Finder {
  return (text) => {
    const found: number[] = [];
    for (let at = 0; at < text.length;) {
      const codePoint = text.codePointAt(at) as number;
      const after = at + (codePoint > 0xffff ? 2 : 1);
      if (contains(set, codePoint)) found.push(at, after);
      at = after;
    }
    return found;
  };
}

/** Runs of word characters, and of what is neither these nor white space. */
function wordsAndMarks(text: string): readonly number[] {
  const found: number[] = [];
  let kind = "";
  for (let at = 0; at < text.length;) {
    const codePoint = text.codePointAt(at) as number;
    const after = at + (codePoint > 0xffff ? 2 : 1);
    const is = contains(whiteSpace, codePoint) ? "" : contains(wordCharacters(), codePoint) ? "word" : "mark";
    if (is !== "" && is === kind) found[found.length - 1] = after;
    else if (is !== "") found.push(at, after);
    kind = is;
    at = after;
  }
  return found;
}

function split(find: Finder, behavior: Behavior, invert: boolean): PreTokenize {
  return (piece) => {
    const { text } = piece;
    if (text === "") return [];
    const found = find(text);
    const cuts: Segment[] = [];
    let from = 0;
    for (let i = 0; i < found.length; i += 2) {
      const [start, end] = [found[i] as number, found[i + 1] as number];
      if (start > from) cuts.push({ from, to: start, match: invert });
      cuts.push({ from: start, to: end, match: !invert });
      from = end;
    }
    if (from < text.length) cuts.push({ from, to: text.length, match: invert });
    return joined(cuts, behavior).flatMap(({ from: start, to }) =>
      to > start ? [{ text: text.slice(start, to), first: piece.first && start === 0 }] : [],
    );
  };
}

interface Segment {
  from: number;
  to: number;
  readonly match: boolean;
}

/** What becomes of the matches between the other pieces. */
function joined(cuts: readonly Segment[], behavior: Behavior): readonly Segment[] {
  switch (behavior) {
    case "Removed":
      return cuts.filter(({ match }) => !match);
    case "Isolated":
      return cuts;
    case "Contiguous":
      return grouped(cuts, (cut, before) => cut.match === before.match);
    case "MergedWithPrevious":
      return grouped(cuts, (cut, before) => cut.match && !before.match);
    case "MergedWithNext":
      return grouped(cuts, (cut, before) => !cut.match && before.match);
  }
}

/** Neighbours are one where `joins` says so of a piece and the one before it. */
function grouped(cuts: readonly Segment[], joins: (cut: Segment, before: Segment) => boolean): readonly Segment[] {
  const made: Segment[] = [];
  cuts.forEach((cut, i) => {
    const before = cuts[i - 1];
    const last = made.at(-1);
    if (before && last && joins(cut, before)) last.to = cut.to;
    else made.push({ ...cut });
  });
  return made;
}

function byteLevel(part: Part): PreTokenize {
  const encoder = new TextEncoder();
  const addsBlank = part.at("add_prefix_space").flag(true);
  const cut: PreTokenize = part.at("use_regex").flag(true)
    ? split(finderOfRegex(regexes.gpt2, part), "Isolated", false)
    : (piece) => [piece];
  return (piece) => {
    const text = addsBlank && piece.text !== "" && !piece.text.startsWith(" ") ? ` ${piece.text}` : piece.text;
    return cut({ ...piece, text }).map(({ text: word, first }) => ({
      text: tokenOfBytes(encoder.encode(word)),
      first,
    }));
  };
}

function metaspace(part: Part): PreTokenize {
  const blank = part.at("replacement").text("▁");
  if ([...blank].length !== 1) throw part.at("replacement").invalid("the replacement of blanks is not one character");
  const scheme = part.at("prepend_scheme").text(part.at("add_prefix_space").flag(true) ? "always" : "never");
  if (!["always", "first", "never"].includes(scheme))
    throw part.at("prepend_scheme").unsupported(`\`${scheme}\` is none of \`always\`, \`first\` and \`never\``);
  const cut: PreTokenize = part.at("split").flag(true)
    ? split(each([blank.codePointAt(0) as number, blank.codePointAt(0) as number]), "MergedWithNext", false)
    : (piece) => [piece];
  return (piece) => {
    const text = piece.text.replaceAll(" ", blank);
    const prepends =
      text !== "" && !text.startsWith(blank) && (scheme === "always" || (scheme === "first" && piece.first));
    return cut({ ...piece, text: prepends ? blank + text : text });
  };
}

function fixedLength(part: Part): PreTokenize {
  const length = part.at("length").number(5);
  if (!Number.isInteger(length) || length < 1)
    throw part.at("length").invalid("words need a length of at least one character");
  return (piece) => {
    const characters = [...piece.text];
    return Array.from({ length: Math.ceil(characters.length / length) }, (_, i) => ({
      text: characters.slice(i * length, (i + 1) * length).join(""),
      first: piece.first && i === 0,
    }));
  };
}
