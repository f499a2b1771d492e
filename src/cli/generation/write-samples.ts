/** @file Samples that follow a prompt: as text while it is drawn, or as a line of JSON each. */
import type { Ending } from "../../runtime/generation/sample.ts";
import type { Tokenizer } from "../../runtime/data/tokenizer/tokenizer.ts";
import type { Host } from "../frame/host.ts";
import { plural } from "../frame/report.ts";
import { endOfText } from "../data/prepared-data.ts";
import type { OpenModel } from "./open-model.ts";
import type { Drawing } from "./options.ts";

export interface SampleRequest {
  readonly prompt: string;
  readonly drawing: Drawing;
  readonly samples: number;
  readonly json: boolean;
  readonly timing: boolean;
}

/** Seeds are 32 bits wide. */
export const seedAfter = (seed: number, samples: number): number => (seed + samples) % 2 ** 32;

/** Whether all were written: false after an interrupt, with which the text at hand ends. */
export async function writeSamples(model: OpenModel, request: SampleRequest, host: Host): Promise<boolean> {
  const { continueTokens, promptTokens } = await import("../../runtime/generation/sample.ts");
  const { onInterrupt } = await import("../../runtime/node/interrupt.ts");
  const { session, tokenizer } = model;
  const { prompt, drawing, samples, json } = request;
  const endToken = endTokenOf(tokenizer);
  const tokens = promptTokens(tokenizer, prompt, endToken);
  noteLongPrompt(tokens.length, session.plan.context, host);
  const interrupt = onInterrupt(() => undefined);
  try {
    for (let i = 0; i < samples; i++) {
      const seed = seedAfter(drawing.seed, i);
      if (!json && samples > 1) host.out(`${i === 0 ? "" : "\n"}--- sample ${i + 1} of ${samples}, seed ${seed} ---\n`);
      if (!json) host.out(prompt);
      const drawn = continueTokens(session, tokenizer, tokens, {
        ...drawing,
        seed,
        ...(endToken === undefined ? {} : { endToken }),
        interrupted: interrupt.requested,
      });
      let text = "";
      let next = await drawn.next();
      for (; next.done !== true; next = await drawn.next()) {
        if (!json) host.out(next.value);
        text += next.value;
      }
      host.out(json ? `${JSON.stringify(record(model, request, seed, text, next.value))}\n` : "\n");
      if (request.timing) host.err(timingOf(next.value));
      if (next.value.reason === "interrupted") return false;
    }
    return true;
  } finally {
    interrupt.release();
  }
}

/** The token that ends texts, if the tokenizer has one. */
export function endTokenOf({ specials }: Tokenizer): number | undefined {
  const special = endOfText([...specials.keys()]);
  return special === undefined ? undefined : specials.get(special);
}

/** Of a prompt that the context cannot hold, the end is read. */
export function noteLongPrompt(tokens: number, context: number, host: Host): void {
  const kept = Math.max(1, context >> 1);
  if (tokens > context)
    host.err(
      `note: the prompt has ${tokens} tokens, and the context holds ${context}: only its last ${kept} are read\n`,
    );
}

function record(
  { name, step, checkpoint }: OpenModel,
  { prompt, drawing, timing }: SampleRequest,
  seed: number,
  text: string,
  { reason, prompt: read, tokens, promptSeconds, textSeconds }: Ending,
): object {
  const { length, temperature, topK, topP, minP, repetitionPenalty, stop } = drawing;
  return {
    model: name,
    step,
    checkpoint,
    seed,
    prompt,
    text,
    stop_reason: reason,
    prompt_tokens: read.length,
    tokens,
    length,
    temperature,
    top_k: topK,
    top_p: topP,
    min_p: minP,
    repetition_penalty: repetitionPenalty,
    stop,
    ...(timing ? { prompt_seconds: promptSeconds, text_seconds: textSeconds } : {}),
  };
}

/** `prompt: 12 tokens in 0.031 s, 387 tokens/s`, and the same of the text. */
export function timingOf({ prompt, tokens, promptSeconds, textSeconds }: Ending): string {
  return speed("prompt", prompt.length, promptSeconds) + speed("text", tokens.length, textSeconds);
}

function speed(what: string, tokens: number, seconds: number): string {
  const rate = tokens / Math.max(seconds, 1e-6);
  return `${what}: ${plural(tokens, "token")} in ${seconds.toFixed(3)} s, ${rate.toFixed(0)} tokens/s\n`;
}
