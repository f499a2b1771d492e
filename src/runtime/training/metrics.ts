/**
 * @file What a run reports: records (one JSON line each in the log), made from the results of steps as they arrive, and one line of text for a terminal.
 */
import type { StepResult } from "../session/device.ts";

export type LogRecord = RunRecord | StepRecord | EvaluationRecord | SampleRecord;

export interface RunRecord {
  readonly kind: "run";
  readonly model: string;
  readonly device: string;
  readonly seed: number;
  /** Steps done before: more than 0 when resumed. */
  readonly start: number;
  readonly steps: number;
  readonly batch: number;
  readonly context: number;
  readonly parameters: number;
}

export interface StepRecord {
  readonly kind: "step";
  /** Steps done, this one included. */
  readonly step: number;
  /** `null` when it was not a finite number. */
  readonly loss: number | null;
  readonly lr: number;
  /** `null` when it was not a finite number. */
  readonly gradient_norm?: number | null;
  /** Steps of this process up to this one that changed nothing, because their loss or gradient was not finite; absent where there are none. */
  readonly skipped?: number;
  /** Tokens read since the first step of the run. */
  readonly tokens: number;
  /** Since this process started training. */
  readonly seconds: number;
  readonly tokens_per_second: number;
}

export interface EvaluationRecord {
  readonly kind: "evaluation";
  readonly step: number;
  readonly loss: number;
  readonly perplexity: number;
  readonly bits_per_byte: number;
  readonly tokens: number;
}

export interface SampleRecord {
  readonly kind: "sample";
  readonly step: number;
  readonly prompt: string;
  readonly text: string;
}

/** Where records go. */
export interface Log {
  write(record: LogRecord): void;
  close(): void;
}

/** Steps over which the speed is averaged. */
const window = 16;

/** Makes records of steps; knows the time. */
export class Meter {
  readonly #tokensPerStep: number;
  readonly #start: number;
  /** Arrival times of the last steps, oldest first. */
  readonly #times: number[] = [];
  readonly #patience: number;
  #inARow = 0;
  #skipped = 0;

  /** `patience` is how many steps in a row may have a loss or gradient that is not finite: the optimizer leaves such steps out, and the next data may do. */
  constructor(tokensPerStep: number, patience: number) {
    this.#tokensPerStep = tokensPerStep;
    this.#patience = patience;
    this.#start = performance.now();
    this.#times.push(this.#start);
  }

  /** Steps that changed nothing, in a row up to the last. */
  get inARow(): number {
    return this.#inARow;
  }

  /** Steps that changed nothing, since the start of this process. */
  get skipped(): number {
    return this.#skipped;
  }

  /** Whether steps have changed nothing for as long as was declared: nothing good comes after. */
  get outOfPatience(): boolean {
    return this.#inARow >= this.#patience;
  }

  record(result: StepResult): StepRecord {
    const now = performance.now();
    const step = result.scalars["step"] ?? 0;
    const loss = result.outputs["loss"]?.[0] ?? Number.NaN;
    const norm = result.outputs["gradient_norm"]?.[0];
    const finite = Number.isFinite(loss) && (norm === undefined || Number.isFinite(norm));
    this.#inARow = finite ? 0 : this.#inARow + 1;
    if (!finite) this.#skipped++;
    this.#times.push(now);
    if (this.#times.length > window + 1) this.#times.shift();
    const elapsed = Math.max(now - (this.#times[0] as number), 1e-3) / 1000;
    return {
      kind: "step",
      step,
      loss: Number.isFinite(loss) ? loss : null,
      lr: result.scalars["lr"] ?? 0,
      ...(norm === undefined ? {} : { gradient_norm: Number.isFinite(norm) ? norm : null }),
      ...(this.#skipped === 0 ? {} : { skipped: this.#skipped }),
      tokens: step * this.#tokensPerStep,
      seconds: Math.round(now - this.#start) / 1000,
      tokens_per_second: Math.round(((this.#times.length - 1) * this.#tokensPerStep) / elapsed),
    };
  }
}

const bars = "▁▂▃▄▅▆▇█";
const trend = 12;

/** One line about the newest step, with the trend of the loss. Fits 80 columns. */
export class ProgressLine {
  readonly #steps: number;
  readonly #losses: number[] = [];

  constructor(steps: number) {
    this.#steps = steps;
  }

  add(record: StepRecord): string {
    if (record.loss !== null) this.#losses.push(record.loss);
    if (this.#losses.length > trend) this.#losses.shift();
    const left = ((this.#steps - record.step) * (record.tokens / record.step)) / Math.max(1, record.tokens_per_second);
    const parts = [
      `step ${record.step}/${this.#steps}`,
      `loss ${record.loss?.toFixed(4) ?? "not finite"} ${sparkline(this.#losses)}`,
      ...(record.skipped === undefined ? [] : [`${record.skipped} skipped`]),
      `${count(record.tokens_per_second)} tok/s`,
      `${duration(left)} left`,
    ];
    return parts.join("  ");
  }
}

/** Bars between the least and the greatest value. */
export function sparkline(values: readonly number[]): string {
  const low = Math.min(...values);
  const range = Math.max(...values) - low;
  return values
    .map(
      (value) => bars[range === 0 ? 0 : Math.min(bars.length - 1, Math.floor(((value - low) / range) * bars.length))],
    )
    .join("");
}

/** `950`, `12.3k`, `4.56M`. */
export function count(value: number): string {
  const [scale, unit] = value >= 1e9 ? [1e9, "B"] : value >= 1e6 ? [1e6, "M"] : value >= 1e4 ? [1e3, "k"] : [1, ""];
  return unit === "" ? String(Math.round(value)) : `${(value / scale).toPrecision(3)}${unit}`;
}

/** `45s`, `12m 05s`, `3h 20m`. */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s}s`;
  if (s < 3600) return `${Math.floor(s / 60)}m ${two(s % 60)}s`;
  return `${Math.floor(s / 3600)}h ${two(Math.floor((s % 3600) / 60))}m`;
}

const two = (value: number): string => String(value).padStart(2, "0");
