/** @file Addresses of machines. Only those of the public internet are personal: `127.0.0.1` is everyone's. */
import { isDigitAt, isHexAt, isWordAt, type Match } from "./matches.ts";

const octet = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const dotted = new RegExp(`(?:${octet}\\.){3}${octet}`, "y");

/** Words and marks before four numbers that make them a version, a section, or part of a product's name. */
const numbered =
  /(?:\b(?:version|ver|release|rel|revision|rev|build|firmware|driver|section|sect|sec|chapter|clause|paragraph|article|appendix|table|figure|fig|rule|step|oid)s?\.?[ \t]*[:=#(]?[ \t]*|(?:^|[^A-Za-z])v\.? ?|[$§#][ \t]*|[A-Za-z][/-])$/i;
const lookedBefore = 16;

/** IPv4 from the first digit of a run of digits. More dots or digits around make it something else, such as a version. */
export function ipv4At(text: string, start: number, publicOnly: boolean): Match | undefined {
  if (text[start - 1] === "." && isDigitAt(text, start - 2)) return undefined;
  dotted.lastIndex = start;
  const found = dotted.exec(text)?.[0];
  if (found === undefined) return undefined;
  const end = start + found.length;
  if (isWordAt(text, end) || (text[end] === "." && isDigitAt(text, end + 1))) return undefined;
  if (numbered.test(text.slice(Math.max(0, start - lookedBefore), start))) return undefined;
  return publicOnly && !isPublic(found.split(".").map(Number)) ? undefined : { kind: "ipv4", start, end };
}

/** Ranges that IANA sets aside (RFC 6890): first and last 24 bits. Python's `is_global` says the same. */
const reserved: readonly (readonly [string, string])[] = [
  ["0.0.0", "0.255.255"],
  ["10.0.0", "10.255.255"],
  ["100.64.0", "100.127.255"],
  ["127.0.0", "127.255.255"],
  ["169.254.0", "169.254.255"],
  ["172.16.0", "172.31.255"],
  ["192.0.0", "192.0.0"],
  ["192.0.2", "192.0.2"],
  ["192.168.0", "192.168.255"],
  ["198.18.0", "198.19.255"],
  ["198.51.100", "198.51.100"],
  ["203.0.113", "203.0.113"],
  ["240.0.0", "255.255.255"],
];
const number = (octets: readonly number[]): number =>
  (octets[0] ?? 0) * 65536 + (octets[1] ?? 0) * 256 + (octets[2] ?? 0);
const ranges = reserved.map((range) => range.map((text) => number(text.split(".").map(Number))));
const isPublic = (octets: readonly number[]): boolean =>
  ranges.every(([from = 0, to = 0]) => number(octets) < from || number(octets) > to);

/** IPv6 around the colon at `at`. */
export function ipv6Around(text: string, at: number, publicOnly: boolean): Match | undefined {
  const part = (i: number): boolean => isHexAt(text, i) || text[i] === ":";
  let start = at;
  while (start > 0 && at - start < 40 && part(start - 1)) start--;
  let end = at + 1;
  while (end < text.length && end - at < 40 && part(end)) end++;
  if (text[end - 1] === ":" && text[end - 2] !== ":") end--;
  // A time of day has colons, too.
  if (
    end - start < 3 ||
    isWordAt(text, start - 1) ||
    isWordAt(text, end) ||
    !/::|(?:[^:]+:){7}/.test(text.slice(start, end))
  )
    return undefined;
  const groups = parse(text.slice(start, end));
  // Global addresses are 2000::/3, less those for documentation.
  const isGlobal =
    groups !== undefined && ((groups[0] ?? 0) & 0xe000) === 0x2000 && !(groups[0] === 0x2001 && groups[1] === 0xdb8);
  return groups === undefined || (publicOnly && !isGlobal) ? undefined : { kind: "ipv6", start, end };
}

const groupsOf = (half: string): readonly string[] => (half === "" ? [] : half.split(":"));

/** The eight groups, or nothing. */
function parse(address: string): readonly number[] | undefined {
  const halves = address.split("::");
  const [head, tail] = [groupsOf(halves[0] ?? ""), groupsOf(halves[1] ?? "")];
  if (halves.length > 2 || ![...head, ...tail].every((group) => /^[\dA-Fa-f]{1,4}$/.test(group))) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  return [...head, ...Array.from({ length: missing }, () => "0"), ...tail].map((group) => Number.parseInt(group, 16));
}
