/**
 * @file The system's C compiler. `CC` names another one, `CFLAGS` adds to its flags. Kernels are compiled for exactly this processor.
 */
import { execFile } from "node:child_process";
import { RuntimeFailure, messageOf, systemCode } from "../util/failure.ts";
import { processor } from "./processor.ts";

export interface Compiler {
  /** Its program and the arguments that `CC` gives it. */
  readonly command: readonly [program: string, ...before: string[]];
  /** `cc (Debian 12.2.0-14+deb12u1) 12.2.0`. */
  readonly version: string;
  readonly flags: readonly string[];
  /** All that decides what it makes of a source. */
  readonly identity: string;
}

export const installHelp =
  "install gcc or clang (or name one with CC), or choose another device: --device=webgpu or --device=software";

/**
 * Fused products and sums (as on GPUs), wrapping integers and memory read as another type are part of what kernels mean. Never `-ffast-math`: it would change
 * infinities, which masks need. Whoever compiles printed kernels, tests included, compiles them with these.
 */
export const semanticFlags = [
  "-std=gnu11",
  "-ffp-contract=fast",
  "-fno-math-errno",
  "-fno-trapping-math",
  "-fwrapv",
  "-fno-strict-aliasing",
] as const;
const library = ["-O2", "-fPIC", "-fvisibility=hidden", "-pthread", "-Wno-psabi"];
/** Vectors as wide as the processor has them. */
const native: Partial<Record<NodeJS.Architecture, readonly string[]>> = {
  x64: ["-march=native", "-mprefer-vector-width=512"],
  arm64: ["-mcpu=native"],
};

/** Finds the compiler; fails if there is none. */
export async function findCompiler(environment: NodeJS.ProcessEnv = process.env): Promise<Compiler> {
  if (process.platform === "win32")
    throw new RuntimeFailure(
      "device/none",
      "the CPU device runs on Linux and macOS only",
      "choose another device: --device=webgpu",
    );
  const [program = "cc", ...before] = words(environment["CC"]);
  let version: string;
  try {
    version = await execute([program, ...before, "--version"]);
  } catch (error) {
    const why =
      systemCode(error) === "ENOENT"
        ? `there is no \`${program}\` here`
        : `\`${program}\` does not run: ${messageOf(error).split("\n")[0] ?? ""}`;
    throw new RuntimeFailure(
      "device/none",
      `the CPU device compiles its kernels with the system's C compiler, but ${why}`,
      installHelp,
    );
  }
  const flags = [...semanticFlags, ...library, ...(native[process.arch] ?? []), ...words(environment["CFLAGS"])];
  return {
    command: [program, ...before],
    version: version.split("\n")[0] ?? "",
    flags,
    identity: [program, ...before, version, ...flags, process.platform, process.arch, processor()].join("\n"),
  };
}

const words = (text: string | undefined): string[] => (text ?? "").split(/\s+/).filter((word) => word !== "");

/** Runs a command to its end and gives what it printed. A failure's message is what it complained about. */
export function execute([program = "", ...args]: readonly string[], folder?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      program,
      args,
      { ...(folder !== undefined && { cwd: folder }), maxBuffer: 2 ** 26 },
      (error, output, complaints) => {
        if (error === null) resolve(output);
        else reject(typeof error.code === "string" ? error : new Error(complaints.trim() || error.message));
      },
    );
  });
}
