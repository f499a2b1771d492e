/** @file What a file is: told by its first bytes, and by its name where they do not tell. */
import { parseJson } from "./json.ts";

/** How a file is packed. */
export type Packing = "gzip" | "zstd";
export type Format = "text" | "jsonl" | "json" | "csv" | "parquet" | "html" | "warc";
export type Encoding = "utf-16le" | "utf-16be";

/** What cannot be read: what it is, and what to do. */
export interface Refused {
  readonly what: string;
  readonly help: string;
}

interface Signature extends Refused {
  readonly at?: number;
  readonly bytes: readonly number[] | string;
  /** Text may begin so too, but has no zero byte. */
  readonly hasZeros?: true;
}
const leaveOut = "leave such files out of the patterns";
const asText = "convert it to text first";
const refusedPackings: readonly Signature[] = [
  {
    bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],
    what: "packed by xz",
    help: "unpack it with `xz -d`, or pack it with gzip or zstd",
  },
  ...["1AY&SY", [0x17, 0x72, 0x45, 0x38, 0x50, 0x90]].map((bytes): Signature => ({
    at: 4,
    bytes,
    what: "packed by bzip2",
    help: "unpack it with `bzip2 -d`, or pack it with gzip or zstd",
  })),
  {
    bytes: [0x04, 0x22, 0x4d, 0x18],
    what: "packed by lz4",
    help: "unpack it with `lz4 -d`, or pack it with gzip or zstd",
  },
  {
    bytes: [0x02, 0x21, 0x4c, 0x18],
    what: "packed by lz4",
    help: "unpack it with `lz4 -d`, or pack it with gzip or zstd",
  },
  {
    bytes: [0x1f, 0x9d],
    what: "packed by compress",
    help: "unpack it with `uncompress`, or pack it with gzip or zstd",
  },
  {
    bytes: [0x5d, 0x00, 0x00],
    what: "packed by lzma",
    help: "unpack it with `xz -d --format=lzma`, or pack it with gzip or zstd",
  },
  {
    bytes: "LZIP",
    hasZeros: true,
    what: "packed by lzip",
    help: "unpack it with `lzip -d`, or pack it with gzip or zstd",
  },
  {
    bytes: [0xff, 0x06, 0x00, 0x00, 0x73, 0x4e, 0x61, 0x50, 0x70, 0x59],
    what: "packed by snappy",
    help: "unpack it, or pack it with gzip or zstd",
  },
  {
    bytes: [0x50, 0x4b, 0x03, 0x04],
    what: "a ZIP archive (or a file of an office program, which is one)",
    help: "unpack it and name the files in it",
  },
  { bytes: [0x50, 0x4b, 0x05, 0x06], what: "an empty ZIP archive", help: leaveOut },
  { bytes: [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], what: "a 7z archive", help: "unpack it and name the files in it" },
  { bytes: "Rar!", hasZeros: true, what: "a RAR archive", help: "unpack it and name the files in it" },
  { at: 257, bytes: "ustar", hasZeros: true, what: "a tar archive", help: "unpack it and name the files in it" },
  { bytes: "%PDF-", what: "a PDF", help: "convert it to text first, for example with pdftotext" },
  { bytes: "%!PS", what: "PostScript", help: asText },
  { bytes: "{\\rtf", what: "RTF", help: asText },
  { bytes: [0xd0, 0xcf, 0x11, 0xe0], what: "a file of an office program", help: asText },
  { bytes: "ARROW1", hasZeros: true, what: "an Arrow file", help: "write it as Parquet" },
  { bytes: "FEA1", hasZeros: true, what: "a Feather file", help: "write it as Parquet" },
  { bytes: "ORC", hasZeros: true, what: "an ORC file", help: "write it as Parquet" },
  { bytes: "Obj\u0001", what: "an Avro file", help: "write it as Parquet or JSON Lines" },
  { bytes: "SQLite format 3\u0000", what: "an SQLite database", help: "export the table as CSV" },
  { bytes: [0x89, 0x48, 0x44, 0x46], what: "an HDF5 file", help: asText },
  { bytes: [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59], what: "an array of numpy", help: leaveOut },
  {
    bytes: "filedesc:",
    what: "an ARC file, which web archives were before WARC",
    help: "convert it to WARC, for example with `warcio recompress`",
  },
  { bytes: [0x89, 0x50, 0x4e, 0x47], what: "an image", help: leaveOut },
  { bytes: [0xff, 0xd8, 0xff], what: "an image", help: leaveOut },
  { bytes: "GIF8", hasZeros: true, what: "an image", help: leaveOut },
  { bytes: [0x7f, 0x45, 0x4c, 0x46], what: "a program", help: leaveOut },
  {
    bytes: [0xff, 0xfe, 0x00, 0x00],
    what: "text in UTF-32",
    help: "convert it to UTF-8, for example with `iconv -f UTF-32 -t UTF-8`",
  },
  {
    bytes: [0x00, 0x00, 0xfe, 0xff],
    what: "text in UTF-32",
    help: "convert it to UTF-8, for example with `iconv -f UTF-32 -t UTF-8`",
  },
];

