/** What people do wrong, and what the disk does to them: an exit code and a sentence, never a stack. */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { fixtures, llmc, workspace } from "./setup/run-llmc.ts";

interface Mistake {
  readonly what: string;
  readonly args: readonly string[];
  readonly code: 1 | 2;
  readonly says: string;
  readonly prepare?: (cwd: string) => void;
}

const edit =
  (from: string, to: string) =>
  (cwd: string): void => {
    const path = join(cwd, "tiny.llm");
    writeFileSync(path, readFileSync(path, "utf8").replace(from, to));
  };
const write =
  (name: string, content: string | Uint8Array) =>
  (cwd: string): void =>
    writeFileSync(join(cwd, name), content);
const train = (...more: readonly string[]): readonly string[] => ["train", "tiny.llm", "--device", "software", ...more];

const mistakes: readonly Mistake[] = [
  { what: "a misspelt command", args: ["trian"], code: 2, says: "did you mean `llmc train`?" },
  { what: "a misspelt option", args: ["train", "tiny.llm", "--stpes", "3"], code: 2, says: "did you mean `--steps`?" },
  { what: "a missing argument", args: ["check"], code: 2, says: "`llmc check` needs FILE" },
  {
    what: "an argument too many",
    args: ["check", "tiny.llm", "b.llm"],
    code: 2,
    says: "`b.llm` is one argument too many",
  },
  {
    what: "an option without its value",
    args: ["show", "tiny.llm", "--model"],
    code: 2,
    says: "`--model` needs a value",
  },
  { what: "no steps", args: train("--steps", "0"), code: 2, says: "needs a whole number of at least 1, not `0`" },
  { what: "half a seed", args: train("--seed", "1.5"), code: 2, says: "needs a whole number, not `1.5`" },
  {
    what: "an unknown stage",
    args: ["explain", "tiny.llm", "--stage", "cluster"],
    code: 2,
    says: "did you mean `clusters`?",
  },
  {
    what: "an unknown target",
    args: ["build", "tiny.llm", "--target", "cuda"],
    code: 2,
    says: "there is no target `cuda`, only webgpu, webgpu-software and cpu",
  },
  {
    what: "an unknown code",
    args: ["explain", "shape/axis-mismach"],
    code: 1,
    says: "did you mean `shape/axis-mismatch`?",
  },
  { what: "a file that is not there", args: ["check", "tny.llm"], code: 1, says: "there is no file tny.llm" },
  {
    what: "a folder for a file",
    args: ["check", "folder.llm"],
    code: 1,
    says: "folder.llm is a folder",
    prepare: (cwd) => mkdirSync(join(cwd, "folder.llm")),
  },
  {
    what: "a file that is not text",
    args: ["train", "bytes.llm"],
    code: 1,
    says: "bytes.llm is not UTF-8 text",
    prepare: write("bytes.llm", Uint8Array.of(0xff, 0xfe, 0x00)),
  },
  {
    what: "an empty file",
    args: ["train", "empty.llm"],
    code: 1,
    says: "empty.llm declares no model",
    prepare: write("empty.llm", ""),
  },
  {
    what: "a file cut in half",
    args: ["train", "tiny.llm"],
    code: 1,
    says: "is not closed",
    prepare: (cwd) => write("tiny.llm", readFileSync(join(cwd, "tiny.llm"), "utf8").slice(0, 620))(cwd),
  },
  {
    what: "a misspelt model",
    args: ["show", "tiny.llm", "--model", "LayerNrom"],
    code: 1,
    says: "did you mean `LayerNorm`?",
  },
  {
    what: "a model without training",
    args: ["train", "tiny.llm"],
    code: 1,
    says: "Tiny has no `train Tiny { … }`",
    prepare: (cwd) =>
      write("tiny.llm", readFileSync(join(cwd, "tiny.llm"), "utf8").replace(/^train [^]*?^}/m, ""))(cwd),
  },
  {
    what: "a misspelt metric",
    args: ["check", "tiny.llm"],
    code: 1,
    says: "write `bits_per_byte`",
    prepare: edit("bits_per_byte", "bits_per_bite"),
  },
  {
    what: "a corpus that is not there",
    args: train(),
    code: 1,
    says: "did you mean `emma.txt`?",
    prepare: edit("emma.txt", "ema.txt"),
  },
  {
    what: "a folder for a corpus",
    args: train(),
    code: 1,
    says: "is a folder, not a file",
    prepare: (cwd) => {
      mkdirSync(join(cwd, "texts"));
      edit("emma.txt", "texts")(cwd);
    },
  },
  {
    what: "an empty corpus",
    args: train(),
    code: 1,
    says: "error[data/empty]: `Emma` has no text",
    prepare: write("emma.txt", ""),
  },
  {
    what: "a corpus smaller than a batch",
    args: train(),
    code: 1,
    says: "error[data/too-small]",
    prepare: write("emma.txt", "Emma Woodhouse, handsome, clever, and rich"),
  },
  {
    what: "a corpus that is not text",
    args: train(),
    code: 1,
    says: "error[data/encoding]",
    prepare: write("emma.txt", Uint8Array.of(0x45, 0xff, 0x45)),
  },
  {
    what: "a prompt that the tokenizer cannot write",
    args: ["build", "tiny.llm"],
    code: 1,
    says: "error[data/character]",
    prepare: edit('prompt: "Emma"', 'prompt: "Émma"'),
  },
  {
    what: "more memory than declared",
    args: ["build", "tiny.llm"],
    code: 1,
    says: "more than its `memory:",
    prepare: edit("clip:      1", "memory: 16KiB"),
  },
  {
    what: "an unknown device",
    args: ["train", "tiny.llm", "--device", "gpu"],
    code: 1,
    says: "there is no device `gpu`",
  },
  {
    what: "an unknown adapter",
    args: ["train", "tiny.llm", "--adapter", "RTX"],
    code: 1,
    says: "there is no adapter `RTX`",
  },
  { what: "going on with nothing", args: train("--resume"), code: 1, says: "error[checkpoint/missing]" },
  {
    what: "text from a run that never was",
    args: ["generate", "runs/Tiny"],
    code: 1,
    says: "there is no run or checkpoint runs/Tiny",
  },
  {
    what: "text from a folder without a run",
    args: ["generate", "runs"],
    code: 1,
    says: "there is no checkpoint in runs",
    prepare: (cwd) => mkdirSync(join(cwd, "runs")),
  },
  { what: "text from a source", args: ["generate", "tiny.llm"], code: 2, says: "tiny.llm is a source" },
  {
    what: "more tokens than the text has",
    args: ["build", "tiny.llm"],
    code: 1,
    says: "help: declare `vocab: ",
    prepare: edit("tokenizer: characters", "tokenizer: bpe(vocab: 64Ki)"),
  },
  {
    what: "a tokenizer's file that is not there",
    args: ["check", "tiny.llm"],
    code: 1,
    says: "there is no file words.json",
    prepare: edit(
      "data Emma {\n  tokenizer: characters",
      'tokenizer Words { file: "words.json" }\n\ndata Emma {\n  tokenizer: Words',
    ),
  },
  {
    what: "a tokenizer's file of another family",
    args: ["tokenize", "words.json", "x"],
    code: 1,
    says: "UnicodeScripts",
    prepare: write(
      "words.json",
      '{ "model": { "type": "BPE", "vocab": { "a": 0 }, "merges": [] }, "pre_tokenizer": { "type": "UnicodeScripts" } }',
    ),
  },
  {
    what: "a tokenizer's file that is none",
    args: ["tokenize", "words.json", "x"],
    code: 1,
    says: "error[tokenizer/invalid]: words.json is no tokenizer: `model` is missing",
    prepare: write("words.json", "{}"),
  },
  {
    what: "a misspelt tokenizer",
    args: ["tokenize", "tiny.llm", "x", "--name", "Ema"],
    code: 1,
    says: "did you mean `Emma`?",
  },
  {
    what: "text that the tokenizer cannot write",
    args: ["tokenize", "tiny.llm", "Émma"],
    code: 1,
    says: "error[data/character]: the text has the character U+00C9",
  },
  {
    what: "ids that are none",
    args: ["tokenize", "tiny.llm", "--decode", "1 two"],
    code: 1,
    says: "error[tokenizer/token]: `two` is not the id of a token",
  },
  {
    what: "an id too high",
    args: ["tokenize", "tiny.llm", "--decode", "5000"],
    code: 1,
    says: "error[tokenizer/token]: there is no token 5000",
  },
  {
    what: "a file of characters",
    args: ["tokenize", "tiny.llm", "--save", "t.json"],
    code: 2,
    says: "only byte pairs (`bpe`) and what was read from a file have one",
  },
  {
    what: "a checkpoint that is none",
    args: ["generate", "run/checkpoints/step-00000001.safetensors", "--program", "run", "--trust"],
    code: 1,
    says: "error[program/invalid]",
    prepare: (cwd) => {
      mkdirSync(join(cwd, "run/checkpoints"), { recursive: true });
      write("run/checkpoints/step-00000001.safetensors", "no")(cwd);
      write("run/plan.json", "{}")(cwd);
    },
  },
  {
    what: "a file where the output goes",
    args: ["build", "tiny.llm", "--out", "emma.txt"],
    code: 1,
    says: "cannot write",
  },
  { what: "a file above where the output goes", args: train("--out", "emma.txt/run"), code: 1, says: "cannot write" },
];

