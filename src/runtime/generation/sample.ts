/**
 * @file Text from a model: all of the prompt but its last token goes through the program `prefill`, many tokens at a time, which keeps keys and values; the last one and then each that is drawn through `decode`.
 * A model whose `decode` takes the whole context is given all tokens so far, each time. When the context is full its last half is fed again from position 0, so that text can go on without end.
 */
import type { Tokenizer } from "../data/tokenizer/tokenizer.ts";
import { encodeText } from "../data/tokens.ts";
import type { Session } from "../session/device.ts";
import { RuntimeFailure } from "../util/failure.ts";
import type { Plan, ProgramName } from "../../abi/plan.ts";
import { openContext } from "./context.ts";
import type { PickOptions } from "./pick.ts";
import { Picker } from "./pick.ts";
import { RepetitionPenalty } from "./repetition.ts";
import { StopMatcher } from "./stop.ts";
import { streamOf, uniform } from "../../abi/random.ts";

export interface SampleOptions extends PickOptions {
  readonly prompt: string;
  /** Tokens to draw at most. */
  readonly length: number;
  readonly seed: number;
  /** Logits of tokens that the prompt or the text has are divided by it where positive, else multiplied: above 1 repeats less. */
  readonly repetitionPenalty?: number;
  /** Texts that end the sample. Nothing of them is given. */
  readonly stop?: readonly string[];
  /** A token that ends the sample, and is not shown. */
  readonly endToken?: number;
  /** Asked before each token: whether to end here. */
  readonly interrupted?: () => boolean;
}

/** Why a text ended: it has all its tokens, a stop text, the token that ends texts, or somebody interrupted it. */
export type StopReason = "length" | "stop" | "end" | "interrupted";

export interface Ending {
  readonly reason: StopReason;
  readonly prompt: readonly number[];
  /** All that were drawn, those of a stop text and the end token included. */
  readonly tokens: readonly number[];
  /** Until the first logits were there, and from then on. */
  readonly promptSeconds: number;
  readonly textSeconds: number;
}

const stream = streamOf("sample");

/** What is run to write text; fails where the compiler found that none can be. */
export function textPrograms({ model, generation, programs }: Plan): readonly ProgramName[] {
  if (generation?.kind === "refused") {
    throw new RuntimeFailure(
      "sample/refused",
      `no text can be generated from \`${model}\`: ${generation.reason}`,
      "text is drawn token by token, so it needs an architecture whose logits depend on earlier tokens only",
    );
  }
  return programs.prefill ? ["decode", "prefill"] : ["decode"];
}

/** The tokens of a prompt. An empty one becomes the token that ends texts, behind which a text begins; fails where there is none. */
export function promptTokens(tokenizer: Tokenizer, prompt: string, endToken: number | undefined): readonly number[] {
  if (prompt !== "" || endToken === undefined) return Array.from(encodeText(tokenizer, prompt, "the prompt"));
  return [endToken];
}

/** The text that follows the prompt, in pieces as it is drawn, and how it ended. Equal seeds give equal text. */
export function sample(session: Session, tokenizer: Tokenizer, options: SampleOptions): AsyncGenerator<string, Ending> {
  return continueTokens(session, tokenizer, promptTokens(tokenizer, options.prompt, options.endToken), options);
}

/** `sample` where the prompt is tokens already. */
export async function* continueTokens(
  session: Session,
  tokenizer: Tokenizer,
  prompt: readonly number[],
  options: Omit<SampleOptions, "prompt">,
): AsyncGenerator<string, Ending> {
  if (prompt.length === 0)
    throw new RuntimeFailure("sample/options", "the prompt is empty", "give at least one character to start from");
  textPrograms(session.plan);
  const picker = new Picker(Math.min(tokenizer.vocabulary, session.plan.vocabulary), options);
  const penalty = new RepetitionPenalty(options.repetitionPenalty ?? 1, prompt);
  const stops = new StopMatcher(options.stop ?? []);
  const context = openContext(session, options.seed);
  const decoder = tokenizer.decoder();
  const tokens: number[] = [];
  const began = performance.now();
  let logits = await context.feed(prompt);
  const ready = performance.now();
  const ending = (reason: StopReason): Ending => ({
    reason,
    prompt,
    tokens,
    promptSeconds: (ready - began) / 1000,
    textSeconds: (performance.now() - ready) / 1000,
  });
  for (let i = 0; i < options.length; i++) {
    if (options.interrupted?.() === true) {
      yield stops.push(decoder.end()) + stops.end();
      return ending("interrupted");
    }
    const token = picker.pick(penalty.apply(logits), uniform(options.seed, i, stream, 0));
    tokens.push(token);
    if (token === options.endToken) {
      yield stops.push(decoder.end()) + stops.end();
      return ending("end");
    }
    yield stops.push(decoder.push(token));
    if (stops.stopped) return ending("stop");
    penalty.saw(token);
    if (i + 1 < options.length) logits = await context.feed([token]);
  }
  yield stops.push(decoder.end()) + stops.end();
  return ending("length");
}

/** `sample` in one piece. */
export async function sampleText(session: Session, tokenizer: Tokenizer, options: SampleOptions): Promise<string> {
  let text = "";
  for await (const piece of sample(session, tokenizer, options)) text += piece;
  return text;
}
