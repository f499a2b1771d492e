/** @file The page of `llmc data --report`: what it shows of a manifest, and that documents cannot do anything in it. */
import { expect, test } from "vitest";
import type { Survey } from "../../src/data/survey/survey.ts";
import { dataReport } from "../../src/cli/report/data-report.ts";
import { reportPage } from "../../src/cli/report/page/page.ts";
import type { Manifest } from "../../src/data/curate/shards/manifest.ts";

const evil = `<script>fetch("https://example.com")</script><img src=x onerror=alert(1)>`;
const example = { id: `page-1"><b>`, text: evil, detail: "'<" };
const manifest: Manifest = {
  version: 1,
  name: "Web",
  hash: "abc",
  sources: [
    {
      name: "pages",
      licence: "CC0",
      provenance: "a <crawl>",
      files: [{ name: "pages.jsonl", bytes: 9, sha256: "0" }],
      in: { documents: 40, bytes: 4000 },
      out: { documents: 30, bytes: 2900 },
      skipped: { "no field `text`": { count: 2, examples: ["pages.jsonl:7"] } },
    },
    { name: "books", files: [], in: { documents: 10, bytes: 1000 }, out: { documents: 10, bytes: 1000 }, skipped: {} },
  ],
  steps: [
    {
      name: "near_duplicates",
      kind: "near_duplicates",
      in: { documents: 50, bytes: 5000 },
      out: { documents: 40, bytes: 3900 },
      dropped: { near_duplicate: { count: 10, bytes: 1100, examples: [example] } },
      edits: {},
      clusters: [{ size: 11, documents: [example] }],
      facts: {},
    },
    {
      name: "redact",
      kind: "redact",
      in: { documents: 40, bytes: 3900 },
      out: { documents: 40, bytes: 3900 },
      dropped: {},
      edits: { email: 12 },
      clusters: [],
      facts: { accuracy: 0.9931 },
    },
  ],
  out: { documents: 40, bytes: 3900, tokens: 1000 },
  lengths: { bytes: [0, 0, 0, 3, 20, 17], tokens: [1, 9, 30] },
};
const survey: Survey = {
  documents: 40,
  of: 50,
  steps: [
    {
      sources: [
        { name: "pages", in: { documents: 40, bytes: 4000 }, out: { documents: 30, bytes: 2900 } },
        { name: "books", in: { documents: 10, bytes: 1000 }, out: { documents: 10, bytes: 1000 } },
      ],
      dropped: [{ source: "pages", reason: "near_duplicate", ...example }],
      edited: [],
      kept: [{ source: "books", id: "b", text: "\u001b[31mred\u001b[2J \u202eevil" }],
      measures: [{ name: "words", about: "words <of> it", min: 15, edges: [0, 10, 20, 30], counts: [4, 2, 1] }],
    },
    {
      sources: [
        { name: "pages", in: { documents: 30, bytes: 2900 }, out: { documents: 30, bytes: 2900 } },
        { name: "books", in: { documents: 10, bytes: 1000 }, out: { documents: 10, bytes: 1000 } },
      ],
      dropped: [],
      kept: [],
      measures: [],
      edited: [
        {
          source: "pages",
          id: "e",
          pieces: [
            { kind: "gap", text: "" },
            { kind: "same", text: "to " },
            { kind: "removed", text: "[email of 9 characters]" },
            { kind: "added", text: "<b>a@example.com" },
          ],
        },
      ],
    },
  ],
  languages: [
    { language: "en", read: 30, left: [15, 14] },
    { language: "de", read: 10, left: [1, 0] },
  ],
};
const report = {
  survey,
  ...dataReport(
    "web.llm",
    manifest,
    [
      { name: "pages", weight: { from: 0.75, to: 0.25 }, tokens: 700 },
      { name: "books", weight: "rest", tokens: 300, epochs: 10 },
    ],
    { model: "Tiny", tokens: 5000 },
  ),
};

/** Without the white space that a browser makes one blank, or none beside tags. */
const flat = (page: string): string =>
  page
    .replace(/\s+/g, " ")
    .replace(/> (?=<)/g, ">")
    .replace(/ >/g, ">");

test("a page shows the funnel, the reasons with examples, lengths, clusters, and the mix as it changes over the run", () => {
  const page = flat(reportPage(report));
  for (const shown of [
    "near_duplicate",
    '<td class="n">10 documents</td><td class="n">1.1 kB</td>',
    "email <b>12</b>",
    "accuracy <b>0.993</b>",
    "<b>11</b> documents",
    "78.0%",
    "75.0% → 25.0%",
    "25.0% → 75.0%",
    "pages: 2 skipped, no field `text`",
    "CC0",
    "a &lt;crawl&gt;",
  ])
    expect(page).toContain(shown);
  // The lower band falls from three quarters to one, and the upper one fills the rest.
  expect([...page.matchAll(/<polygon points="([^"]+)"/g)].map((m) => m[1])).toEqual([
    "44,166.0 44,47.5 460,126.5 460,166.0",
    "44,47.5 44,8.0 460,8.0 460,126.5",
  ]);
  expect(page).toContain("source books is passed over 8.3 times in this run");
});

test("a step opens to what it dropped, changed, kept and measured, and tables show what is left of each source and language", () => {
  const page = flat(reportPage(report));
  for (const shown of [
    "a sample of 40 of 50 documents",
    "<em>near_duplicate</em>",
    "<del>[email of 9 characters]</del><ins>&lt;b&gt;a@example.com</ins>",
    "words &lt;of&gt; it; least 15",
    "0 to 10: 4 documents",
  ])
    expect(page).toContain(shown);
  // The limit is in the middle of the second of three columns; the first is all below it.
  expect(page).toMatch(/<rect class="column lost"[^>]*><title>0 to 10:/);
  expect(page).toMatch(/<line class="limit" x1="150\.0"/);
  const rows = [
    ...page.matchAll(
      /<tr><td><b>(\w+)<\/b><\/td><td class="n">(\d+)<\/td>((?:<td class="n heat"[^>]*> ?[\d.]+% ?<\/td>)+)/g,
    ),
  ].map(([, name, read, cells = ""]) => [name, read, cells.replace(/(?:<[^>]*>| )+/g, " ").trim()]);
  expect(rows).toEqual([
    ["pages", "40", "75% 75%"],
    ["books", "10", "100% 100%"],
    ["en", "30", "50% 47%"],
    ["de", "10", "10% 0.0%"],
  ]);
});

test("nothing in a page asks the network, and texts of documents are texts", () => {
  const page = reportPage(report);
  expect(page).not.toMatch(
    /<(?!\/?(?:!doctype|html|meta|title|style|main|h[1-4]|p|div|wbr|del|ins|span|small|b|i|code|em|details|summary|table|tr|th|td|footer|svg|rect|line|text|polygon)\b)/,
  );
  expect(page).not.toMatch(/<[^>]*\s(?:src|href|on\w+)=|url\(|@import/);
  // As it is, without white space of the page's own.
  expect(page).toContain(String.raw`<p class="text">\u{1b}[31mred\u{1b}[2J \u{202e}evil</p>`);
  expect(page).toContain("&lt;script&gt;fetch(&quot;https://example.com&quot;)&lt;/script&gt;");
});
