/**
 * @file Personal data is replaced by data of nobody. A replacement is made from the document's id and what it replaces: it is the same
 * throughout a document and another in the next, whatever the order of documents.
 */
import { keyedHash } from "../text/keyed.ts";
import { unitsOf } from "../text/units.ts";
import { emailAround, obfuscatedEmails } from "./email.ts";
import { ipv4At, ipv6Around } from "./ip.ts";
import { isHexAt, isWordAt, redactionKinds, type Match, type RedactionKind } from "./matches.ts";
import { cardAt, ibanAt, ssnAt } from "./numbers.ts";
import { phoneAt } from "./phone.ts";

export interface RedactOptions {
  readonly kinds: readonly RedactionKind[];
  /** `fake`: made-up data in reserved ranges, so that text keeps its shape; `tag`: the kind, as `<EMAIL>`. */
  readonly replacement: "fake" | "tag";
  /** Leave addresses of private networks and the like. */
  readonly publicAddressesOnly: boolean;
  /** Look for e-mail addresses in words, too, as `name at example dot com`. */
  readonly obfuscated: boolean;
}
export const redactDefaults: RedactOptions = {
  kinds: redactionKinds,
  replacement: "fake",
  publicAddressesOnly: true,
  obfuscated: false,
};

const isDigit = (unit: number): boolean => unit >= 0x30 && unit <= 0x39;
const PLUS = 0x2b;
/** Digits are all of something only after a plus, or if they are as many as a telephone has. If not, one of these must follow. */
const goOn: ReadonlySet<number> = new Set([..." .-/()"].map((mark) => mark.charCodeAt(0)));

/** All that is found, in order, without overlap. */
export function findPersonalData(
  text: string,
  { kinds, publicAddressesOnly, obfuscated }: RedactOptions = redactDefaults,
): readonly Match[] {
  const wanted = new Set(kinds);
  const found: Match[] = [];
  const add = (match: Match | undefined): void => {
    if (match !== undefined && wanted.has(match.kind)) found.push(match);
  };
  let addressEnd = 0;
  const units = unitsOf(text);
  for (let at = 0; at < text.length; at++) {
    const unit = units[at] ?? 0;
    if (isDigit(unit)) {
      const start = at;
      while (isDigit(units[at + 1] ?? 0)) at++;
      if (isWordAt(text, start - 1)) {
        if (at > start) add(ibanAt(text, start));
      } else if (units[start - 1] === PLUS || at - start >= 9 || goOn.has(units[at + 1] ?? 0)) {
        add(cardAt(text, start));
        add(ssnAt(text, start));
        add(ipv4At(text, start, publicAddressesOnly));
        add(phoneAt(text, start));
      }
    } else if (unit === 0x40) add(emailAround(text, at));
    else if (
      unit === 0x3a &&
      at >= addressEnd &&
      (text[at + 1] === ":" || (isHexAt(text, at - 1) && isHexAt(text, at + 1)))
    ) {
      const match = ipv6Around(text, at, publicAddressesOnly);
      addressEnd = match?.end ?? at;
      add(match);
    }
  }
  if (obfuscated) for (const match of obfuscatedEmails(text)) add(match);
  return found.length < 2 ? found : withoutOverlap(found);
}

/** Of two that overlap, the kind that comes first in the list stays. */
function withoutOverlap(found: readonly Match[]): readonly Match[] {
  const kept: Match[] = [];
  for (const match of found.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const last = kept.at(-1);
    if (last === undefined || match.start >= last.end) kept.push(match);
    else if (redactionKinds.indexOf(match.kind) < redactionKinds.indexOf(last.kind)) kept[kept.length - 1] = match;
  }
  return kept;
}

/** Digits of a number, at least so many. */
const digits = (hash: number, count: number): string => (hash % 10 ** count).toString().padStart(count, "0");
const names = [
  "alex",
  "blake",
  "casey",
  "drew",
  "ellis",
  "finley",
  "harper",
  "jordan",
  "kai",
  "logan",
  "morgan",
  "quinn",
  "riley",
  "sage",
  "taylor",
  "winter",
];

/** Domains, numbers and networks that are nobody's: RFC 2606, NANP 555-01xx, RFC 5737, RFC 3849, an area that is never given, a country that is none. */
const fakes: Readonly<Record<RedactionKind, (hash: number) => string>> = {
  email: (hash) =>
    `${names[hash % 16] ?? ""}${digits(hash >>> 4, 4)}@example.${["com", "org", "net"][(hash >>> 20) % 3] ?? "com"}`,
  phone: (hash) => `555-01${digits(hash, 2)}`,
  ipv4: (hash) => `${["192.0.2", "198.51.100", "203.0.113"][hash % 3] ?? ""}.${1 + ((hash >>> 8) % 254)}`,
  ipv6: (hash) => `2001:db8::${(1 + (hash % 65535)).toString(16)}`,
  card: (hash) => `0000 0000 0000 ${digits(hash, 4)}`,
  iban: (hash) => `XX00 0000 0000 ${digits(hash, 4)}`,
  ssn: (hash) => `000-00-${digits(hash, 4)}`,
};

/** The text with its replacements, and how many there are of each kind. */
export interface Redacted {
  readonly kind: "keep";
  readonly text: string;
  readonly counts?: Readonly<Record<string, number>>;
}

/** Gives what a step of curation keeps of a text; `id` is the document's. */
export function redact(options: Partial<RedactOptions> = {}): (text: string, id: string) => Redacted {
  const settings = { ...redactDefaults, ...options };
  return (text, id) => {
    const found = findPersonalData(text, settings);
    if (found.length === 0) return { kind: "keep", text };
    const counts: Record<string, number> = {};
    let out = "";
    let done = 0;
    for (const { kind, start, end } of found) {
      counts[kind] = (counts[kind] ?? 0) + 1;
      const replacement =
        settings.replacement === "tag"
          ? `<${kind.toUpperCase()}>`
          : fakes[kind](keyedHash(`${id}\0${text.slice(start, end).toLowerCase()}`, kind));
      out += text.slice(done, start) + replacement;
      done = end;
    }
    return { kind: "keep", text: out + text.slice(done), counts };
  };
}
