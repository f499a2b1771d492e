/** Where code is kept between commands: nobody else's folder is taken for it, and what is loaded is what was written. */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { cacheFolder } from "../../src/runtime/files/cache-folder.ts";
import { findCompiler } from "../../src/runtime/cpu/compiler.ts";
import { libraryOf } from "../../src/runtime/cpu/build.ts";

let [home, said] = ["", ""];
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "llmc-home-"));
  said = "";
  vi.stubEnv("XDG_CACHE_HOME", join(home, "cache"));
  vi.spyOn(process.stderr, "write").mockImplementation((text) => ((said += String(text)), true));
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(home, { recursive: true, force: true });
});

const preferred = (): string => join(home, "cache/llmc");
const posix = process.getuid !== undefined;

describe.runIf(posix)("the folder", () => {
  test("is made for its owner alone, and one that others can read becomes so", async () => {
    expect(await cacheFolder()).toBe(preferred());
    expect(lstatSync(preferred()).mode & 0o777).toBe(0o700);
    vi.stubEnv("XDG_CACHE_HOME", join(home, "older"));
    mkdirSync(join(home, "older/llmc"), { recursive: true, mode: 0o755 });
    expect(await cacheFolder()).toBe(join(home, "older/llmc"));
    expect(lstatSync(join(home, "older/llmc")).mode & 0o777).toBe(0o700);
    expect(said).toBe("");
  });

  const foreign: readonly (readonly [string, () => void, string])[] = [
    [
      "a link",
      () => {
        mkdirSync(join(home, "elsewhere"));
        mkdirSync(dirname(preferred()));
        symlinkSync(join(home, "elsewhere"), preferred());
      },
      "is a link",
    ],
    [
      "writable for all",
      () => {
        mkdirSync(preferred(), { recursive: true });
        chmodSync(preferred(), 0o777);
      },
      "others can write to",
    ],
    [
      "in a folder that is writable for all",
      () => {
        mkdirSync(preferred(), { recursive: true });
        chmodSync(dirname(preferred()), 0o777);
      },
      "others can write to",
    ],
    [
      "behind a link in a folder that is writable for all",
      () => {
        mkdirSync(join(home, "open/cache"), { recursive: true });
        chmodSync(join(home, "open"), 0o777);
        symlinkSync(join(home, "open/cache"), join(home, "cache"));
      },
      "others can write to",
    ],
    ["a file", () => writeFileSync(join(home, "cache"), ""), "cannot be written"],
  ];
  test.each(foreign)("is not one that is %s; a fresh one is taken, and this is said once", async (_, make, why) => {
    make();
    const first = await cacheFolder();
    expect(await cacheFolder()).toBe(first);
    expect(first).toMatch(/llmc-cache-\w{6}$/);
    expect(lstatSync(first)).toMatchObject({ mode: 0o40700, uid: process.getuid?.() });
    expect(readdirSync(first)).toEqual([]);
    expect(said).toMatch(/^note: [^\n]*\n$/);
    expect(said).toContain(why);
    rmSync(first, { recursive: true });
  });

  test("is never the one that somebody prepared in the system's temporary folder", async () => {
    const temporary = join(home, "tmp");
    mkdirSync(join(temporary, "llmc-cache"), { recursive: true });
    vi.stubEnv("TMPDIR", temporary);
    writeFileSync(join(home, "cache"), "");
    const made = await cacheFolder();
    expect(dirname(made)).toBe(temporary);
    expect(made).not.toBe(join(temporary, "llmc-cache"));
    chmodSync(temporary, 0o777);
    vi.stubEnv("XDG_CACHE_HOME", join(home, "cache/again"));
    await expect(cacheFolder()).rejects.toMatchObject({
      code: "disk/write",
      message: expect.stringContaining(`others can write to ${temporary}`),
    });
  });

  test.runIf(process.getuid?.() === 0)("is not another user's", async () => {
    const { chownSync } = await import("node:fs");
    mkdirSync(preferred(), { recursive: true });
    chownSync(preferred(), 1234, 1234);
    const made = await cacheFolder();
    expect(made).not.toBe(preferred());
    expect(said).toContain("belongs to another user");
    rmSync(made, { recursive: true });
  });
});

const compiler =
  spawnSync(process.env["CC"] ?? "cc", ["--version"]).error === undefined ? await findCompiler() : undefined;

const build = async (): Promise<string> =>
  libraryOf(
    new Map([["answer.c", '__attribute__((visibility("default"))) int answer(void) { return 42; }\n']]),
    compiler!,
  );

describe.runIf(compiler !== undefined)("a library", () => {
  const damages: readonly (readonly [string, (library: string) => void])[] = [
    [
      "has a flipped bit",
      (library) => {
        const bytes = readFileSync(library);
        bytes[bytes.length >> 1]! ^= 16;
        writeFileSync(library, bytes);
      },
    ],
    ["is cut short", (library) => truncateSync(library, 100)],
    ["is gone", (library) => rmSync(library)],
    [
      "is a link to the same bytes",
      (library) => {
        const elsewhere = join(home, "elsewhere.so");
        writeFileSync(elsewhere, readFileSync(library));
        rmSync(library);
        symlinkSync(elsewhere, library);
      },
    ],
    [
      "is a folder",
      (library) => {
        rmSync(library);
        mkdirSync(library);
      },
    ],
    [
      "has another's sums",
      (library) => writeFileSync(join(dirname(library), "sha256"), `${"0".repeat(64)} program.so\n${"0".repeat(64)}\n`),
    ],
    ["has no sums", (library) => rmSync(join(dirname(library), "sha256"))],
  ];
  test.each(damages)("that %s is built again, and this is said", async (_, damage) => {
    const library = await build();
    const whole = readFileSync(library);
    damage(library);
    expect(await build()).toBe(library);
    expect(lstatSync(library).isFile()).toBe(true);
    expect(readFileSync(library).length).toBe(whole.length);
    expect(said).toMatch(/^note: [^\n]* was damaged \([^\n]*\); it is made again\n$/);
    expect(await build()).toBe(library);
    expect(said.split("\n")).toHaveLength(2);
  });

  test("is not made of files that lie outside of its folder", async () => {
    for (const path of ["../evil.c", "/etc/evil.c", "a/../../evil.c", "C:\\evil.c", "..\\evil.c", ""]) {
      await expect(libraryOf(new Map([[path, "int x;"]]), compiler!)).rejects.toMatchObject({
        code: "program/invalid",
        message: expect.stringContaining("not in its folder"),
      });
    }
    expect(existsSync(preferred())).toBe(false);
  });
});
