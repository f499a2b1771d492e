/** @file What a generated training program is made of: the plan, the run's settings, and the expressions that the host computes. */
import type { Parameter } from "../../src/ir/graph.ts";
import type { Schedule } from "../../src/ir/model.ts";
import type { DataSpec } from "../../src/runtime/data/data.ts";
import type { TokenizerData } from "../../src/runtime/data/tokenizer/tokenizer.ts";
import type { MetricName } from "../../src/runtime/training/evaluate.ts";
import type { Plan } from "../../src/abi/plan.ts";
import type { SpecFacts } from "../../src/runtime/session/spec-facts.ts";

export interface ProgramSpec {
  /** The file it comes from, as shown: `models/quickstart.llm`. */
  readonly source: string;
  readonly plan: Plan;
  readonly settings: RunSettings;
  readonly schedule: Schedule;
  /** As written in the source; absent when the rate is constant. */
  readonly scheduleText?: string;
  /** By the names that the plan gives them. */
  readonly initialisers: ReadonlyMap<string, Parameter>;
  readonly data: DataSpec;
  readonly tokenizer: TokenizerData;
  readonly samples: readonly SampleSpec[];
  /** What a run that goes on must have as its checkpoint has. */
  readonly facts: SpecFacts;
}

export interface RunSettings {
  readonly seed: number;
  readonly steps: number;
  /** How the number of steps was declared: `2M tokens`. */
  readonly budget: string;
  readonly learningRate: number;
  /** In steps; absent: only at the end. */
  readonly evaluateEvery?: number;
  /** Sequences of the validation text; absent: as many as the runtime takes by itself. */
  readonly evaluateOn?: number;
  /** What is shown of an evaluation; absent: everything. */
  readonly metrics?: readonly MetricName[];
  /** In steps; absent: every ten minutes. */
  readonly checkpointEvery?: number;
  readonly keepCheckpoints: number;
  /** Steps in a row that may have a loss or gradient that is not finite. */
  readonly patience: number;
}

export interface SampleSpec {
  readonly prompt: string;
  readonly length: number;
  readonly temperature: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly seed: number;
}
