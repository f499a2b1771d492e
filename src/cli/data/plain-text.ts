/** @file Whether the files of a declaration are text that can be trained on as it stands: looked at once a command, by how each begins. */
import type { Section } from "../../../grammar/syntax/ast.ts";
import type { SourceConfig } from "../../../grammar/schema.ts";
import { setImmediate } from "node:timers/promises";
import { expand } from "../../runtime/node/files.ts";
import type { DataText } from "../../semantics/model/texts.ts";
import { filePatterns, isCurated } from "./curation-plan.ts";
import type { Host } from "../frame/host.ts";
import { progressLine } from "../frame/progress-line.ts";

const answers = new WeakMap<Section, Promise<boolean>>();

/** Whether the text goes through curation. Fails where files are missing. */
export function goesThroughCuration(data: DataText, host: Host): Promise<boolean> {
  const answer = answers.get(data.section) ?? isCurated(data, (source, of) => looksPlain(source, of, host));
  answers.set(data.section, answer);
  return answer;
}

/** Milliseconds between two turns of the event loop. */
const turn = 20;

async function looksPlain(source: SourceConfig, { section }: DataText, host: Host): Promise<boolean> {
  const { isPlainText } = await import("../../data/read/read.ts");
  const name = source.label?.text ?? "text";
  const line = progressLine(host);
  try {
    let [looked, turned] = [0, performance.now()];
    for (const file of await expand(
      { name, files: filePatterns(source, section.span.file.path, host.cwd, host.cwd) },
      host.cwd,
    )) {
      if (!(await isPlainText(file, source))) return false;
      looked++;
      const now = performance.now();
      if (now - turned < turn) continue;
      turned = now;
      line.show({ step: name, unit: "files", documents: looked });
      await setImmediate();
    }
    return true;
  } finally {
    line.end();
  }
}
