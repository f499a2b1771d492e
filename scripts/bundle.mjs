/**
 * Bundles the command line and the runtime into dist/. Bundling is what makes `llmc check` start fast: one file is read in place of
 * hundreds. Heavy parts (ts-morph, prettier, Dawn) stay outside and are imported only by the commands that need them.
 */
import { build } from "esbuild";
import { chmod, rename, rm } from "node:fs/promises";

const root = new URL("..", import.meta.url).pathname;
const external = ["webgpu", "koffi", "fasttext.wasm.js", "@sparticuz/chromium", "ts-morph", "prettier", "prettier/*"];

// Made beside and moved into place: commands that run meanwhile find either the old files or the new ones, and a failed build changes nothing.
const made = "dist.new";
await rm(`${root}${made}`, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: {
    llmc: "src/cli/entry.ts",
    index: "src/index.ts",
    runtime: "src/runtime/index.ts",
    prettier: "grammar/print.ts",
    "curate-worker": "src/data/curate/workers/worker.ts",
  },
  outdir: made,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20",
  external,
  banner: {
    js: 'import { createRequire as __llmcRequire } from "node:module"; const require = __llmcRequire(import.meta.url);',
  },
  minifySyntax: true,
  minifyWhitespace: true,
  sourcemap: "linked",
  logLevel: "warning",
});
await build({
  absWorkingDir: root,
  entryPoints: { "runtime.browser": "src/runtime/browser/index.ts" },
  outdir: made,
  bundle: true,
  format: "esm",
  platform: "browser",
  target: "es2022",
  sourcemap: "linked",
  logLevel: "warning",
});
await chmod(`${root}${made}/llmc.js`, 0o755);
await rm(`${root}dist`, { recursive: true, force: true });
await rename(`${root}${made}`, `${root}dist`);
