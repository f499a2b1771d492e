/**
 * @file Chat templates of others: Jinja, in a file of its own or in a `tokenizer_config.json`. They are interpreted, never compiled: they see the messages and the
 * names of two tokens, reach no object of this process, and end after a second.
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { runInNewContext } from "node:vm";
import { Template } from "@huggingface/jinja";
import { RuntimeFailure, messageOf } from "../../runtime/util/failure.ts";
import { decoded } from "./prompt.ts";

export interface Message {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

export interface ChatTemplate {
  /** The text of a conversation; with `answer`, up to where the model's answer begins. */
  render(messages: readonly Message[], answer: boolean): string;
  /** Texts that end an answer: the tokenizer's end of text, and what the template puts behind an answer. */
  readonly stops: readonly string[];
}

/** How long a template may take, in milliseconds; those of models take a few. */
const patience = 1000;

/** Reads a template and tries it; fails where it is none or has a mistake. */
export function openChatTemplate(path: string, cwd: string): ChatTemplate {
  const text = readTemplate(resolve(cwd, path), path);
  const { source, bos, eos } = path.endsWith(".json") ? ofConfig(text, path) : { source: text, bos: "", eos: "" };
  const template = within(path, () => new Template(source));
  const render: ChatTemplate["render"] = (messages, answer) =>
    within(path, () => template.render({ messages, add_generation_prompt: answer, bos_token: bos, eos_token: eos }));
  return { render, stops: [...new Set([eos, behindAnswer(render)])].filter((stop) => stop !== "") };
}

function readTemplate(path: string, given: string): string {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new RuntimeFailure("data/missing", `cannot read the chat template ${given}: ${messageOf(error)}`);
  }
  return decoded(bytes, given);
}

interface Configured {
  readonly source: string;
  readonly bos: string;
  readonly eos: string;
}

/** What a `tokenizer_config.json` says of chats. Of several templates, the one named `default` is for chats without tools. */
function ofConfig(text: string, path: string): Configured {
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch (error) {
    throw new RuntimeFailure("data/damaged", `${path} is not JSON: ${messageOf(error)}`);
  }
  const { chat_template: template, bos_token: bos, eos_token: eos } = fields(config);
  const source = Array.isArray(template)
    ? fields(template.find((entry: unknown) => fields(entry)["name"] === "default"))["template"]
    : template;
  if (typeof source !== "string")
    throw new RuntimeFailure("data/field", `${path} has no \`chat_template\``, "name a Jinja template with --template");
  return { source, bos: tokenText(bos), eos: tokenText(eos) };
}

const fields = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? { ...value } : {};

/** A token is its text, or an object with it. */
function tokenText(token: unknown): string {
  const text = typeof token === "string" ? token : fields(token)["content"];
  return typeof text === "string" ? text : "";
}

/** Does what a template asks for, for a limited time. Node interrupts only what runs in a context; what runs there is not the template's text. */
function within<T>(path: string, work: () => T): T {
  try {
    return runInNewContext("work()", { work }, { timeout: patience }) as T;
  } catch (error) {
    // An error of the other context is no `Error` of this one.
    const late = fields(error)["code"] === "ERR_SCRIPT_EXECUTION_TIMEOUT";
    throw new RuntimeFailure(
      "data/damaged",
      late ? `the chat template ${path} does not end` : `the chat template ${path} fails: ${messageOf(error)}`,
      "templates are Jinja as Hugging Face's tokenizers have it in `chat_template`",
    );
  }
}

/** What stands between an answer and the next question, up to its first line end that follows something. */
function behindAnswer(render: ChatTemplate["render"]): string {
  const [answer, question] = ["AnswerOfTheModel", "QuestionOfTheUser"];
  const text = render(
    [
      { role: "user", content: "?" },
      { role: "assistant", content: answer },
      { role: "user", content: question },
    ],
    false,
  );
  const [from, to] = [text.indexOf(answer), text.indexOf(question)];
  if (from < 0 || to < from) return "";
  return /^\s*[^\n]*/.exec(text.slice(from + answer.length, to))?.[0].trimEnd() ?? "";
}
