/** @file Writes the documents that curation left, and what it dropped, into a folder of their own. */
import { resolve } from "node:path";
import { inspectFolder, stageFolder, type Content } from "../runtime/node/written-folder.ts";
import { dataText } from "../semantics/texts.ts";
import { curateData, interruptible } from "./curate-data.ts";
import type { FoundSection } from "./find-section.ts";
import { realFolder } from "./files.ts";
import type { Host } from "./host.ts";

/** Fails, before anything is curated, where the folder is somebody else's. Gives the number of files. */
export async function exportData({ program, section }: FoundSection, out: string, force: boolean, host: Host): Promise<number> {
  const folder = realFolder(resolve(host.cwd, out));
  await inspectFolder(folder, "corpus");
  const data = dataText(section.name, program.entry);
  if (!data) throw new Error(`internal: \`${section.name.text}\` was checked to be data`);
  const curated = await curateData(data, host);
  const { exportCorpus } = await import("../data/curate/export.ts");
  const made = await interruptible(host, (options) => exportCorpus(curated, options));
  const files = new Map<string, Content>([...made].map(([name, copyOf]) => [name, { copyOf }]));
  await (await stageFolder(folder, files, { holds: "corpus", force, forceOption: "--force", last: "manifest.json" })).commit();
  return files.size;
}
