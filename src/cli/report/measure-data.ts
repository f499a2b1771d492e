/** @file Curates a data declaration, counts its tokens, and sets them against the run that reads it. */
import { dataText, tokenizerUse } from "../../semantics/model/texts.ts";
import { countTokens, curateData } from "../data/curate-data.ts";
import { dataReport, sampleReport, type DataReport } from "./data-report.ts";
import { runOn } from "./data-runs.ts";
import { sourceShare } from "../data/spec.ts";
import type { FoundSection } from "../model/find-section.ts";
import type { Host } from "../frame/host.ts";
import { makeTokenizer } from "../tokenizer/make-tokenizer.ts";

export async function measureData(
  { program, section }: FoundSection,
  path: string,
  host: Host,
  sample?: number,
): Promise<DataReport> {
  const data = dataText(section.name, program.entry);
  const use = data && tokenizerUse(data);
  if (!data || !use) throw new Error(`internal: \`${section.name.text}\` was checked to be data`);
  const curated = await curateData(data, host, sample);
  if (sample !== undefined) {
    // A tokenizer that is trained is one of the whole text; what a run makes of a sample says nothing.
    const known = use.kind === "bytes" || use.kind === "file";
    const { manifest } = curated;
    return sampleReport(
      path,
      known ? await countTokens(curated, await makeTokenizer(use, data, host), host) : manifest,
    );
  }
  const manifest = await countTokens(curated, await makeTokenizer(use, data, host), host);
  const training = manifest.sources.map(({ out }) => Math.round((out.tokens ?? 0) * (1 - data.config.split.val)));
  const run = await runOn(
    section,
    program,
    training.reduce((sum, tokens) => sum + tokens, 0),
  );
  return dataReport(
    path,
    manifest,
    data.config.source.map((source, i) => ({ ...sourceShare(source), tokens: training[i] ?? 0 })),
    run,
  );
}
