/** @file `llmc devices`: what there is to train on, how fast it is at best, and which of it is taken. */
import type { Survey, SurveyEntry } from "../../runtime/node/survey.ts";
import type { Command, Input } from "../frame/command.ts";
import { withFailures } from "../frame/failures.ts";
import { jsonText } from "../frame/json.ts";
import type { ExitCode, Host } from "../frame/host.ts";

export const devices: Command = {
  name: "devices",
  summary: "what there is to train on, and how fast it is at best",
  positionals: [],
  options: { json: { type: "boolean", help: "print it as JSON" } },
  examples: ["llmc devices", "llmc devices --json"],
  run: (input, host) => withFailures(host, () => runDevices(input, host)),
};

async function runDevices(input: Input, host: Host): Promise<ExitCode> {
  const { surveyDevices } = await import("../../runtime/node/survey.ts");
  if (host.interactive) host.err("measuring, for a few seconds\n");
  const survey = await surveyDevices();
  host.out(input.flag("json") ? jsonText(survey) : `${survey.entries.map(describe).join("\n")}\n`);
  if (!survey.auto) {
    host.err("nothing here can train\nnext: install gcc or clang, then llmc devices\n");
    return 1;
  }
  if (!input.flag("json")) host.err(`auto takes ${taken(survey.auto)}\nnext: llmc train FILE\n`);
  return 0;
}

const taken = ({ device, name, reason }: NonNullable<Survey["auto"]>): string => `${device}: ${name}: ${reason}`;

/** A device in two lines. */
function describe({ device, adapter, found }: SurveyEntry): string {
  const head = device.padEnd(10);
  const indent = " ".repeat(head.length);
  if (found.kind === "absent")
    return `${head}absent: ${found.reason}${found.help === undefined ? "" : `\n${indent}${found.help}`}`;
  const { flopsPerSecond, bytesPerSecond, launchSeconds } = found.measured;
  const rates = `${significant(flopsPerSecond / 1e9)} GFLOP/s, reads ${significant(bytesPerSecond / 1e9)} GB/s, ${significant(launchSeconds * 1e6)} us to launch`;
  return `${head}${found.name}${found.software ? " (software)" : ""}${adapter === undefined ? "" : ` (--adapter '${adapter}')`}\n${indent}${rates}`;
}

/** Calibrations are good to two or three digits. */
const significant = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(2));
