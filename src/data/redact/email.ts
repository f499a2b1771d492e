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
  if (domain === undefined || !hasLetter.test(last) || fileEndings.has(last.toLowerCase()) || version.test(domain))
    return undefined;
  return { kind: "email", start, end: at + 1 + domain.length };
}

/** `icon@2x.png` is a file, `package@1.0.0-beta.x` a version. Endings that are domains of a country, too, such as `.md` and `.py`, are not here. */
const fileEndings: ReadonlySet<string> = new Set(
  "png jpg jpeg gif svg webp avif bmp ico tif tiff psd heic css scss less js mjs cjs jsx tsx json xml html htm txt pdf csv yml yaml toml woff woff2 ttf eot mp3 mp4 webm wav wasm exe dll tgz".split(
    " ",
  ),
);
const version = /^\d+\.\d+[.-]/;

/**
 * Addresses written for people only: `name at example dot com`, `name [at] example.com`, `name(at)example(dot)com`. Without brackets, both
 * words must be there and the last label be a common domain: "look at example" is a sentence.
 */
export function* obfuscatedEmails(text: string): Generator<Match> {
  for (const sign of text.matchAll(hiddenAt)) {
    let start = sign.index;
    while (isLocalAt(text, start - 1)) start--;
    while (start < sign.index && !isWordAt(text, start)) start++;
    const from = sign.index + sign[0].length;
    const domain = hiddenDomain.exec(text.slice(from, from + longestDomain))?.[0];
    if (start === sign.index || domain === undefined) continue;
    const last = /[A-Za-z]+$/.exec(domain)?.[0] ?? "";
    const bracketed = /[[({<]/.test(sign[0]);
    if (bracketed ? last.length < 2 : !hiddenDot.test(domain) || !commonDomains.has(last.toLowerCase())) continue;
    yield { kind: "email", start, end: from + domain.length };
  }
}

const hiddenAt = /[ \t]?[[({<][ \t]?(?:at|@)[ \t]?[\])}>][ \t]?|[ \t](?:at|AT)[ \t]/gi;
const hiddenDot = /[ \t]?[[({<][ \t]?(?:dot|\.)[ \t]?[\])}>][ \t]?|[ \t]dot[ \t]/i;
const hiddenDomain = new RegExp(`^[A-Za-z0-9-]{1,63}(?:(?:${hiddenDot.source}|\\.)[A-Za-z0-9-]{1,63}){1,4}`, "i");
const commonDomains: ReadonlySet<string> = new Set(
  "com org net edu gov mil int info biz io ai app dev me co uk de fr it es nl be ch at se no dk fi pl cz ru ua jp cn kr in br mx ca au nz za us eu".split(
    " ",
  ),
);

const longestDomain = 255;
const hasLetter = /[A-Za-z\u00c0-\u024f]/;

const label = "[\\dA-Za-z\\u00c0-\\u024f]+(?:-+[\\dA-Za-z\\u00c0-\\u024f]+)*";
const labels = new RegExp(`^(?:${label}\\.)+${label}`);
