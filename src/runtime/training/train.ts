/**
 * @file A run in progress: what happens around the steps of a training loop. The loop itself (which data, which learning rate, when to evaluate, sample and save)
 * is written out in the generated program. Nothing here knows where it runs; `node/run.ts` and the page give it their log, storage and screen.
 */
import type { TrainingData } from "../data/data.ts";
import type { Tokenizer } from "../data/tokenizer/tokenizer.ts";
import type { Replay, Scalars, Session } from "../session/device.ts";
import type { Evaluation, MetricName } from "./evaluate.ts";
import { describeEvaluation, evaluate } from "./evaluate.ts";
import { RuntimeFailure, isFailure } from "../util/failure.ts";
import type { Log, StepRecord } from "./metrics.ts";
import { Meter } from "./metrics.ts";
import type { SampleOptions } from "../generation/sample.ts";
import { sampleText } from "../generation/sample.ts";

/** What a person sees of the run. */
export interface Screen {
  /** The newest step. */
  step(record: StepRecord): void;
  /** A line to keep. */
  note(text: string): void;
}

export interface RunParts {
  readonly session: Session;
  readonly data: TrainingData;
  readonly tokenizer: Tokenizer;
  /** Steps done by the run that this one resumes. */
  readonly start: number;
  readonly steps: number;
  readonly seed: number;
  readonly log: Log;
  readonly screen: Screen;
  /** Whether someone asked to stop after the step at hand. */
  readonly stopRequested: () => boolean;
  /** Stores a checkpoint and says where. Fails, with what there is untouched, if it holds numbers that are not finite. */
  readonly save: (info: {
    readonly step: number;
    readonly seed: number;
    readonly sequences: number;
  }) => Promise<string>;
  /** Removes checkpoints up to `step` that are not to be kept. Those after `good` are not known to be good. */
  readonly prune?: (step: number, good: number) => Promise<void>;
  /** Steps in a row that may have a loss or gradient that is not finite. */
  readonly patience: number;
  /** What is shown of an evaluation; absent: everything. */
  readonly metrics?: readonly MetricName[] | undefined;
  /** How to go on after an interruption. */
  readonly resumeHint: string;
  /** Frees what the run holds. */
  readonly close: () => void | Promise<void>;
}

export interface RunResult {
  readonly status: "finished" | "interrupted";
  /** Steps done. */
  readonly step: number;
  /** Of the last step; absent when no step was left to do. */
  readonly loss: number | undefined;
  /** Steps that changed nothing, because their loss or gradient was not finite. */
  readonly skipped: number;
  readonly evaluation: Evaluation | undefined;
  /** Where the last checkpoint is. */
  readonly checkpoint: string | undefined;
}

/** Milliseconds of training that may be lost with the machine, where no interval is declared. */
const longestUnsaved = 10 * 60_000;

export class Run {
  readonly session: Session;
  readonly data: TrainingData;
  readonly train: Replay;
  readonly start: number;
  readonly steps: number;
  readonly seed: number;
  readonly #parts: RunParts;
  readonly #meter: Meter;
  #last: StepRecord | undefined;
  #evaluation: Evaluation | undefined;
  #saved: { readonly step: number; readonly path: string } | undefined;
  /** The last step whose result a later loss was computed with, and was finite. */
  #good: number;
  /** Whether checkpoints wait for a later step to show that they are good. */
  #unproven = false;
  #lastSave = performance.now();

  constructor(parts: RunParts) {
    this.session = parts.session;
    this.data = parts.data;
    this.start = parts.start;
    this.steps = parts.steps;
    this.seed = parts.seed;
    this.train = parts.session.replay("train");
    this.#parts = parts;
    const { batch, context } = parts.session.plan;
    this.#meter = new Meter(batch * context, parts.patience);
    this.#good = parts.start;
  }

  /** Whether the loop should end after the step at hand. */
  get stopping(): boolean {
    return this.#parts.stopRequested();
  }

  /** Whether the last checkpoint is so old that too much would be lost with the machine. What is computed does not depend on it. */
  get saveDue(): boolean {
    return performance.now() - this.#lastSave > longestUnsaved;
  }

