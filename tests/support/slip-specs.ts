/** @file The right specs that slips are planted in: models, examples, and files of the library as a user might have written them. */
import { readFileSync } from "node:fs";
import { globSync } from "tinyglobby";

const root = new URL("../../", import.meta.url).pathname;

export interface Spec {
  readonly name: string;
  readonly text: string;
}

/** Examples of mistakes, and defaults that only the library itself may declare, are none. */
const left = ["docs/examples/future.llm", "docs/examples/swapped.llm", "stdlib/defaults.llm"];

export const specs: readonly Spec[] = globSync(
  ["models/*.llm", "docs/examples/*.llm", "stdlib/*.llm", "tests/fixtures/models/*.llm", "tests/fixtures/slips/*.llm"],
  { cwd: root, ignore: left },
)
  .toSorted()
  .map((name) => ({ name, text: readFileSync(root + name, "utf8") }));
