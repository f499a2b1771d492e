/** @file Curates a data declaration, counts its tokens, and sets them against the run that reads it. */
import { dataText, tokenizerUse } from "../../semantics/model/texts.ts";
import { countTokens, curateData, surveyData } from "../data/curate-data.ts";
import { dataReport, sampleReport, type DataReport } from "./data-report.ts";
import { runOn } from "./data-runs.ts";
import { sourceShare } from "../data/spec.ts";
import type { FoundSection } from "../model/find-section.ts";
import type { Host } from "../frame/host.ts";
import { makeTokenizer } from "../tokenizer/make-tokenizer.ts";

interface Measuring {
  /** Documents to draw, where only a sample is curated. */
  readonly sample: number | undefined;
  /** With a close look at what the steps did. */
  readonly surveyed: boolean;
}

export async function measureData(
  { program, section }: FoundSection,
  path: string,
  { sample, surveyed }: Measuring,
  host: Host,
): Promise<DataReport> {
  const data = dataText(section.name, program.entry);
  const use = data && tokenizerUse(data);
  if (!data || !use) throw new Error(`internal: \`${section.name.text}\` was checked to be data`);
  const curated = await curateData(data, host, sample);
  const withSurvey = async (report: DataReport): Promise<DataReport> =>
    surveyed ? { ...report, survey: await surveyData(curated, host) } : report;
  if (sample !== undefined) {
    // A tokenizer that is trained is one of the whole text; what a run makes of a sample says nothing.
    const known = use.kind === "bytes" || use.kind === "file";
    const { manifest } = curated;
    return withSurvey(
      sampleReport(path, known ? await countTokens(curated, await makeTokenizer(use, data, host), host) : manifest),
    );
  }
  const manifest = await countTokens(curated, await makeTokenizer(use, data, host), host);
  const training = manifest.sources.map(({ out }) => Math.round((out.tokens ?? 0) * (1 - data.config.split.val)));
  const run = await runOn(
    section,
    program,
    training.reduce((sum, tokens) => sum + tokens, 0),
  );
  const report = dataReport(
    path,
    manifest,
    data.config.source.map((source, i) => ({ ...sourceShare(source), tokens: training[i] ?? 0 })),
    run,
  );
  return withSurvey(report);
}
