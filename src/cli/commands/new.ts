/** @file `llmc new`: a small project for one's own text, complete but for the text. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import type { Command, Input } from "../frame/command.ts";
import { withFailures } from "../frame/failures.ts";
import { packageFolder } from "../frame/files.ts";
import type { ExitCode, Host } from "../frame/host.ts";
import { shown } from "../frame/report.ts";

export const newProject: Command = {
  name: "new",
  summary: "write a small project for your own text",
  positionals: ["NAME"],
  options: {},
  examples: ["llmc new my-model"],
  run: (input, host) => withFailures(host, () => runNew(input, host)),
};

async function runNew(input: Input, host: Host): Promise<ExitCode> {
  const name = input.positionals[0] ?? "";
  const folder = resolve(host.cwd, name);
  if (name.trim() === "" || folder === resolve(host.cwd)) {
    host.err("`llmc new` needs the name of a folder that is not there yet\n");
    return 2;
  }
  if (existsSync(folder)) {
    host.err(`${name} is there already, and nothing in it is changed; give another name\n`);
    return 1;
  }
  mkdirSync(join(folder, "text"), { recursive: true });
  const model = `${basename(folder)}.llm`;
  // `wx`: whatever came to be there in the meantime is not overwritten.
  writeFileSync(join(folder, model), readFileSync(join(packageFolder(), "models/new-project/model.llm")), {
    flag: "wx",
  });
  writeFileSync(
    join(folder, "text", "README.md"),
    "Put your text here, as files whose names end in `.txt` (UTF-8; 100 kB or more is a good start).\n",
    { flag: "wx" },
  );
  host.err(
    `wrote ${join(name, model)} and ${join(name, "text")}\nnext: put .txt files into ${shown(join(name, "text"))}, then: llmc train ${shown(join(name, model))}\n`,
  );
  return 0;
}