describe("mistakes end in a sentence", () => {
  test.each(mistakes)("$what", async ({ args, code, says, prepare }) => {
    const cwd = workspace();
    prepare?.(cwd);
    const before = readdirSync(cwd).toSorted();
    const done = await llmc(args, { cwd });
    expect(done.stderr).toContain(says);
    expect(done.stderr).not.toMatch(/bug in llmc|\n {2,}at |internal:/);
    expect(done).toMatchObject({ code, stdout: "" });
    // What fails before it starts leaves nothing behind.
    expect(
      readdirSync(cwd)
        .filter((name) => name !== "runs")
        .toSorted(),
    ).toEqual(before.filter((name) => name !== "runs"));
  });
});

/** Mounts a file system at a folder, where the machine lets us. */
function mount(folder: string, options: string): boolean {
  mkdirSync(folder, { recursive: true });
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder], { stdio: "ignore" });
  } catch {
    return false;
  }
  onTestFinished(() => void execFileSync("umount", [folder]));
  return true;
}

function untidy(cwd: string): string {
  edit("budget:    12", "budget: 12")(cwd);
  return join(cwd, "tiny.llm");
}

describe("a file of the user's", () => {
  test("is replaced whole, through links, with its permissions", async () => {
    const cwd = workspace();
    const path = untidy(cwd);
    const formatted = readFileSync(join(fixtures, "tiny.llm"), "utf8");
    chmodSync(path, 0o640);
    symlinkSync("tiny.llm", join(cwd, "link.llm"));
    expect(await llmc(["fmt", "link.llm"], { cwd })).toMatchObject({ code: 0 });
    expect(lstatSync(join(cwd, "link.llm")).isSymbolicLink()).toBe(true);
    expect(readFileSync(path, "utf8")).toBe(formatted);
    expect(statSync(path).mode & 0o777).toBe(0o640);
  });

  test("that is marked as read-only, or is of another kind, is left as it is", async () => {
    const cwd = workspace();
    const path = untidy(cwd);
    const before = readFileSync(path, "utf8");
    chmodSync(path, 0o444);
    expect(await llmc(["fmt", "tiny.llm"], { cwd })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("permission denied"),
    });
    expect(await llmc(["data", "tiny.llm", "--report", "emma.txt"], { cwd })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("error[file/foreign]"),
    });
    expect(readFileSync(path, "utf8")).toBe(before);
    expect(readFileSync(join(cwd, "emma.txt"), "utf8")).toBe(readFileSync(join(fixtures, "emma.txt"), "utf8"));
  });

  test.each([["fmt"], ["check", "--fix"]])("survives a full disk: %s", async (...command) => {
    const cwd = workspace();
    const disk = join(cwd, "disk");
    if (!mount(disk, "size=8k")) return;
    const text = `${readFileSync(join(cwd, "tiny.llm"), "utf8").replace("budget:    12", "budget: 12").replace("2 }\n", "2 }\n  sede: 1\n")}\n`;
    writeFileSync(join(disk, "tiny.llm"), text);
    writeFileSync(join(disk, "rest"), new Uint8Array(4096));
    const done = await llmc([...command, "disk/tiny.llm"], { cwd });
    expect(done).toMatchObject({ code: 1 });
    expect(done.stderr).toContain("error[disk/full]");
    expect(readFileSync(join(disk, "tiny.llm"), "utf8")).toBe(text);
    expect(readdirSync(disk).toSorted()).toEqual(["rest", "tiny.llm"]);
  });
});

describe("the disk", () => {
  test("is full when a checkpoint is due: nothing half-written stays, and what to do is said", async ({ skip }) => {
    const cwd = workspace();
    const checkpoints = join(cwd, "run/checkpoints");
    if (!mount(checkpoints, "size=16k")) skip();
    const done = await llmc(train("--out", "run"), { cwd });
    expect(done.stderr).toMatch(
      /error\[disk\/full\]: the disk is full: .*step-00000006\.safetensors could not be written/,
    );
    expect(done.stderr).toContain("--resume");
    expect(done.code).toBe(1);
    expect(readdirSync(checkpoints)).toEqual([]);
  });

  test("cannot be written to", async ({ skip }) => {
    const cwd = workspace();
    const locked = join(cwd, "locked");
    if (!mount(locked, "size=16k,ro")) {
      chmodSync(locked, 0o555);
      if (process.getuid?.() === 0) skip();
    }
    const done = await llmc(["build", "tiny.llm", "--out", "locked/program"], { cwd });
    expect(done.stderr).toMatch(/cannot write .*locked\/program.*: (the folder cannot be made|permission denied)/);
    expect(done.code).toBe(1);
    expect(existsSync(join(locked, "program"))).toBe(false);
  });
});
