/** @file The options of `llmc generate` that say how text is drawn: their description, and what the runtime takes of them. */
import type { PickOptions } from "../../runtime/generation/pick.ts";
import { RuntimeFailure } from "../../runtime/util/failure.ts";
import type { Input, OptionSpec } from "../frame/command.ts";

export const drawingOptions = {
  length: { type: "count", min: 1, short: "n", value: "N", help: "tokens to write at most; default: 256" },
  stop: { type: "string", value: "TEXT", help: "end before this text; may be repeated" },
  temperature: {
    type: "number",
    min: 0,
    short: "t",
    value: "X",
    help: "below 1 safer, above 1 wilder, 0 always the likeliest; default: 0.8",
  },
  "top-k": { type: "count", min: 1, value: "K", help: "draw from the K likeliest tokens only" },
  "top-p": {
    type: "number",
    above: 0,
    max: 1,
    value: "P",
    help: "draw from the likeliest tokens that together have this probability",
  },
  "min-p": {
    type: "number",
    min: 0,
    max: 1,
    value: "P",
    help: "draw from tokens at least this share as likely as the likeliest",
  },
  "repetition-penalty": {
    type: "number",
    above: 0,
    value: "X",
    help: "above 1 makes tokens of the prompt and the text less likely; default: 1",
  },
  seed: { type: "count", value: "N", help: "equal seeds give equal text; default: 1" },
} as const satisfies Readonly<Record<string, OptionSpec>>;

export interface Drawing extends PickOptions {
  readonly length: number;
  readonly stop: readonly string[];
  readonly repetitionPenalty: number;
  readonly seed: number;
}

export function drawingOf(input: Input): Drawing {
  const [topK, topP, minP] = [input.number("top-k"), input.number("top-p"), input.number("min-p")];
  const stop = input.texts("stop");
  if (stop.includes(""))
    throw new RuntimeFailure("usage", "`--stop` needs a text, not an empty one", "leave it out to stop at no text");
  return {
    length: input.number("length") ?? 256,
    stop,
    temperature: input.number("temperature") ?? 0.8,
    ...(topK === undefined ? {} : { topK }),
    ...(topP === undefined ? {} : { topP }),
    ...(minP === undefined ? {} : { minP }),
    repetitionPenalty: input.number("repetition-penalty") ?? 1,
    seed: input.number("seed") ?? 1,
  };
}