const begins = (
  head: Uint8Array,
  { at = 0, bytes, hasZeros }: Pick<Signature, "at" | "bytes" | "hasZeros">,
): boolean => {
  const wanted = typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes;
  if (hasZeros && !head.includes(0)) return false;
  return head.length >= at + wanted.length && wanted.every((byte, i) => head[at + i] === byte);
};

export function packingOf(head: Uint8Array): Packing | undefined {
  if (begins(head, { bytes: [0x1f, 0x8b] })) return "gzip";
  if (begins(head, { bytes: [0x28, 0xb5, 0x2f, 0xfd] })) return "zstd";
  // A frame of zstd to be skipped, which may come first.
  if (((head[0] ?? 0) & 0xf0) === 0x50 && begins(head, { at: 1, bytes: [0x2a, 0x4d, 0x18] })) return "zstd";
  return undefined;
}

export function packingByName(name: string): Packing | undefined {
  return /\.gz$/i.test(name) ? "gzip" : /\.zstd?$/i.test(name) ? "zstd" : undefined;
}

/** Why bytes cannot be read, if they begin as something that is known. */
export function refusedOf(head: Uint8Array): Refused | undefined {
  const known = refusedPackings.find((signature) => begins(head, signature));
  if (known !== undefined) return known;
  // Of characters in four bytes, the upper two are zero and the lowest is not.
  const [first, second, third, fourth] = [0, 1, 2, 3].map((place) => zeroShare(head, 4, place)) as [
    number,
    number,
    number,
    number,
  ];
  return (first > 0.9 && second > 0.9 && fourth < 0.1) || (fourth > 0.9 && third > 0.9 && first < 0.1)
    ? { what: "text in UTF-32", help: "convert it to UTF-8, for example with `iconv -f UTF-32 -t UTF-8`" }
    : undefined;
}

/** Text in two bytes a character is told by its mark, or by zeros in every other place. */
export function encodingOf(head: Uint8Array): Encoding | undefined {
  if (head[0] === 0xff && head[1] === 0xfe) return "utf-16le";
  if (head[0] === 0xfe && head[1] === 0xff) return "utf-16be";
  const [even, odd] = [zeroShare(head, 2, 0), zeroShare(head, 2, 1)];
  if (odd > 0.7 && even === 0) return "utf-16le";
  return even > 0.7 && odd === 0 ? "utf-16be" : undefined;
}

/** Of the bytes at every `step`th place from `first` on, the part that is zero; too few bytes do not tell. */
function zeroShare(head: Uint8Array, step: number, first: number): number {
  let [zeros, all] = [0, 0];
  for (let at = first; at < head.length; at += step, all++) if (head[at] === 0) zeros++;
  return all < 4 ? 0 : zeros / all;
}

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");

/** White space, and what begins a text of a JSON sequence. */
// oxlint-disable-next-line no-control-regex -- RFC 7464
const leading = /^[\s\u001e]+/;

/** The format of what begins so, unpacked and in UTF-8. `whole`: there is no more of it. */
export function formatOf(name: string, head: Uint8Array, whole: boolean): Format {
  if (begins(head, { bytes: "PAR1" })) return "parquet";
  const start = latin1(head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? head.subarray(3) : head).replace(
    leading,
    "",
  );
  if (/^WARC\/\d/.test(start)) return "warc";
  const ending = /\.(\w+)(?:\.(?:gz|zst|zstd))?$/i.exec(name)?.[1]?.toLowerCase() ?? "";
  switch (ending) {
    case "parquet":
      return "parquet";
    case "csv":
    case "tsv":
    case "tab":
    case "psv":
      return "csv";
    case "html":
    case "htm":
    case "xhtml":
      return "html";
    case "jsonl":
    case "ndjson":
    case "jsonlines":
    case "jl":
      return /^\[\s*\{/.test(start) ? "json" : "jsonl";
    case "json":
      return isJsonLine(start, whole) ? "jsonl" : "json";
    default:
      if (/^(?:<\?xml[^>]*>\s*)?(?:<!--[^]{0,2000}?-->\s*)*<(?:!doctype\s+html|html[\s>])/i.test(start)) return "html";
      if (start.startsWith("{") && isJsonLine(start, whole)) return "jsonl";
      return /^\[\s*\{\s*"(?:[^"\\\n]|\\.){0,200}"\s*:/.test(start) ? "json" : "text";
  }
}

/** Whether an object fills the first line. A line longer than what is known is taken for one if it begins with a field. */
function isJsonLine(start: string, whole: boolean): boolean {
  const end = start.indexOf("\n");
  if (end < 0 && !whole) return /^\{\s*"(?:[^"\\]|\\.){0,200}"\s*:/.test(start);
  try {
    const value = parseJson(end < 0 ? start : start.slice(0, end));
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
