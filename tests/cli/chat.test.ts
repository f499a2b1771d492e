/** Chat templates of others, and a conversation through the command. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openChatTemplate } from "../../src/cli/generation/chat-template.ts";
import { llmc, workspace } from "./setup/run-llmc.ts";

const chatml =
  "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>' + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

function templateOf(text: string, name = "chat.jinja") {
  const folder = mkdtempSync(join(tmpdir(), "llmc-chat-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, name), text);
  return openChatTemplate(name, folder);
}

test("a template is read from Jinja and from a tokenizer's configuration, and tells what ends an answer", () => {
  const plain = templateOf(chatml);
  expect(plain.stops).toEqual(["<|im_end|>"]);
  expect(plain.render([{ role: "user", content: "{{ 1 }}" }], true)).toBe(
    "<|im_start|>user\n{{ 1 }}<|im_end|>\n<|im_start|>assistant\n",
  );
  const templates = [
    { name: "tool_use", template: "no" },
    { name: "default", template: chatml },
  ];
  const config = { chat_template: templates, eos_token: { content: "</s>" } };
  expect(templateOf(JSON.stringify(config), "tokenizer_config.json").stops).toEqual(["</s>", "<|im_end|>"]);
  expect(templateOf("{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}").stops).toEqual(["\nuser:"]);
});

/** What a template makes of a message, or why it makes nothing. */
function outcome(text: string): string {
  try {
    return templateOf(text).render([{ role: "user", content: "hi" }], true);
  } catch (error) {
    return (error as Error).message;
  }
}

test("a template reaches no object of the process and ends", () => {
  expect(outcome("{{ messages.constructor }}{{ messages[0].__proto__ }}.")).toBe(".");
  expect(outcome("{{ ''.constructor.constructor('return process')() }}")).toContain("chat.jinja fails");
  expect(outcome("{{ raise_exception('system is not known') }}")).toContain("fails: system is not known");
  expect(outcome("{{ x")).toContain("chat.jinja fails");
  expect(outcome("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}")).toBe(
    "the chat template chat.jinja does not end",
  );
});

test("a piped conversation has an answer for each line, forgets the oldest when the context is full, and needs a template", async () => {
  const cwd = workspace();
  writeFileSync(join(cwd, "tiny.llm"), readFileSync(join(cwd, "tiny.llm"), "utf8").replace("T = 16", "T = 64"));
  writeFileSync(join(cwd, "chat.jinja"), "{% for m in messages %}{{ m.content }}\n{% endfor %}");
  expect(await llmc(["train", "tiny.llm", "--device", "cpu", "--steps", "2"], { cwd })).toMatchObject({ code: 0 });
  const chat = ["generate", "runs/Tiny", "--chat", "--device", "cpu", "-n", "16"];
  const talk = await llmc([...chat, "--template", "chat.jinja", "--timing"], {
    cwd,
    input: "Emma Emma Emma Emma\n\nEmma 😀\nEmma Emma Emma\nEmma Emma Emma",
  });
  expect(talk.code).toBe(0);
  // Three answers; the empty line and the one that the tokenizer cannot write have none.
  expect(talk.stderr.match(/^text: /gm)).toHaveLength(3);
  expect(talk.stderr).toContain("the vocabulary lacks; the line is left out");
  expect(talk.stderr).toMatch(/note: the context is full: the oldest \d messages are left out/);
  expect(talk.stderr).not.toContain("> ");
  expect(await llmc(chat, { cwd })).toMatchObject({
    code: 2,
    stdout: "",
    stderr: expect.stringContaining("name it with --template FILE"),
  });
  expect((await llmc([...chat, "--prompt", "x"], { cwd })).stderr).toContain("`--prompt` does not go with `--chat`");
});
