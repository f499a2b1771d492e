/** @file A conversation with a trained model: a line of the user, an answer of the model, and again. */
import type { Ending } from "../../runtime/generation/sample.ts";
import type { Tokenizer } from "../../runtime/data/tokenizer/tokenizer.ts";
import { RuntimeFailure, isFailure } from "../../runtime/util/failure.ts";
import type { Host } from "../frame/host.ts";
import type { ChatTemplate, Message } from "./chat-template.ts";
import type { OpenModel } from "./open-model.ts";
import type { Drawing } from "./options.ts";
import { decoded } from "./prompt.ts";
import { endTokenOf, noteLongPrompt, seedAfter, timingOf } from "./write-samples.ts";

export interface ChatRequest {
  readonly template: ChatTemplate;
  readonly system: string | undefined;
  readonly drawing: Drawing;
  readonly timing: boolean;
}

/** Answers every line until there are no more. Each answer has a seed of its own, counting up. Ctrl-C ends an answer, not the conversation. */
export async function chat(model: OpenModel, request: ChatRequest, host: Host): Promise<void> {
  const { onInterrupt } = await import("../../runtime/node/interrupt.ts");
  const { template, system, drawing } = request;
  const first: readonly Message[] = system === undefined ? [] : [{ role: "system", content: system }];
  let said: readonly Message[] = [];
  let answers = 0;
  const ask = (): void => {
    if (!host.piped) host.err("> ");
  };
  ask();
  for await (const bytes of host.lines()) {
    const line = decoded(bytes, "standard input");
    const problem = problemWith(line, model.tokenizer);
    if (problem !== undefined) host.err(`${problem}; the line is left out\n`);
    else if (line.trim() !== "") {
      const whole: readonly Message[] = [...said, { role: "user", content: line }];
      const { messages, tokens } = fitting(model, template, first, whole, drawing.length);
      if (messages.length < whole.length)
        host.err(`note: the context is full: the oldest ${whole.length - messages.length} messages are left out\n`);
      noteLongPrompt(tokens.length, model.session.plan.context, host);
      const interrupt = onInterrupt(() => undefined);
      try {
        const options = { ...drawing, seed: seedAfter(drawing.seed, answers++), interrupted: interrupt.requested };
        const { text, ending } = await answer(model, tokens, template, options, host);
        if (request.timing) host.err(timingOf(ending));
        said = [...messages, { role: "assistant", content: text.trim() }];
      } finally {
        interrupt.release();
      }
    }
    ask();
  }
  if (!host.piped) host.err("\n");
}

/** Why a line cannot be a message. The text of a special token would be one in the conversation: what somebody wrote is no command. */
function problemWith(line: string, tokenizer: Tokenizer): string | undefined {
  const special = [...tokenizer.specials.keys()].find((text) => text !== "" && line.includes(text));
  if (special !== undefined) return `\`${special}\` is a token of its own to the model, and not for messages`;
  try {
    tokenizer.encode(new TextEncoder().encode(line), "the line");
    return undefined;
  } catch (error) {
    if (isFailure(error)) return error.message;
    throw error;
  }
}

async function answer(
  { session, tokenizer }: OpenModel,
  tokens: readonly number[],
  template: ChatTemplate,
  options: Drawing & { readonly interrupted: () => boolean },
  host: Host,
): Promise<{ readonly text: string; readonly ending: Ending }> {
  const { continueTokens } = await import("../../runtime/generation/sample.ts");
  const endToken = endTokenOf(tokenizer);
  const drawn = continueTokens(session, tokenizer, tokens, {
    ...options,
    stop: [...options.stop, ...template.stops],
    ...(endToken === undefined ? {} : { endToken }),
  });
  let text = "";
  let next = await drawn.next();
  for (; next.done !== true; next = await drawn.next()) {
    host.out(next.value);
    text += next.value;
  }
  host.out("\n");
  return { text, ending: next.value };
}

/** The conversation as tokens, without its oldest exchanges where there would be no room for an answer; the system's message always stays. */
function fitting(
  model: OpenModel,
  template: ChatTemplate,
  first: readonly Message[],
  messages: readonly Message[],
  length: number,
): { readonly messages: readonly Message[]; readonly tokens: readonly number[] } {
  const { context } = model.session.plan;
  const text = new TextEncoder().encode(template.render([...first, ...messages], true));
  const tokens = Array.from(model.tokenizer.encode(text, "the conversation", true));
  if (tokens.length === 0)
    throw new RuntimeFailure(
      "data/empty",
      "the chat template makes no text of a message",
      "name another with --template",
    );
  const room = Math.min(length, context >> 1);
  return tokens.length + room > context && messages.length > 2
    ? fitting(model, template, first, messages.slice(2), length)
    : { messages, tokens };
}
