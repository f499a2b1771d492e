/** @file What steps need before they run: lists in files, a model trained on curated texts, the texts of evaluations. Made once, and kept by what they were made from. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { RuntimeFailure } from "../../runtime/util/failure.ts";
import { trainQuality, type QualityModel } from "../classify/train.ts";
import { readFile } from "../read/read.ts";
import { decontaminateDefaults, isLongEnough, type TestText } from "../dedup/decontaminate.ts";
import { damageFailure, readingOf, type Context } from "./workers/context.ts";
import { filesOf, type KnownFile } from "./known-files.ts";
import type { CurationPlan, FilesToRead, Step } from "../steps/plan.ts";
import { modelBytes, versions, type ReadyStep } from "../steps/rules.ts";
import { documentsOf, Lines } from "./shards/shards.ts";
import { exists, hashOf, put, stored } from "./shards/store.ts";

/** A declaration that was curated: the hash of its documents, and where they are. */
type CurateOther = (plan: CurationPlan) => Promise<{ readonly content: string; readonly shards: readonly string[] }>;

export async function readyStep(step: Step, context: Context, curateOther: CurateOther): Promise<ReadyStep> {
  switch (step.kind) {
    case "quality":
      return withModel(step, context, curateOther);
    case "decontaminate":
      return withTests(step, context);
    case "banned_phrases":
      return declared(
        step.file === undefined
          ? step
          : {
              name: step.name,
              kind: step.kind,
              options: { ...step.options, phrases: await listIn(step.file, step.name, context) },
            },
      );
    case "listed_words":
      return declared(
        step.file === undefined
          ? step
          : {
              name: step.name,
              kind: step.kind,
              options: { ...step.options, list: await listIn(step.file, step.name, context) },
            },
      );
    default:
      return declared(step);
  }
}

/** All that decides is declared. */
function declared(step: Step): ReadyStep {
  const { name: _, ...rest } = step;
  return { step, hash: hashOf([versions[step.kind], rest]), facts: {} };
}

/** Lines that are not blank, as if they were declared. */
async function listIn(reading: FilesToRead, step: string, context: Context): Promise<readonly string[]> {
  const list: string[] = [];
  const files = await filesOf(step, reading, context);
  for await (const line of textsIn(files, reading)) if (line.trim() !== "") list.push(line.trim());
  if (list.length === 0)
    throw new RuntimeFailure(
      "data/empty",
      `step \`${step}\`: there is nothing in ${files.map(({ name }) => name).join(", ")}`,
      "write one word or phrase a line",
    );
  return list;
}

async function withModel(
  step: Extract<Step, { readonly kind: "quality" }>,
  context: Context,
  curateOther: CurateOther,
): Promise<ReadyStep> {
  const [good, bad] = [await curateOther(step.good), await curateOther(step.bad)];
  const hash = hashOf(["model", versions.quality, step.training, good.content, bad.content]);
  const folder = join(context.store.folder, "models");
  const path = join(folder, `${hash}.model`);
  const factsPath = join(folder, `${hash}.json`);
  let facts = await stored<QualityModel["heldOut"]>(factsPath);
  if (facts === undefined) {
    const model = await trainQuality(textsOf(good.shards, context), textsOf(bad.shards, context), step.training);
    facts = model.heldOut;
    if (facts.good === 0 || facts.bad === 0) {
      throw new RuntimeFailure(
        "data/too-small",
        `step \`${step.name}\`: no ${facts.good === 0 ? "good" : "bad"} document can be held out to measure the classifier`,
        "give it at least ten documents of each side",
      );
    }
    await mkdir(folder, { recursive: true });
    await put(context.store.temporary, path, modelBytes(model));
    await put(context.store.temporary, factsPath, JSON.stringify(facts));
  }
  const { good: heldOutGood, bad: heldOutBad, right: heldOutRight, accuracy } = facts;
  return {
    step,
    made: path,
    hash: hashOf([versions.quality, hash, step.keep]),
    facts: { accuracy, heldOutGood, heldOutBad, heldOutRight },
  };
}

async function* textsOf(shards: readonly string[], { signal }: Context): AsyncGenerator<string> {
  for (const shard of shards) {
    signal?.throwIfAborted();
    for await (const { text } of documentsOf(shard)) yield text;
  }
}

/** Texts of a test, and how many of them have too few words to be looked for. */
interface TestCount {
  readonly texts: number;
  readonly short: number;
}

/** The wanted field of every row of the evaluations. */
async function withTests(
  step: Extract<Step, { readonly kind: "decontaminate" }>,
  context: Context,
): Promise<ReadyStep> {
  const all: { readonly name: string; readonly reading: FilesToRead; readonly files: readonly KnownFile[] }[] = [];
  for (const { name, files: reading } of step.against)
    all.push({ name, reading, files: await filesOf(name, reading, context) });
  const { words, ngram } = { ...decontaminateDefaults, ...step.options };
  const hash = hashOf([
    "tests",
    words,
    ngram,
    all.map(({ name, reading, files }) => [name, readingOf(reading), files.map((file) => file.sha256)]),
  ]);
  const folder = join(context.store.folder, "tests");
  const path = join(folder, `${hash}.jsonl`);
  const countsPath = join(folder, `${hash}.json`);
  let counts = await stored<readonly TestCount[]>(countsPath);
  if (counts === undefined || !(await exists(path))) {
    const lines = new Lines();
    const made: TestCount[] = [];
    const longEnough = isLongEnough(step.options);
    for (const { name, reading, files } of all) {
      const count = { texts: 0, short: 0 };
      for await (const text of textsIn(files, reading)) {
        lines.add({ test: name, text } satisfies TestText);
        count.texts++;
        if (!longEnough(text)) count.short++;
      }
      made.push(count);
    }
    counts = made;
    await mkdir(folder, { recursive: true });
    await put(context.store.temporary, path, lines.all());
    await put(context.store.temporary, countsPath, JSON.stringify(counts));
  }
  const facts = counts.flatMap(({ texts, short }, i): readonly (readonly [string, number])[] => {
    const name = all[i]?.name ?? "";
    return [
      [`${name}, looked for`, texts - short],
      ...(short > 0 ? [[`${name}, too short (under ${ngram} words)`, short] as const] : []),
    ];
  });
  return {
    step,
    made: path,
    hash: hashOf([versions.decontaminate, hash, step.options]),
    facts: Object.fromEntries(facts),
  };
}

async function* textsIn(files: readonly KnownFile[], reading: FilesToRead): AsyncGenerator<string> {
  for (const file of files) {
    for await (const items of readFile(file, reading)) {
      for (const item of items) {
        if (item.kind === "document") yield item.text;
        else if (item.kind === "damage" && reading.damaged === "error") throw damageFailure(file.name, item);
      }
    }
  }
}
