/** @file A generated program as a command: its options, its exit code, and failures as a sentence each. */
import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { RuntimeFailure, isFailure, messageOf, renderFailure } from "../util/failure.ts";
import { didYouMean } from "../util/nearest.ts";
import { terminalText } from "../util/terminal-text.ts";
import type { RunResult } from "../training/train.ts";
import { deviceNames } from "./device.ts";
import type { RunOptions } from "./run.ts";

const optionSpecs = {
  device: { type: "string" },
  adapter: { type: "string" },
  out: { type: "string" },
  seed: { type: "string" },
  steps: { type: "string" },
  resume: { type: "boolean" },
  from: { type: "string" },
  fresh: { type: "boolean" },
  force: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

const help = `options:
  --device=NAME   ${deviceNames.join(", ")}
  --adapter=NAME  one of several adapters, by its driver's name
  --out=FOLDER    where the log and the checkpoints go
  --seed=N        seed of the initial values, the data order and dropout
  --steps=N       steps to train; the schedule spans them
  --resume        go on from the newest checkpoint
  --from=FILE     go on from this checkpoint
  --fresh         remove the checkpoints of an earlier run and start over
  --force=NAMES   go on although these have changed since the checkpoint: as the refusal names them, with commas
`;

/** Runs `train` when the program was started by itself, not imported: `await runMain(import.meta.url, train)`. */
export async function runMain(moduleUrl: string, train: (options: RunOptions) => Promise<RunResult>): Promise<void> {
  const entry = process.argv[1];
  if (entry === undefined || realpathSync(entry) !== realpathSync(fileURLToPath(moduleUrl))) return;
  try {
    const options = readOptions(process.argv.slice(2));
    if (options === undefined) {
      process.stdout.write(help);
      return;
    }
    const result = await train(options);
    process.exitCode = result.status === "interrupted" ? 130 : 0;
  } catch (error) {
    if (!isFailure(error)) throw error;
    process.stderr.write(terminalText(`${renderFailure(error)}\n`));
    process.exitCode = error.code === "usage" ? 2 : 1;
  }
}

/** `undefined` when help was asked for. */
export function readOptions(args: readonly string[]): RunOptions | undefined {
  const values = parse(args);
  if (values.help === true) return undefined;
  const seed = whole("seed", values.seed);
  const steps = whole("steps", values.steps);
  const resume = values.from ?? values.resume;
  return {
    ...(values.device === undefined ? {} : { device: values.device }),
    ...(values.adapter === undefined ? {} : { adapter: values.adapter }),
    ...(values.out === undefined ? {} : { out: values.out }),
    ...(seed === undefined ? {} : { seed }),
    ...(steps === undefined ? {} : { steps }),
    ...(resume === undefined ? {} : { resume }),
    ...(values.fresh === undefined ? {} : { fresh: values.fresh }),
    ...(values.force === undefined ? {} : { force: values.force.split(",").map((name) => name.trim()) }),
  };
}

function whole(name: "seed" | "steps", text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value >= 2 ** 32)
    throw new RuntimeFailure("usage", `--${name}=${text} is not a whole number`);
  return value;
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: optionSpecs, allowPositionals: false }).values;
  } catch (error) {
    const unknown = /Unknown option '-*([^']*)'/.exec(messageOf(error))?.[1];
    if (unknown === undefined) throw new RuntimeFailure("usage", messageOf(error).split(". ")[0] ?? "", "see --help");
    const known = Object.keys(optionSpecs).map((name) => `--${name}`);
    throw new RuntimeFailure("usage", `there is no option --${unknown}`, didYouMean(`--${unknown}`, known));
  }
}
