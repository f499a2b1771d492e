/** @file Published mixtures as declarations: they are sound, add up, and lend their weights to sources of other files. */
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { loadProgram } from "../../src/semantics/load/program.ts";
import { dataText } from "../../src/semantics/model/texts.ts";
import { checkSource } from "../support/check-source.ts";

const folder = fileURLToPath(new URL("../../models/mixtures/", import.meta.url));
const files = readdirSync(folder).toSorted();

test("every published mixture is sound", () => {
  expect(files).toEqual(["gopher.llm", "gpt3.llm", "llama.llm", "palm.llm"]);
  for (const file of files)
    expect(checkSource({ path: file, text: readFileSync(folder + file, "utf8") }, [])).toEqual([]);
});

const mine = `import { LLaMA } from "./llama.llm"

data Mine {
  mix: LLaMA
  source web { files: "web/*.txt", weight: rest, licence: "mine" }
  source wikipedia { files: "wiki/*.txt", epochs: 8 }
  source books { files: "books/*.txt" }
}
`;

test("sources of another file take what they do not say from the mixture", () => {
  expect(checkSource({ path: "mine.llm", text: mine }, [folder])).toEqual([]);
  const { entry } = loadProgram("mine.llm", {
    readFile: (path) => (path === "mine.llm" ? mine : readFileSync(folder + path, "utf8")),
    stdlib: [],
  });
  const sources = dataText({ text: "Mine", span: entry.file.span }, entry)?.config.source;
  expect(
    sources?.map(({ label, files: own, weight, epochs, licence }) => [label?.text, own, weight, epochs, licence]),
  ).toEqual([
    ["web", ["web/*.txt"], { kind: "rest" }, 1.1, "mine"],
    ["wikipedia", ["wiki/*.txt"], { kind: "share", from: 0.045, to: 0.045 }, 8, "CC BY-SA"],
    ["books", ["books/*.txt"], { kind: "share", from: 0.045, to: 0.045 }, 2.23, undefined],
  ]);
});
