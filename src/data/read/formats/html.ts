/** @file Web pages as text: what a reader sees, without scripts and styles, a block a line. */
import type { HtmlToTextOptions } from "html-to-text";
import { Damaged, documentOf, type Fields, type Item } from "../stream/item.ts";
import { longestDocument } from "../stream/pieces.ts";

const plain = { leadingLineBreaks: 2, trailingLineBreaks: 2, uppercase: false };
const options: HtmlToTextOptions = {
  wordwrap: false,
  selectors: [
    ...["h1", "h2", "h3", "h4", "h5", "h6"].map((selector) => ({ selector, options: plain })),
    { selector: "a", options: { ignoreHref: true } },
    ...["img", "script", "style", "noscript", "template", "svg", "iframe", "head"].map((selector) => ({
      selector,
      format: "skip",
    })),
    { selector: "ul", options: { itemPrefix: "- " } },
    ...["table", "tr"].map((selector) => ({ selector, format: "block" })),
    ...["td", "th"].map((selector) => ({ selector, format: "inlineSurround", options: { suffix: "\t" } })),
  ],
  limits: { maxInputLength: longestDocument },
};

/** The text of a page. */
export async function pageText(html: string): Promise<string> {
  const { convert } = await import("html-to-text");
  return convert(html, options)
    .replace(/[ \t]+$/gm, "")
    .trim();
}

/** The source of a page, by the character set that its mark, the server, or the page names; without any it is UTF-8. */
export function pageSource(bytes: Uint8Array, served?: string): string {
  const named =
    served ??
    /<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w:.-]+)/i.exec(
      Buffer.from(bytes.subarray(0, 4096)).toString("latin1"),
    )?.[1] ??
    "utf-8";
  const [first, second] = bytes;
  const charset =
    first === 0xff && second === 0xfe
      ? "utf-16le"
      : first === 0xfe && second === 0xff
        ? "utf-16be"
        : first === 0xef && second === 0xbb
          ? "utf-8"
          : /^utf-?16/i.test(named)
            ? "utf-8"
            : named;
  let decoder: InstanceType<typeof TextDecoder>;
  try {
    decoder = new TextDecoder(charset, { fatal: true });
  } catch {
    throw new Damaged({
      reason: "encoding",
      message: `the page is in ${charset}, which is not known`,
      help: "convert the file to UTF-8",
    });
  }
  try {
    return decoder.decode(bytes);
  } catch {
    throw new Damaged({
      reason: "encoding",
      message: `the page has what is no ${charset}`,
      help: "convert the file to UTF-8",
    });
  }
}

export async function* readHtml(chunks: AsyncIterable<Uint8Array>, fields: Fields): AsyncGenerator<readonly Item[]> {
  const all: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    all.push(chunk);
    length += chunk.length;
    if (length > longestDocument) throw new Damaged({ reason: "too_long", message: "a page of more than 256 MiB" });
  }
  const bytes = Buffer.concat(all);
  const zero = bytes.indexOf(0);
  if (zero >= 0)
    throw new Damaged({
      reason: "binary",
      at: `byte ${zero}`,
      message: "a zero byte: this is no text",
      help: "leave binary files out of the patterns",
    });
  yield [documentOf({ [fields.field]: await pageText(pageSource(bytes)) }, { field: fields.field }, "the page")];
}
