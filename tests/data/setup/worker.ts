/** @file Bundles the worker of curation, and a process to be killed, before the tests that run the sources: Node cannot start a thread from TypeScript. */
import { build } from "esbuild";

export async function setup(): Promise<void> {
  await build({
    entryPoints: { "curate-worker": "src/data/curate/workers/worker.ts", "curate-child": "tests/data/curate-child.ts" },
    outdir: "node_modules/.curate-worker",
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    packages: "external",
    logLevel: "warning",
  });
}
