/** Tokenizers from the command line: trained once, saved, and the same in a run; text to tokens and back. */
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { llmc, transcript, workspace, type Finished } from "./setup/run-llmc.ts";

const settings = 'vocab: 300, pattern: gpt4, specials: ["<|endoftext|>"]';

/** A workspace whose model reads byte pairs, and a cache of its own. */
function bytePairs(): {
  readonly cwd: string;
  readonly run: (args: readonly string[], input?: string) => Promise<Finished>;
} {
  const cwd = workspace();
  const source = readFileSync(join(cwd, "tiny.llm"), "utf8");
  writeFileSync(
    join(cwd, "tiny.llm"),
    source
      .replace("tokenizer: characters", "tokenizer: Words")
      .replace("data Emma", `tokenizer Words { ${settings}, from: Emma }\n\ndata Emma`),
  );
  return {
    cwd,
    run: (args, input) =>
      llmc(args, { cwd, env: { XDG_CACHE_HOME: join(cwd, "cache") }, ...(input === undefined ? {} : { input }) }),
  };
}

test("a tokenizer is trained when it is needed, once, and text becomes the same tokens by the source, by its file and by a run", async () => {
  const { cwd, run } = bytePairs();
  for (const args of [
    ["check", "tiny.llm"],
    ["show", "tiny.llm"],
  ])
    expect(await run(args)).toMatchObject({ code: 0, stderr: expect.not.stringContaining("training the tokenizer") });
  expect((await run(["show", "tiny.llm", "--json"])).stdout).toContain('"V": 300');

  const args = ["tokenize", "tiny.llm", "Emma, 1815 — naïve"];
  const first = await run(args);
  await expect(transcript(args, cwd, first)).toMatchFileSnapshot("golden/tokenize.txt");
  const trained = await run(["train", "tiny.llm", "--device", "software", "--steps", "2"]);
  expect(trained.stderr).not.toContain("training the tokenizer");
  expect(trained).toMatchObject({ code: 0 });
  expect(readdirSync(join(cwd, "cache/llmc/tokenizers"))).toHaveLength(1);

  expect((await run(["tokenize", "tiny.llm", "--save", "words.json"])).stderr).toContain("wrote words.json");
  for (const of of ["words.json", "runs/Tiny"])
    expect((await run(["tokenize", of, "Emma, 1815 — naïve"])).stdout).toBe(first.stdout);
  expect((await run(["tokenize", "words.json", "--decode"], first.stdout)).stdout).toBe("Emma, 1815 — naïve");

  writeFileSync(
    join(cwd, "tiny.llm"),
    readFileSync(join(cwd, "tiny.llm"), "utf8").replace(`${settings}, from: Emma`, 'file: "words.json"'),
  );
  expect(await run(["check", "tiny.llm"])).toMatchObject({ code: 0 });
  expect((await run(["show", "tiny.llm", "--json"])).stdout).toContain('"V": 300');
  expect((await run(["tokenize", "tiny.llm", "Emma, 1815 — naïve"])).stdout).toBe(first.stdout);
});

test("special tokens come from text only when they are asked for, and JSON tells every token", async () => {
  const { run } = bytePairs();
  const ids = async (...more: readonly string[]): Promise<readonly number[]> => {
    const { stdout } = await run(["tokenize", "tiny.llm", "a<|endoftext|>", "--json", ...more]);
    const { vocabulary, tokens } = JSON.parse(stdout) as {
      vocabulary: number;
      tokens: readonly { id: number; text: string; bytes: readonly number[] }[];
    };
    expect(vocabulary).toBe(300);
    expect(tokens.map((t) => t.text).join("")).toBe("a<|endoftext|>");
    expect(Buffer.from(tokens.flatMap((t) => t.bytes)).toString()).toBe("a<|endoftext|>");
    return tokens.map((t) => t.id);
  };
  expect(await ids()).not.toContain(0);
  expect((await ids("--special")).slice(1)).toEqual([0]);
});
