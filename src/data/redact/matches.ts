/** @file What is found in a text: kinds of personal data, and where. */

export const redactionKinds = ["email", "iban", "card", "ssn", "ipv4", "ipv6", "phone"] as const;
/** In order of precedence, where two overlap. */
export type RedactionKind = (typeof redactionKinds)[number];

export interface Match {
  readonly kind: RedactionKind;
  readonly start: number;
  readonly end: number;
}

const DIGIT = 1;
const HEX = 2;
const WORD = 4;
const LOCAL = 8;
const DOMAIN = 16;
/** What an ASCII unit, or a Latin letter beyond ASCII, can be part of. */
const kinds = Uint8Array.from({ length: 0x250 }, (_, unit) => {
  const c = String.fromCharCode(unit);
  const letter = /[A-Za-z]/.test(c) || unit >= 0xc0;
  return (
    (/\d/.test(c) ? DIGIT : 0) |
    (/[0-9A-Fa-f]/.test(c) ? HEX : 0) |
    (letter || /[\d_]/.test(c) ? WORD : 0) |
    (letter || /[\d.!#$%&'*+/=?^_`{|}~-]/.test(c) ? LOCAL : 0) |
    (letter || /[\d.-]/.test(c) ? DOMAIN : 0)
  );
});
const is = (text: string, at: number, kind: number): boolean =>
  at >= 0 && at < text.length && ((kinds[text.charCodeAt(at)] ?? 0) & kind) !== 0;

export const isDigitAt = (text: string, at: number): boolean => is(text, at, DIGIT);
export const isHexAt = (text: string, at: number): boolean => is(text, at, HEX);
export const isWordAt = (text: string, at: number): boolean => is(text, at, WORD);
export const isLocalAt = (text: string, at: number): boolean => is(text, at, LOCAL);
export const isDomainAt = (text: string, at: number): boolean => is(text, at, DOMAIN);
