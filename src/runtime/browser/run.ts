/** @file Opening a run in a browser: what `node/run.ts` does in Node. The page is its screen and takes its log; the text and the program come by fetch. */
import type { Initialisers } from "../session/arenas.ts";
import { elementsOf, initialise } from "../session/arenas.ts";
import { encodeCheckpoint } from "../training/checkpoint.ts";
import type { SourceSpec, TextFile } from "../data/corpus.ts";
import type { DataSpec } from "../data/data.ts";
import { loadDataWith } from "../data/data.ts";
import type { TokenizerData } from "../data/tokenizer/tokenizer.ts";
import { createTokenizer } from "../data/tokens.ts";
import type { CompiledProgram, Device } from "../session/device.ts";
import { describeDevice, languageOf } from "../session/device.ts";
import type { MetricName } from "../training/evaluate.ts";
import { RuntimeFailure } from "../util/failure.ts";
import type { LogRecord } from "../training/metrics.ts";
import { Run } from "../training/train.ts";

/** What a generated program says of its run. */
export interface RunSetup {
  readonly program: CompiledProgram;
  readonly data: DataSpec;
  readonly tokenizer: TokenizerData;
  /** Where relative paths of the data start. */
  readonly folder: URL | string;
  readonly initialisers?: (seed: number) => Initialisers;
  readonly seed: number;
  readonly steps: number;
  readonly patience?: number;
  readonly evaluateOn?: number;
  readonly metrics?: readonly MetricName[];
}

/** What the page may change, and what it is told. */
export interface RunOptions {
  readonly seed?: number;
  readonly steps?: number;
  /** Every record of the log, as it is written. */
  readonly onRecord?: (record: LogRecord) => void;
  /** Lines for a person; without it they go to the console. */
  readonly onNote?: (text: string) => void;
  /** Whether to end after the step at hand. */
  readonly stopRequested?: () => boolean;
}

/** The run of a generated program. Its checkpoints are URLs of blobs, of which the newest is kept: a link to it is a download. */
export async function openRunOn(
  openDevice: () => Promise<Device>,
  read: (url: string) => Promise<TextFile>,
  setup: RunSetup,
  options: RunOptions,
): Promise<Run> {
  const { program, patience = 8 } = setup;
  if (languageOf(program.plan) === "c")
    throw new RuntimeFailure(
      "device/unknown",
      `${program.plan.model} was built for the CPU, which a page cannot use`,
      "build it again without `--target cpu`",
    );
  const { batch, context, model, parameters } = program.plan;
  const seed = options.seed ?? setup.seed;
  const steps = options.steps ?? setup.steps;
  const note = options.onNote ?? ((text: string) => console.info(text));
  const tokenizer = createTokenizer(setup.tokenizer);
  const data = await loadDataWith(
    setup.data,
    {
      tokenizer,
      batch,
      context,
      total: steps * batch,
      seed,
      ...(setup.evaluateOn === undefined ? {} : { validation: setup.evaluateOn }),
    },
    async function* (source) {
      for (const file of source.files) yield textIn(await read(urlOf(file, source, setup.folder)));
    },
  );
  for (const warning of data.warnings) note(`warning: ${warning}`);
  const dataHash = await data.hash();
  const device = await openDevice();
  try {
    note(describeDevice(device));
    const session = await device.open(program);
    await initialise(session, seed, setup.initialisers?.(seed));
    const log = { write: (record: LogRecord) => options.onRecord?.(record), close: () => undefined };
    log.write({
      kind: "run",
      model,
      device: describeDevice(device),
      seed,
      start: 0,
      steps,
      batch,
      context,
      parameters: parameters.reduce((sum, parameter) => sum + elementsOf(parameter), 0),
    });
    let saved: string | undefined;
    return new Run({
      session,
      data,
      tokenizer,
      start: 0,
      steps,
      seed,
      patience,
      log,
      screen: { step: () => undefined, note },
      metrics: setup.metrics,
      stopRequested: options.stopRequested ?? (() => false),
      save: async (info) => {
        const pieces: Uint8Array<ArrayBuffer>[] = [];
        for await (const piece of encodeCheckpoint(session, {
          ...info,
          tokenizer: setup.tokenizer,
          data: dataHash,
          spec: program.spec ?? {},
        }))
          pieces.push(new Uint8Array(piece));
        if (saved !== undefined) URL.revokeObjectURL(saved);
        return (saved = URL.createObjectURL(new Blob(pieces)));
      },
      resumeHint: "another run: a page does not resume",
      close: () => {
        session.close();
        device.close();
      },
    });
  } catch (error) {
    device.close();
    throw error;
  }
}

/** Where a file of a source is. */
function urlOf(file: string, { name }: SourceSpec, folder: URL | string): string {
  if (file.startsWith("npm:") || /(?<!\\)[*?[\]{}]/.test(file)) {
    throw new RuntimeFailure(
      "data/missing",
      `source \`${name}\`: a page cannot list the files of ${file}`,
      "name them one by one in `files`, relative to the program",
    );
  }
  const path = file.replace(/\\(?=[()[\]{}*?!|@+])/g, "");
  return new URL(path.split("/").map(encodeURIComponent).join("/"), String(folder).replace(/\/?$/, "/")).href;
}

/** The text without the mark that some programs begin files with. */
function textIn({ name, bytes }: TextFile): TextFile {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new RuntimeFailure("data/encoding", `${name} is not UTF-8`, "convert the file to UTF-8");
  }
  return { name, bytes: bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes };
}
