/** What there is to train on: listed, measured, and chosen by one rule. */
import { describe, expect, test } from "vitest";
import { hasCompiler } from "../support/c-kernels.ts";
import { llmc, workspace } from "./setup/run-llmc.ts";

interface Entry {
  readonly device: string;
  readonly found: {
    readonly kind: string;
    readonly software?: boolean;
    readonly reason?: string;
    readonly measured?: Readonly<Record<string, number>>;
  };
}

interface Survey {
  readonly entries: readonly Entry[];
  readonly auto: { readonly device: string; readonly reason: string };
}

async function survey(env: NodeJS.ProcessEnv = {}): Promise<Survey> {
  const { code, stdout } = await llmc(["devices", "--json"], { cwd: workspace(), env });
  expect(code).toBe(0);
  return JSON.parse(stdout) as Survey;
}

const present = ({ entries }: Survey, device: string): boolean =>
  entries.some(
    (entry) =>
      entry.device === device && entry.found.kind === "present" && !(device === "webgpu" && entry.found.software),
  );

describe("devices", () => {
  test("measures each, and takes a GPU, else the CPU where there is a compiler, else the software adapter", async () => {
    const found = await survey();
    expect(present(found, "cpu")).toBe(hasCompiler);
    for (const {
      found: { measured },
    } of found.entries)
      for (const value of Object.values(measured ?? {})) expect(value).toBeGreaterThan(0);
    expect(found.auto.device).toBe(["webgpu", "cpu", "software"].find((device) => present(found, device)));
  }, 120_000);

  test("says why the CPU is not taken where there is no compiler", async () => {
    const found = await survey({ CC: "no-such-compiler" });
    const cpu = found.entries.find(({ device }) => device === "cpu");
    expect(cpu?.found).toMatchObject({
      kind: "absent",
      reason: expect.stringContaining("there is no `no-such-compiler` here"),
    });
    expect(found.auto.device).not.toBe("cpu");
    if (found.auto.device === "software")
      expect(found.auto.reason).toMatch(/^no GPU was found, and .*`no-such-compiler`/);
  }, 120_000);

  test("prints two lines a device, what `auto` takes, and what to do next", async () => {
    const { code, stdout, stderr } = await llmc(["devices"], { cwd: workspace() });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^webgpu {4}\S/m);
    if (hasCompiler)
      expect(stdout).toMatch(/^cpu {7}.* vectors of \d+, .*\n {10}\S+ GFLOP\/s, reads \S+ GB\/s, \S+ us to launch$/m);
    expect(stderr).toMatch(/^auto takes \w+: .*\nnext: llmc train FILE\n$/);
  }, 120_000);
});
