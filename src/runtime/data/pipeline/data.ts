/** @file What programs and checkpoints carry of a tokenizer that is no byte pairs of our own kind: the parts of its `tokenizer.json` that decide ids and text. */
import type { PipelineData } from "../tokenizer/tokenizer.ts";

export function pipelineData(value: Readonly<Record<string, unknown>>): PipelineData | undefined {
  return typeof value["definition"] === "string" ? { kind: "pipeline", definition: value["definition"] } : undefined;
}
