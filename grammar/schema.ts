/**
 * @file The schema of every section: one table that drives checking, suggestions, completion, hover, and the generated
 * reference. Names of fields appear here and in no other place of the grammar.
 */
import type { SectionKeyword } from "./syntax/ast.ts";
import { dataSchema } from "./schema/data.ts";
import { compareSchema, evalSchema, promptSchema } from "./schema/evaluation.ts";
import type { Schema } from "./schema/field.ts";
import { modelSchema } from "./schema/model.ts";
import { tokenizerSchema } from "./schema/tokenizer.ts";
import { trainSchema } from "./schema/train.ts";

export const schemas = {
  data: dataSchema,
  tokenizer: tokenizerSchema,
  model: modelSchema,
  train: trainSchema,
  eval: evalSchema,
  prompt: promptSchema,
  compare: compareSchema,
} as const satisfies Readonly<Record<SectionKeyword, Schema>>;

export type { AnyField, CheckedGroup, ConfigOf, DimEquation, Schema } from "./schema/field.ts";
export type { DataConfig, SourceConfig, SplitRule, Weight } from "./schema/data.ts";
export type {
  CompareConfig,
  EvalConfig,
  MatchCriterion,
  Metric,
  PromptConfig,
  SampleConfig,
} from "./schema/evaluation.ts";
export type { ReadingConfig } from "./schema/files.ts";
export { signalNames } from "./schema/steps.ts";
export type { StepConfig } from "./schema/steps.ts";
export type { ModelConfig } from "./schema/model.ts";
export type { BpeSettings, TokenizerConfig, TokenizerRef } from "./schema/tokenizer.ts";
export { bpeSettings } from "./schema/tokenizer.ts";
export type { TrainConfig } from "./schema/train.ts";
export type { Count, Ramp } from "./schema/types.ts";
