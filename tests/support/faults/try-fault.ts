/**
 * @file Commands whose every change of the disk is made to fail, or to be the last before the process is killed: nothing of the user's may be lost, no failure may look like a
 * bug, and the next command must come to the bytes of one that nothing happened to.
 */
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Tests and scripts run in the root of the repository; a script is bundled, so that its own place says nothing. */
const root = process.cwd();

/** A full disk, a quota, an error of the device, an end in the middle. */
export const faultCodes = ["ENOSPC", "EDQUOT", "EIO", "KILL"] as const;
export type FaultCode = (typeof faultCodes)[number];

interface Scenario {
  readonly name: string;
  /** Commands that come before. */
  readonly before: readonly (readonly string[])[];
  /** Changes files by hand after that. */
  readonly edit?: (cwd: string) => void;
  readonly command: readonly string[];
  /** The command that must come right afterwards. */
  readonly next: (cwd: string) => readonly string[];
  /** What it must come to: files and folders. */
  readonly result: readonly string[];
  /** Files that the command is asked to change: they are as before, or as they should become. */
  readonly changes?: readonly string[];
}

const spec = (cwd: string, change: (text: string) => string): void =>
  writeFileSync(join(cwd, "tiny.llm"), change(readFileSync(join(cwd, "tiny.llm"), "utf8")));
const trainFor = (steps: number): readonly string[] => [
  "train",
  "tiny.llm",
  "--device",
  "cpu",
  "--steps",
  String(steps),
];
const train = trainFor(4);
const resumed = (cwd: string): readonly string[] => {
  const folder = join(cwd, "runs/Tiny/checkpoints");
  return existsSync(folder) && readdirSync(folder).some((file) => file.endsWith(".safetensors"))
    ? [...train, "--resume"]
    : train;
};
const trained = ["runs/Tiny/checkpoints/step-00000004.safetensors", "runs/Tiny/program"];
const same = (command: readonly string[]) => () => command;
const build = ["build", "tiny.llm", "--out", "out"];
const fixed = ["check", "--fix", "tiny.llm"];
const save = ["tokenize", "words.llm", "--save", "words.json"];
const curate = ["data", "curated.llm", "--report", "report.html"];
const generate = ["generate", "runs/Tiny", "--prompt", "Emma", "--length", "4"];

export const scenarios: readonly Scenario[] = [
  {
    name: "train",
    before: [train],
    edit: (cwd) => rmSync(join(cwd, "runs"), { recursive: true }),
    command: train,
    next: resumed,
    result: trained,
  },
  {
    name: "train --resume",
    before: [trainFor(2)],
    edit: (cwd) => spec(cwd, (text) => text.replace("every: 1 steps", "every: 2 steps")),
    command: [...train, "--resume"],
    next: resumed,
    result: trained,
  },
  { name: "build", before: [[...build, "--model", "LayerNorm"]], command: build, next: same(build), result: ["out"] },
  {
    name: "fmt",
    before: [],
    edit: (cwd) => spec(cwd, (text) => text.replace("budget:    12", "budget: 12")),
    command: ["fmt", "tiny.llm"],
    next: same(["fmt", "tiny.llm"]),
    result: ["tiny.llm"],
    changes: ["tiny.llm"],
  },
  {
    name: "check --fix",
    before: [],
    edit: (cwd) => spec(cwd, (text) => text.replace("clip: ", "clpi: ")),
    command: fixed,
    next: same(fixed),
    result: ["tiny.llm"],
    changes: ["tiny.llm"],
  },
  { name: "tokenize --save", before: [], command: save, next: same(save), result: ["words.json"] },
  { name: "data --report", before: [], command: curate, next: same(curate), result: ["report.html"] },
  { name: "generate", before: [train], command: generate, next: same(generate), result: ["runs"] },
];

const words = `data Words {
  tokenizer: bpe(vocab: 300)
  source emma { files: "emma.txt" }
}
`;

const curated = `data Curated {
  tokenizer: bytes
  source emma { files: "emma.txt", separator: "\\n\\n" }
  curate: [exact_duplicates]
}
`;

export interface Prepared {
  readonly scenario: Scenario;
  readonly folder: string;
  /** Operations of the command that change the disk. */
  readonly operations: number;
  /** What the results should be, by path. */
  readonly expected: ReadonlyMap<string, string>;
}

interface Done {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
  readonly stdout: string;
}

