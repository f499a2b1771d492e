/**
 * @file Runs a TypeScript file of this repository: `node scripts/run.mjs scripts/generate.ts`.
 * Node 20 does not strip types, so the file is bundled in memory first; packages stay outside of the bundle.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const [entry, ...rest] = process.argv.slice(2);
if (!entry) throw new Error("usage: node scripts/run.mjs FILE.ts [arguments]");
const root = fileURLToPath(new URL("..", import.meta.url));
const { outputFiles } = await build({
  entryPoints: [resolve(entry)],
  bundle: true,
  write: false,
  format: "esm",
  platform: "node",
  target: "node20",
  packages: "external",
});
// Inside node_modules the bundle finds the packages as any file of the repository does.
const folder = mkdtempSync(join(root, "node_modules", ".run-"));
try {
  const file = join(folder, "script.mjs");
  writeFileSync(file, outputFiles[0].contents);
  process.argv = [process.argv[0], entry, ...rest];
  await import(pathToFileURL(file).href);
} finally {
  rmSync(folder, { recursive: true });
}
