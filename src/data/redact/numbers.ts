/** @file Numbers of people: credit card, bank account, social security. A pattern finds them, and what can be checked is checked. */
import { isDigitAt, isWordAt, type Match } from "./matches.ts";

/** The sum of Luhn: from the right, every second digit doubled, the digits of all results add up to a multiple of ten. */
export function luhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48;
    const weighted = i % 2 === 1 ? 2 * digit : digit;
    sum += weighted > 9 ? weighted - 9 : weighted;
  }
  return sum % 10 === 0;
}

/** ISO 13616: the country and the check digits go to the end, letters are numbers from ten, and the whole leaves one when divided by 97. */
export function ibanChecks(iban: string): boolean {
  let remainder = 0;
  for (const c of iban.slice(4) + iban.slice(0, 4)) remainder = Number(`${remainder}${Number.parseInt(c, 36)}`) % 97;
  return remainder === 1;
}

const match = (pattern: RegExp, text: string, start: number): string | undefined => {
  pattern.lastIndex = start;
  return pattern.exec(text)?.[0];
};

/** Networks by first digits, and how long their numbers are (ISO/IEC 7812). */
const cards =
  /^(?:4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)\d*(?<=^\d{16})|3[47]\d{13}|3(?:0[0-5]|[689])\d*(?<=^\d{14})|35\d{14}|(?:6011|64[4-9]|65)\d*(?<=^\d{16})|62\d{14,17})$/;
const cardShape = /\d(?:[ -]?\d){12,18}/y;

export function cardAt(text: string, start: number): Match | undefined {
  const found = match(cardShape, text, start);
  if (found === undefined || text[start - 1] === "-" || text[start - 1] === "." || isWordAt(text, start + found.length))
    return undefined;
  const digits = found.replace(/\D/g, "");
  return cards.test(digits) && luhn(digits) ? { kind: "card", start, end: start + found.length } : undefined;
}

const ssnShape = /(?!000|666|9)\d{3}([- ])(?!00)\d{2}\1(?!0000)\d{4}/y;

export function ssnAt(text: string, start: number): Match | undefined {
  const found = match(ssnShape, text, start);
  const end = start + (found?.length ?? 0);
  return found === undefined ||
    text[start - 1] === "-" ||
    isWordAt(text, end) ||
    (text[end] === "-" && isDigitAt(text, end + 1))
    ? undefined
    : { kind: "ssn", start, end };
}

/** Countries and lengths (the registry of SWIFT). */
const ibanLengths: ReadonlyMap<string, number> = new Map(
  "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BR29BY28CH21CR22CY28CZ24DE22DK18DO28EE20EG29ES24FI18FO18FR27GB22GE22GI23GL18GR27GT28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21MC27MD24ME22MK19MR27MT31MU30NL18NO15PK24PL28PS29PT25QA29RO24RS22SA24SC31SE24SI19SK24SM27ST25SV28TL23TN24TR26UA29VA22VG24XK20"
    .match(/\D{2}\d{2}/g)
    ?.map((entry) => [entry.slice(0, 2), Number(entry.slice(2))] as const),
);
const ibanShape = /[A-Z]{2}\d{2}(?: ?[A-Z\d]){11,30}/y;

/** IBAN whose check digits begin at `digits`. */
export function ibanAt(text: string, digits: number): Match | undefined {
  const start = digits - 2;
  const length = ibanLengths.get(text.slice(Math.max(0, start), digits));
  if (length === undefined || isWordAt(text, start - 1)) return undefined;
  const found = match(ibanShape, text, start);
  if (found === undefined) return undefined;
  let end = start;
  for (let left = length; left > 0 && end < start + found.length; end++) if (text[end] !== " ") left--;
  const iban = text.slice(start, end).replaceAll(" ", "");
  return iban.length === length && !isWordAt(text, end) && ibanChecks(iban) ? { kind: "iban", start, end } : undefined;
}
