/** @file PyTorch as a contender: baseline.py in a process of its own, which answers each request with the seconds of its steps. */
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Entry } from "./measure.ts";
import type { Sizes, Workload } from "./workloads.ts";

export interface PyTorchOptions {
  readonly dtype: "float32" | "bfloat16";
  readonly compile: boolean;
}

interface Ready {
  readonly absent?: string;
  readonly version?: string;
  readonly parameters?: number;
}

/** `LLMC_BENCH_PYTHON`, or what the path has. */
const python = process.env["LLMC_BENCH_PYTHON"] ?? "python3";

/** Its number of parameters has to be the given one: it is the same model. */
export async function pytorchTraining(
  root: string,
  { family, batch }: Workload,
  sizes: Sizes,
  parameters: number,
  { dtype, compile }: PyTorchOptions,
): Promise<Entry> {
  const name = `PyTorch ${dtype === "float32" ? "f32" : "bf16"} ${compile ? "compiled" : "eager"}`;
  const threads = Number(process.env["LLMC_THREADS"] || availableParallelism());
  const config = { family, ...sizes, batch, threads, dtype, compile };
  const child = spawn(python, [join(root, "scripts/bench/baseline.py"), JSON.stringify(config)], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  const failed = new Promise<string>((resolve) =>
    child.once("error", () =>
      resolve(`there is no \`${python}\`; name an interpreter that has PyTorch with LLMC_BENCH_PYTHON`),
    ),
  );
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const line: IteratorResult<string, unknown> = await lines.next();
    if (line.done === true) throw new Error(`${name} ended before it answered`);
    return line.value;
  };
  const first = await Promise.race([
    failed.then((absent): Ready => ({ absent })),
    next().then(
      (line) => JSON.parse(line) as Ready,
      (error: unknown): Ready => ({ absent: String(error) }),
    ),
  ]);
  if (first.absent !== undefined) {
    child.kill();
    return { name, absent: first.absent };
  }
  if (first.parameters !== parameters)
    throw new Error(`${name} has ${first.parameters} parameters, and llmc's model has ${parameters}`);
  return {
    name,
    about: `${first.version}, ${first.parameters} parameters, ${threads} threads`,
    sample: async () => {
      child.stdin.write("run 1\n");
      const [seconds] = JSON.parse(await next()) as number[];
      return seconds ?? NaN;
    },
    close: () =>
      new Promise((resolve) => {
        child.once("exit", () => resolve());
        child.stdin.end();
      }),
  };
}
