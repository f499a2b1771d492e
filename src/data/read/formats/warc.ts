/** @file Web archives (WARC): the pages of `response` and `resource` records as text, and the texts of `conversion` records (WET). Other records hold none. */
import { brotliDecompressSync } from "node:zlib";
import { AsyncIterReader, WARCParser, type WARCRecord } from "warcio";
import { pageSource, pageText } from "./html.ts";
import { Damaged, documentOf, textOf, type Damage, type Fields, type Item } from "../stream/item.ts";
import { longestDocument } from "../stream/pieces.ts";
import { formatOf } from "../stream/sniff.ts";

export async function* readWarc(chunks: AsyncIterable<Uint8Array>, { id }: Fields): AsyncGenerator<readonly Item[]> {
  let number = 0;
  for await (const record of new WARCParser(new AsyncIterReader(chunks, null), { keepHeadersCase: true })) {
    const at = `record ${++number}`;
    if (!record.warcHeaders.statusline.startsWith("WARC/"))
      throw new Damaged({
        reason: "invalid_file",
        at,
        message: "no record of a web archive begins here",
        help: "get the file again",
      });
    yield [await itemOf(record, { field: "text", ...(id === undefined ? {} : { id }) }, at)];
  }
}

async function itemOf(record: WARCRecord, fields: Fields, at: string): Promise<Item> {
  const type = record.warcType ?? "";
  const leftOut = (what: string): Item => ({ kind: "left_out", reason: "no_text", at, message: what });
  if (type !== "response" && type !== "resource" && type !== "conversion") return leftOut(`a record of type ${type}`);
  if ((record.warcContentLength ?? 0) > longestDocument)
    return { kind: "damage", reason: "too_long", at, message: "a record of more than 256 MiB" };
  const http = record.getResponseInfo();
  if (http !== null && !String(http.status).startsWith("2"))
    return leftOut(`a page that was not given (status ${String(http.status)})`);
  const media = (http === null ? record.warcContentType : http.headers.get("Content-Type")) ?? "";
  const kind = media.split(";")[0]?.trim().toLowerCase() ?? "";
  if (kind !== "" && !kind.startsWith("text/") && kind !== "application/xhtml+xml")
    return leftOut(`${kind} is no text`);
  const bytes = await contentOf(record, at);
  const row = Object.fromEntries(record.warcHeaders.headers as Iterable<readonly [string, string]>);
  const isPage =
    /html/.test(kind) || (kind === "" && formatOf("", bytes.subarray(0, 2 ** 16), bytes.length <= 2 ** 16) === "html");
  try {
    const charset = /charset\s*=\s*["']?([\w:.-]+)/i.exec(media)?.[1];
    const text = isPage
      ? await pageText(pageSource(bytes, charset))
      : charset === undefined
        ? textOf(bytes, () => at)
        : pageSource(bytes, charset);
    return typeof text === "string" ? documentOf({ ...row, text }, fields, at) : text;
  } catch (error) {
    if (error instanceof Damaged) return { ...error.damage, at };
    throw error;
  }
}

/** The content of a record as it was before it was sent. */
async function contentOf(record: WARCRecord, at: string): Promise<Uint8Array> {
  const headers = record.httpHeaders?.headers;
  const isBrotli = headers?.get("Content-Encoding")?.trim().toLowerCase() === "br";
  // Archives say so of what they have unpacked already, too; the library leaves bytes that it cannot unpack as they are.
  if (isBrotli) headers?.delete("Content-Encoding");
  const bytes = await record.readFully(true);
  // The library says nothing of a file that ends within a record.
  // oxlint-disable-next-line no-underscore-dangle -- a field of the library that is public by its types
  const { limit } = record._reader as { readonly limit?: number };
  if (limit !== undefined && limit > 0)
    throw new Damaged({
      reason: "truncated",
      at,
      message: "the file ends before the record does",
      help: "get the file again",
    } satisfies Omit<Damage, "kind">);
  if (!isBrotli) return bytes;
  try {
    return brotliDecompressSync(bytes, { maxOutputLength: longestDocument });
  } catch {
    return bytes;
  }
}