  /** Logs the steps whose results have arrived. Fails when too many in a row changed nothing because their loss or gradient was not finite. */
  collect(): void {
    for (const result of this.train.finished()) {
      const record = this.#meter.record(result);
      this.#last = record;
      this.#parts.log.write(record);
      this.#parts.screen.step(record);
      if (this.#meter.inARow === 0) this.#good = record.step - 1;
      else this.#noteSkipped(record);
    }
  }

  #noteSkipped({ step, loss }: StepRecord): void {
    const { patience, screen } = this.#parts;
    const what = loss === null ? "loss" : "gradient";
    if (this.#meter.inARow === 1)
      screen.note(
        `step ${step}: the ${what} is not finite; the step changes nothing (${patience} in a row end the run)`,
      );
    if (!this.#meter.outOfPatience) return;
    const saved = this.#saved === undefined ? "" : `; the last checkpoint is ${this.#saved.path}`;
    throw new RuntimeFailure(
      "train/not-finite",
      `the loss or gradient of the last ${patience} steps, up to step ${step}, is not finite, and ${this.#meter.skipped} of ${step - this.start} steps changed nothing${saved}`,
      "lower the learning rate, lengthen the warm-up or clip gradients, then train anew or go on from a checkpoint; `patience` in `train` says how many are borne",
    );
  }

  /** The loss on the validation text after `step` steps. */
  async evaluate(step: number, scalars: Scalars = { seed: this.seed, step }): Promise<Evaluation> {
    const { validation } = this.data;
    if (validation === undefined)
      throw new RuntimeFailure(
        "data/empty",
        "the data keeps nothing for validation",
        "give the split a share for validation",
      );
    await this.#settle();
    const result = await evaluate(this.session, validation, scalars);
    this.#evaluation = result;
    // The loss of what was saved is finite: it is good.
    if (Number.isFinite(result.loss) && step > this.#good) this.#good = step;
    await this.#settle();
    const { loss, perplexity, bitsPerByte, tokens } = result;
    this.#parts.log.write({ kind: "evaluation", step, loss, perplexity, bits_per_byte: bitsPerByte, tokens });
    this.#parts.screen.note(`step ${step}: on validation text ${describeEvaluation(result, this.#parts.metrics)}`);
    return result;
  }

  /** A sample of the model's text after `step` steps; empty if the model has diverged too far to give one. */
  async sample(step: number, options: SampleOptions): Promise<string> {
    await this.#settle();
    const text = await sampleText(this.session, this.#parts.tokenizer, options).catch((error: unknown) => {
      if (!isFailure(error) || error.code !== "sample/not-finite") throw error;
      this.#parts.screen.note(`step ${step}: no sample: ${error.message}`);
    });
    if (text === undefined) return "";
    this.#parts.log.write({ kind: "sample", step, prompt: options.prompt, text });
    this.#parts.screen.note(`step ${step}: ${options.prompt}${text}`);
    return text;
  }

  /** Saves a checkpoint after `step` steps, unless there is one of this step, or steps change nothing just now. Gives the path of the last checkpoint. */
  async save(step: number): Promise<string | undefined> {
    await this.#settle();
    if (this.#meter.inARow > 0) return this.#saved?.path;
    return this.#save(step);
  }

  async #save(step: number): Promise<string> {
    if (this.#saved?.step !== step) {
      const path = await this.#parts.save({ step, seed: this.seed, sequences: step * this.session.plan.batch });
      this.#saved = { step, path };
      this.#lastSave = performance.now();
      await this.#parts.prune?.(step, this.#good);
      this.#unproven = true;
    }
    return this.#saved.path;
  }

  /** Ends the run: the last results, a checkpoint, and a word on how to go on if it was interrupted. */
  async finish(): Promise<RunResult> {
    await this.#settle();
    const step = this.#last?.step ?? this.start;
    const checkpoint = step > this.start ? await this.#save(step) : this.#saved?.path;
    const status = step < this.steps ? "interrupted" : "finished";
    const { skipped } = this.#meter;
    if (skipped > 0)
      this.#parts.screen.note(
        `warning: ${skipped} of ${step - this.start} steps changed nothing, because their loss or gradient was not finite`,
      );
    if (checkpoint !== undefined) this.#parts.screen.note(`saved ${checkpoint}`);
    if (status === "interrupted")
      this.#parts.screen.note(`stopped after step ${step} of ${this.steps}; go on with ${this.#parts.resumeHint}`);
    return { status, step, loss: this.#last?.loss ?? undefined, skipped, evaluation: this.#evaluation, checkpoint };
  }

  async close(): Promise<void> {
    await this.#parts.close();
  }

  /** Waits for the steps in flight, so that what follows is of a known step. */
  async #settle(): Promise<void> {
    await this.train.flush();
    this.collect();
    const saved = this.#saved?.step;
    if (saved === undefined || !this.#unproven || this.#good < saved) return;
    this.#unproven = false;
    await this.#parts.prune?.(saved, this.#good);
  }
}
