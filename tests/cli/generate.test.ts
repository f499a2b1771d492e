/** `llmc generate` as a user types it: where prompts come from, where texts end, what is found, and what is refused before a model is opened. */
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { llmc, workspace, type Finished } from "./setup/run-llmc.ts";

interface Line {
  readonly seed: number;
  readonly prompt: string;
  readonly text: string;
  readonly tokens: readonly number[];
  readonly stop_reason: string;
}

const lines = ({ stdout }: Finished): readonly Line[] =>
  stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);

test("text goes on from an option, a file or a pipe, ends before a stop text, and comes in samples that each can be repeated alone", async () => {
  const cwd = workspace();
  const trained = await llmc(["train", "tiny.llm", "--device", "cpu", "--steps", "2"], { cwd });
  expect(trained).toMatchObject({ code: 0 });
  const generate = (args: readonly string[], input?: string): Promise<Finished> =>
    llmc(["generate", ...args, "--device", "cpu"], { cwd, ...(input === undefined ? {} : { input }) });

  const three = await generate(["runs/Tiny", "-p", "Emma", "-n", "24", "--samples", "3", "--json", "--timing"]);
  expect(three.stderr).toMatch(/prompt: 4 tokens in [\d.]+ s, \d+ tokens\/s\ntext: 24 tokens in /);
  expect(three.stderr).toContain("next: llmc generate runs/Tiny --seed 4");
  const [first, second, third] = lines(three);
  expect(lines(three).map((line) => [line.seed, line.prompt, line.stop_reason, line.tokens.length])).toEqual(
    [1, 2, 3].map((seed) => [seed, "Emma", "length", 24]),
  );
  expect(new Set([first?.text, second?.text, third?.text]).size).toBe(3);

  // The same text from a pipe, from the source's run, and from a file whose last line end does not count.
  writeFileSync(join(cwd, "start.txt"), "Emma\n");
  const expected = `Emma${second?.text}\n`;
  for (const [args, input] of [
    [["runs"], "Emma"],
    [["tiny.llm", "--prompt", "-"], "Emma\r\n"],
    [["runs/Tiny/checkpoints", "--prompt-file", "start.txt"], undefined],
    [["runs/Tiny/program", "--prompt", "Emma"], undefined],
  ] as const)
    expect(await generate([...args, "-n", "24", "--seed", "2"], input)).toMatchObject({ code: 0, stdout: expected });

  // A stop text of several tokens.
  const stop = second?.text.slice(9, 12) ?? "";
  const at = second?.text.indexOf(stop) ?? -1;
  const stopped = await generate(["runs/Tiny", "-p", "Emma", "--seed", "2", "--stop", "no such", "--stop", stop]);
  expect(stopped).toMatchObject({ code: 0, stdout: `Emma${second?.text.slice(0, at)}\n` });
  const greedy = await generate(["runs/Tiny", "-p", "Emma", "-n", "4", "-t", "0", "--samples", "2"]);
  expect(greedy.stdout).toMatch(/^--- sample 1 of 2, seed 1 ---\n(Emma[^]{4}\n)\n--- sample 2 of 2, seed 2 ---\n\1$/);

  const long = await generate(["runs/Tiny", "-n", "1"], "Emma Woodhouse, handsome");
  expect(long.stderr).toContain("note: the prompt has 24 tokens, and the context holds 16: only its last 8 are read");
  expect(await generate(["runs/Tiny", "--prompt", ""])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("the prompt is empty"),
  });

  expect((await generate(["runs/Tony"])).stderr).toContain("did you mean runs/Tiny?");
  mkdirSync(join(cwd, "old"));
  renameSync(join(cwd, "runs"), join(cwd, "old/runs"));
  expect((await generate(["Tiny"])).stderr).toContain("train first");
  const elsewhere = await llmc(["generate", "Tiny", "--device", "cpu"], { cwd: join(cwd, "old") });
  expect(elsewhere).toMatchObject({ code: 1, stderr: expect.stringContaining("did you mean runs/Tiny?") });
});

test("an option that cannot be is refused before anything is opened", async () => {
  const cwd = workspace();
  writeFileSync(join(cwd, "latin.txt"), Buffer.from([0x45, 0xe9]));
  for (const [args, code, says] of [
    [["--seed", "-1"], 2, "`--seed` needs a whole number, not `-1`"],
    [["--length", "0"], 2, "`--length` needs a whole number of at least 1, not `0`"],
    [["--temperature", "-1"], 2, "`--temperature` needs a number of at least 0, not `-1`"],
    [["--temperature", "nan"], 2, "`--temperature` needs a number of at least 0, not `nan`"],
    [["--top-p", "2"], 2, "`--top-p` needs a number above 0 and at most 1, not `2`"],
    [["--min-p", "-0.1"], 2, "`--min-p` needs a number of at least 0 and at most 1"],
    [["--repetition-penalty", "0"], 2, "`--repetition-penalty` needs a number above 0"],
    [["--stop", ""], 2, "`--stop` needs a text"],
    [["--sample", "2"], 2, "did you mean `--samples`?"],
    [["--prompt", "a", "--prompt-file", "emma.txt"], 2, "both give the prompt"],
    [["--prompt-file", "ema.txt"], 1, "did you mean emma.txt?"],
    [["--prompt-file", "."], 1, ". is a folder"],
    [["--prompt-file", "latin.txt"], 1, "the prompt in latin.txt is not UTF-8: byte 0xe9 at offset 1"],
  ] as const) {
    const { code: ended, stdout, stderr } = await llmc(["generate", "runs/None", ...args], { cwd });
    expect([ended, stdout]).toEqual([code, ""]);
    expect(stderr).toContain(says);
  }
});
