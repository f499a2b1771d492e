/**
 * Bundles the command line and the runtime into dist/. Bundling is what makes `llmc check` start fast: one file is read in place of
 * hundreds. Heavy parts (ts-morph, prettier, Dawn) stay outside and are imported only by the commands that need them.
 */
import { build } from "esbuild";
import { chmod, rm } from "node:fs/promises";

const root = new URL("..", import.meta.url).pathname;
const external = ["webgpu", "koffi", "@sparticuz/chromium", "ts-morph", "prettier", "prettier/*"];

await rm(`${root}dist`, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: {
    llmc: "src/cli/main.ts",
    index: "src/index.ts",
    runtime: "src/runtime/index.ts",
    prettier: "grammar/print.ts",
  },
  outdir: "dist",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20",
  external,
  banner: { js: 'import { createRequire as __llmcRequire } from "node:module"; const require = __llmcRequire(import.meta.url);' },
  minifySyntax: true,
  minifyWhitespace: true,
  sourcemap: "linked",
  logLevel: "warning",
});
await build({
  absWorkingDir: root,
  entryPoints: { "runtime.browser": "src/runtime/browser.ts" },
  outdir: "dist",
  bundle: true,
  format: "esm",
  platform: "browser",
  target: "es2022",
  sourcemap: "linked",
  logLevel: "warning",
});
await chmod(`${root}dist/llmc.js`, 0o755);
