/**
 * @file Runs a TypeScript file of this repository: `node scripts/run.mjs scripts/generate.ts`.
 * Node 20 does not strip types, so the file is bundled in memory first, and beside it the worker that curation starts; packages stay outside.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const [entry, ...rest] = process.argv.slice(2);
if (!entry) throw new Error("usage: node scripts/run.mjs FILE.ts [arguments]");
const root = fileURLToPath(new URL("..", import.meta.url));
const { outputFiles } = await build({
  entryPoints: { script: resolve(entry), "curate-worker": join(root, "src/data/curate/workers/worker.ts") },
  outdir: ".",
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
  for (const { path, contents } of outputFiles) writeFileSync(join(folder, basename(path)), contents);
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  const file = join(folder, "script.js");
  process.argv = [process.argv[0], entry, ...rest];
  await import(pathToFileURL(file).href);
} finally {
  rmSync(folder, { recursive: true });
}
