/** A run folder is code: only what this user's llmc wrote is run unasked. */
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { manifestName, readManifest, sha256, writeManifest } from "../../src/runtime/node/written-folder.ts";
import { dataHome, llmc, workspace, type Finished } from "./setup/run-llmc.ts";

const software = ["--device", "software"];

test("text is made with the program of a run of one's own, wherever it lies, and with that of another only when told to", async () => {
  const cwd = workspace();
  expect((await llmc(["train", "tiny.llm", "--steps", "1", "--out", "run", ...software], { cwd })).code).toBe(0);
  if (process.getuid !== undefined) expect(statSync(join(dataHome, "llmc/key")).mode & 0o777).toBe(0o600);
  mkdirSync(join(cwd, "stranger"));
  const generate = (run: string, more: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Finished> =>
    llmc(["generate", run, "--length", "2", ...software, ...more], { cwd, env });
  const refusal = async (run: string, why: string, env: NodeJS.ProcessEnv = {}): Promise<void> => {
    const { code, stdout, stderr } = await generate(run, [], env);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(
      /^error\[program\/untrusted\]: .*to run it is to run the code of whoever did\n  help: .*--trust\n$/,
    );
    expect(stderr).toContain(why);
  };

  renameSync(join(cwd, "run"), join(cwd, "moved"));
  expect((await generate("moved")).code).toBe(0);
  const stranger = { XDG_DATA_HOME: join(cwd, "stranger") };
  await refusal("moved", "its seal is not yours", stranger);
  expect((await generate("moved", ["--trust"], stranger)).code).toBe(0);
  if (process.getuid !== undefined) {
    writeFileSync(join(cwd, "no-folder"), "");
    await refusal("moved", "there is no key of yours to tell by", { XDG_DATA_HOME: join(cwd, "no-folder") });
  }

  cpSync(join(cwd, "moved"), join(cwd, "changed"), { recursive: true });
  const program = join(cwd, "changed/program");
  const text = `${readFileSync(join(program, "plan.json"), "utf8")}\n`;
  writeFileSync(join(program, "plan.json"), text);
  expect((await generate("changed")).stderr).toContain("error[program/damaged]");
  const manifest = await readManifest(program);
  const files = new Map([...(manifest?.files ?? []), ["plan.json", [sha256(text)]] as const]);
  await writeManifest(program, { holds: "program", files });
  await refusal("changed", "it carries no seal");
  // As whoever keeps the seal would write it.
  const {
    format,
    holds,
    files: listed,
  } = JSON.parse(readFileSync(join(program, manifestName), "utf8")) as { format: string; holds: string; files: object };
  const body = { format, holds, files: listed, seal: manifest?.seal };
  writeFileSync(
    join(program, manifestName),
    `${JSON.stringify({ ...body, sha256: sha256(JSON.stringify(body)) }, undefined, 1)}\n`,
  );
  await refusal("changed", "its seal is not yours");
  rmSync(join(program, manifestName));
  await refusal("changed", "it has no list of its files");
  expect((await generate("changed", ["--trust"])).code).toBe(0);
});
