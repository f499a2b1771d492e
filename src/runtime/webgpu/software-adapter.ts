/**
 * @file A WebGPU adapter for machines without a GPU or a Vulkan driver: SwiftShader, Vulkan on the CPU, from the archive inside the npm package
 * `@sparticuz/chromium` (the browser in that package is not used). The three files needed are unpacked once into a cache folder. Dawn looks for its Vulkan
 * loader by the name `libvulkan.so.1`, so the archive's loader is loaded first by absolute path: a library of that name is then already in the process.
 * Linux on x64 only; elsewhere, and when the package is absent, the answer says why.
 */
import { createRequire } from "node:module";
import { access, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { brotliDecompressSync } from "node:zlib";
import { cachedFolder } from "../files/cached-folder.ts";

export type SoftwareAdapter =
  | { readonly kind: "ready"; readonly name: string; readonly folder: string }
  | { readonly kind: "unavailable"; readonly reason: string };

const loader = "libvulkan.so.1";
const manifest = "vk_swiftshader_icd.json";
const files = ["libvk_swiftshader.so", loader, manifest];

let prepared: Promise<SoftwareAdapter> | undefined;
/** Held for the life of the process: once collected the library would be unloaded, and Dawn could not find it again. */
export let loaderLibrary: unknown;

/**
 * Makes the software adapter visible to Dawn instances created afterwards (`create([])` of the `webgpu` package), in this process and until it ends.
 * Call it when no other adapter was found. Any number of calls and processes may run at once. An instance created before does not find it; and every
 * instance must stay reachable as long as its devices are used, since the process aborts when one is collected.
 */
export function prepareSoftwareAdapter(): Promise<SoftwareAdapter> {
  prepared ??= prepare();
  return prepared;
}

async function prepare(): Promise<SoftwareAdapter> {
  if (process.platform !== "linux" || process.arch !== "x64") {
    return {
      kind: "unavailable",
      reason: `the software adapter runs on Linux x64 only, and this is ${process.platform} ${process.arch}`,
    };
  }
  const require = createRequire(import.meta.url);
  let packageFolder: string;
  try {
    packageFolder = await findPackage(dirname(require.resolve("@sparticuz/chromium")));
  } catch {
    return {
      kind: "unavailable",
      reason: "the npm package @sparticuz/chromium, which holds the software adapter, is not installed",
    };
  }
  try {
    const { version } = JSON.parse(await readFile(join(packageFolder, "package.json"), "utf8")) as { version: string };
    const folder = await unpacked(join(packageFolder, "bin", "swiftshader.tar.br"), `swiftshader-${version}`);
    // The loader reads the variable when Dawn creates its Vulkan instance.
    process.env["VK_ICD_FILENAMES"] = join(folder, manifest);
    const { load } = require("koffi") as { load(path: string, options?: { global?: boolean }): unknown };
    loaderLibrary = load(join(folder, loader), { global: true });
    return { kind: "ready", name: `SwiftShader (@sparticuz/chromium ${version})`, folder };
  } catch (error) {
    return {
      kind: "unavailable",
      reason: `the software adapter could not be loaded: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}

/** The folder of the package that a resolved file is in. */
async function findPackage(folder: string): Promise<string> {
  if (await exists(join(folder, "bin", "swiftshader.tar.br"))) return folder;
  if (dirname(folder) === folder) throw new Error("no archive above the package's entry file");
  return findPackage(dirname(folder));
}

/** The folder in the cache with the archive's files. */
function unpacked(archive: string, name: string): Promise<string> {
  return cachedFolder(name, async (folder) => {
    const entries = readTar(brotliDecompressSync(await readFile(archive)));
    for (const file of files) {
      const content = entries.get(file);
      if (content === undefined) throw new Error(`${archive} lacks ${file}`);
      await writeFile(join(folder, file), content, { mode: 0o755 });
    }
    return files;
  });
}

/** The files of a tar archive. Headers are 512 bytes (name at 0, octal size at 124, type at 156); contents are padded to 512. */
function readTar(archive: Buffer): Map<string, Buffer> {
  const text = (from: number, length: number): string =>
    archive
      .toString("latin1", from, from + length)
      .replace(/\0.*$/s, "")
      .trim();
  const entries = new Map<string, Buffer>();
  for (let at = 0; at + 512 <= archive.length && archive[at] !== 0;) {
    const size = Number.parseInt(text(at + 124, 12), 8);
    const type = text(at + 156, 1);
    if (type === "0" || type === "") entries.set(text(at, 100), archive.subarray(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return entries;
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