function llmc(args: readonly string[], cwd: string, fault?: object): Done {
  const { NODE_OPTIONS: _, FORCE_COLOR: __, ...inherited } = process.env;
  const shim = fault === undefined ? [] : ["--import", join(root, "tests/support/faults/shim.mjs")];
  const env = {
    ...inherited,
    NO_COLOR: "1",
    LLMC_THREADS: "1",
    XDG_CACHE_HOME: join(cwd, "cache"),
    ...(fault && { LLMC_FAULT: JSON.stringify(fault) }),
  };
  const { status, signal, stderr, stdout } = spawnSync(
    process.execPath,
    [...shim, join(root, "dist/llmc.js"), ...args],
    { cwd, env, encoding: "utf8" },
  );
  return { status, signal, stderr, stdout };
}

function must(args: readonly string[], cwd: string, fault?: object): void {
  const { status, stderr } = llmc(args, cwd, fault);
  if (status !== 0) throw new Error(`llmc ${args.join(" ")}: exit ${status}\n${stderr}`);
}

/** Makes the folder in which the command is given, and counts what it does there. */
export function prepare(scenario: Scenario): Prepared {
  const folder = mkdtempSync(join(tmpdir(), "llmc-fault-"));
  cpSync(join(root, "tests/fixtures/cli"), folder, { recursive: true });
  spec(folder, (text) => text.replace(/eval Tiny \{[^]*?^\}/m, "").replace("every: 6 steps", "every: 1 steps"));
  writeFileSync(join(folder, "words.llm"), words);
  writeFileSync(join(folder, "curated.llm"), curated);
  for (const command of scenario.before) must(command, folder);
  scenario.edit?.(folder);
  const copy = copyOf(folder);
  const counted = join(copy, "..", `${Math.random()}`.slice(2));
  try {
    must(scenario.command, copy, { root: copy, counted });
    return {
      scenario,
      folder,
      operations: Number(readFileSync(counted, "utf8")),
      expected: filesAt(copy, scenario.result),
    };
  } finally {
    rmSync(copy, { recursive: true });
    rmSync(counted, { force: true });
  }
}

function copyOf(folder: string): string {
  const parent = mkdtempSync(join(tmpdir(), "llmc-fault-"));
  // Of the same name: it shows in what the program prints into its files.
  const copy = join(parent, "work");
  mkdirSync(copy);
  cpSync(folder, copy, { recursive: true, preserveTimestamps: true });
  return copy;
}

/** Contents by path. What says when and where it was made is left out. */
function filesAt(cwd: string, paths: readonly string[]): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const path of paths) {
    const at = join(cwd, path);
    const kind = statSync(at, { throwIfNoEntry: false });
    const found =
      kind === undefined
        ? []
        : kind.isFile()
          ? [at]
          : readdirSync(at, { recursive: true, withFileTypes: true })
              .filter((entry) => entry.isFile())
              .map((entry) => join(entry.parentPath, entry.name));
    for (const file of found)
      if (!file.endsWith("log.jsonl")) files.set(file.slice(cwd.length + 1), readFileSync(file, "latin1"));
  }
  return files;
}

/** What went wrong when the operation of this number failed so; nothing if all was right. */
export function tryFault({ scenario, folder, expected }: Prepared, at: number, code: FaultCode): string | undefined {
  const cwd = copyOf(folder);
  try {
    const before = usersFiles(cwd);
    const done = llmc(scenario.command, cwd, { root: cwd, at, code });
    const shown = `llmc ${scenario.command.join(" ")}: ${code} at ${at}: exit ${done.status ?? done.signal}\n${done.stderr}`;
    if (code === "KILL" ? done.signal !== "SIGKILL" && done.status !== 0 : done.status !== 0 && done.status !== 1)
      return `${shown}is no exit code of a disk that fails`;
    for (const [path, content] of before) {
      const now = existsSync(join(cwd, path)) ? readFileSync(join(cwd, path), "latin1") : undefined;
      if (now !== content && !(scenario.changes?.includes(path) === true && now === expected.get(path)))
        return `${shown}${path} is ${now === undefined ? "gone" : "changed"}`;
    }
    const next = llmc(scenario.next(cwd), cwd);
    if (next.status !== 0)
      return `${shown}and then llmc ${scenario.next(cwd).join(" ")}: exit ${next.status}\n${next.stderr}`;
    const results = filesAt(cwd, scenario.result);
    for (const path of new Set([...expected.keys(), ...results.keys()]))
      if (results.get(path) !== expected.get(path))
        return `${shown}and then ${path} is ${results.has(path) ? "another" : "missing"}`;
    return undefined;
  } finally {
    rmSync(join(cwd, ".."), { recursive: true });
  }
}

/** What people wrote. */
function usersFiles(cwd: string): ReadonlyMap<string, string> {
  const names = readdirSync(cwd, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name);
  return new Map(names.map((name) => [name, readFileSync(join(cwd, name), "latin1")]));
}
