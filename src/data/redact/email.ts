/** @file E-mail addresses: found from their sign outwards. */
import { isDomainAt, isLocalAt, isWordAt, type Match } from "./matches.ts";

/** The address around the `@` at `at`: an account of the characters of RFC 5322's atoms, and a domain with a dot whose last label has letters, or an IP address in brackets. */
export function emailAround(text: string, at: number): Match | undefined {
  let start = at;
  while (isLocalAt(text, start - 1)) start--;
  // Marks before the account are the text's: 'mail=x@y.z' in quotes, a link's path, a bullet.
  while (start < at && !isWordAt(text, start)) start++;
  if (start === at) return undefined;
  const literal = /^\[(?:\d{1,3}\.){3}\d{1,3}\]/.exec(text.slice(at + 1, at + 18));
  if (literal) return { kind: "email", start, end: at + 1 + literal[0].length };
  let end = at + 1;
  while (end - at <= longestDomain && isDomainAt(text, end)) end++;
  const domain = labels.exec(text.slice(at + 1, end))?.[0];
  const last = domain?.slice(domain.lastIndexOf(".") + 1) ?? "";
  return domain !== undefined && hasLetter.test(last) ? { kind: "email", start, end: at + 1 + domain.length } : undefined;
}

const longestDomain = 255;
const hasLetter = /[A-Za-z\u00c0-\u024f]/;

const label = "[\\dA-Za-z\\u00c0-\\u024f]+(?:-+[\\dA-Za-z\\u00c0-\\u024f]+)*";
const labels = new RegExp(`^(?:${label}\\.)+${label}`);
