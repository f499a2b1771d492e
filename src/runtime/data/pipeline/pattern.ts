/** @file The pattern of a `Split` or `Replace`: a text as it stands, or a regular expression. */
import { type Finder, regexFinder } from "../regex/match.ts";
import { RegexProblem } from "../regex/syntax.ts";
import type { Part } from "./part.ts";

export function finderOf(part: Part): Finder {
  const { String: plain, Regex: regex } = part.object();
  if (typeof plain === "string") return literal(plain);
  if (typeof regex !== "string") throw part.invalid(`\`${part.path}\` is neither a \`String\` nor a \`Regex\``);
  return finderOfRegex(regex, part);
}

/** Expressions stand in few files, and are asked for again and again. */
const made = new Map<string, Finder>();

export function finderOfRegex(regex: string, part: Part): Finder {
  const before = made.get(regex);
  if (before) return before;
  try {
    const finder = regexFinder(regex);
    made.set(regex, finder);
    return finder;
  } catch (error) {
    if (error instanceof RegexProblem)
      throw part.unsupported(`the regular expression cannot be read: ${error.message}`);
    throw error;
  }
}

function literal(what: string): Finder {
  return (text) => {
    const found: number[] = [];
    if (what === "") return found;
    for (let at = text.indexOf(what); at >= 0; at = text.indexOf(what, at + what.length))
      found.push(at, at + what.length);
    return found;
  };
}
