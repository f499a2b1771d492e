/** @file A model or variant with its training, elaborated: what the rest of the compiler starts from. */
import type { Expression, Field, Name, Section } from "../../../grammar/syntax/ast.ts";
import { checkFields } from "../../../grammar/schema/fields.ts";
import { schemas, type EvalConfig, type TrainConfig } from "../../../grammar/schema.ts";
import { report } from "../../diagnostics/codes.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import type { Model, Optimizer, Schedule } from "../../ir/model.ts";
import { checkCausality, checkSamples, type CausalityResult } from "./claims.ts";
import { instantiate, vocabularyOfData } from "./instantiate.ts";
import { checkMetrics } from "./metrics.ts";
import { modelDims } from "./model-dims.ts";
import { checkGroups, elaborateOptimizer } from "./optimizer.ts";
import { planModel, type ScopedValue, type ModelPlan, type Patch } from "./plan-of-model.ts";
import type { Program } from "../load/program.ts";
import { elaborateSchedule } from "./schedule.ts";
import type { Scope } from "../load/scope.ts";
import { dataText, tokenizerUse, type DataText, type TokenizerUse } from "./texts.ts";
import type { Vocabulary } from "../values/session.ts";

export interface ElaborateOptions {
  /** Sequences per batch; without it, what `train` says, else one. */
  readonly batch?: number;
  /** Sizes of vocabularies that only the text decides, once it was read. */
  readonly vocabulary?: Vocabulary;
  /** For messages alone: of a block repeated L times two stand for all, so the model is not the whole one. */
  readonly brief?: boolean;
}

/** A data declaration and its tokenizer. */
export interface DataUse extends DataText {
  readonly tokenizer: TokenizerUse;
}

export interface Elaboration {
  readonly model?: Model;
  /** Elements of all parameters; right for brief elaborations too. */
  readonly parameterCount?: number;
  readonly optimizer?: Optimizer;
  readonly schedule?: Schedule;
  readonly train?: TrainConfig;
  readonly evaluation?: EvalConfig;
  readonly data?: DataUse;
  /** Whether the architecture's claim not to read the future holds, and why. Absent where it makes none. */
  readonly causality?: CausalityResult;
  readonly diagnostics: readonly Diagnostic[];
}

/** Elaborates by name. Everything that could be made is there, whatever went wrong elsewhere. */
export function elaborate(program: Program, name: string | Name, options: ElaborateOptions = {}): Elaboration {
  const diagnostics: Diagnostic[] = [];
  const wanted = typeof name === "string" ? { text: name, span: { ...program.entry.file.span, end: 0 } } : name;
  const plan = planModel(wanted, program.entry);
  diagnostics.push(...plan.diagnostics);
  if (!("section" in plan)) return { diagnostics };
  const training = trainingOf(plan, program, diagnostics);
  const dims = modelDims(plan, [], options.vocabulary).dims;
  const loss = training?.config?.loss;
  const made = instantiate(
    plan,
    program.std,
    {
      batch: (context) => options.batch ?? sequencesOf(training?.config, context),
      ...(loss && training && { loss: { value: loss, scope: training.scope } }),
      ...(options.vocabulary && { vocabulary: options.vocabulary }),
      ...(options.brief && { brief: true }),
    },
    diagnostics,
  );
  const data = plan.data && dataOf(plan.data);
  if (made) checkVocabulary(plan, made.model, diagnostics, options.vocabulary);
  const causality = made && checkCausality(made, plan, diagnostics);
  if (made && training?.config) checkGroups(training.groups, made.parameterPaths, (d) => diagnostics.push(d));
  const run = training && trainingRun(training, dims, made?.model.context, diagnostics);
  const evaluation = sectionFor(plan, program, "eval");
  const evalConfig = evaluation && checkFields(evaluation, schemas.eval).value;
  if (evalConfig && made && causality?.kind !== "future") checkSamples(evalConfig, made.model, plan, diagnostics);
  if (evalConfig && (data || !plan.data)) checkMetrics(evalConfig, data, plan.name, diagnostics);
  return {
    ...(made && { model: made.model, parameterCount: made.parameterCount }),
    ...run,
    ...(evalConfig && { evaluation: evalConfig }),
    ...(data && { data }),
    ...(causality && { causality }),
    diagnostics,
  };
}

interface Training {
  readonly config?: TrainConfig;
  /** The groups that are written for this model, not for the one that it varies. */
  readonly groups: TrainConfig["group"];
  readonly scope: Scope;
  readonly patches: readonly Patch[];
}

/** The sequences in one step. */
function sequencesOf(config: TrainConfig | undefined, context: number): number {
  if (!config) return 1;
  const { unit, amount } = config.batch;
  return unit === "sequences" ? amount : Math.max(1, Math.floor(amount / context));
}

/** `train` or `eval` of a model, or of the nearest model that it varies. */
function sectionFor(plan: ModelPlan, program: Program, keyword: "train" | "eval"): Section | undefined {
  const sections = program.entry.file.declarations.filter(
    (d): d is Section => d.kind === "section" && d.keyword === keyword,
  );
  return plan.lineage.map((name) => sections.find((s) => s.name.text === name)).find((s) => s !== undefined);
}

/** The configuration of `train`, with what variants change in it. */
function trainingOf(plan: ModelPlan, program: Program, diagnostics: Diagnostic[]): Training | undefined {
  const section = sectionFor(plan, program, "train");
  if (!section) return undefined;
  let fields: readonly Field[] = section.body.fields;
  const patches: Patch[] = [];
  for (const { field, scope } of plan.train) {
    const [head, ...rest] = field.path;
    if (head?.text === "optimizer" && rest.length > 0 && field.content.kind !== "group") {
      patches.push({ path: field.path, entry: { value: field.content.value, scope, span: field.span } });
    } else fields = [...fields.filter((f) => pathOf(f) !== pathOf(field)), field];
  }
  const { value, diagnostics: found } = checkFields({ ...section, body: { ...section.body, fields } }, schemas.train);
  // What stands in `train` itself is reported there; here only what a variant brings.
  const changed = plan.train.map((p) => p.field.span);
  diagnostics.push(
    ...found.filter(({ primary: { span } }) =>
      changed.some((c) => c.file === span.file && c.start <= span.start && span.end <= c.end),
    ),
  );
  const own = section.name.text === plan.name;
  const groups = (value?.group ?? []).filter(
    ({ span }) => own || changed.some((c) => c.file === span.file && c.start <= span.start && span.end <= c.end),
  );
  return { ...(value && { config: value }), groups, scope: program.entry, patches };
}

function pathOf(field: Field): string {
  return field.path.map((n) => n.text).join(".");
}

function trainingRun(
  { config, scope, patches }: Training,
  dims: ReturnType<typeof modelDims>["dims"],
  context: number | undefined,
  diagnostics: Diagnostic[],
): Pick<Elaboration, "train" | "optimizer" | "schedule"> {
  if (!config) return {};
  if (context !== undefined) checkBatch(config, context, diagnostics);
  const entry = (value: Expression): ScopedValue => ({ value, scope, span: value.span });
  const optimizer = elaborateOptimizer(entry(config.optimizer), patches, config.group, dims, diagnostics);
  const tokensPerStep = config.batch.unit === "tokens" ? config.batch.amount : config.batch.amount * (context ?? 1);
  const schedule = elaborateSchedule(
    config.schedule ?? [],
    scope,
    dims,
    { budget: config.budget, tokensPerStep },
    diagnostics,
  );
  return { train: config, ...(optimizer && { optimizer }), ...(schedule && { schedule }) };
}

function checkBatch({ batch, budget, spans }: TrainConfig, context: number, diagnostics: Diagnostic[]): void {
  if (batch.unit === "tokens" && batch.amount % context !== 0 && spans["batch"]) {
    diagnostics.push(
      report(
        "train/context",
        { tokens: batch.amount, context },
        {
          primary: { span: spans["batch"], text: "" },
          help: `${Math.max(1, Math.round(batch.amount / context)) * context} tokens are ${Math.max(1, Math.round(batch.amount / context))} sequences`,
        },
      ),
    );
    return;
  }
  const step = batch.unit === "tokens" ? batch.amount : batch.amount * context;
  // Rounding within a part in a thousand is what anyone means by a round number of tokens.
  if (budget.unit === "tokens" && budget.amount % step !== 0 && budget.amount < 1000 * step && spans["budget"]) {
    diagnostics.push(
      report(
        "train/budget",
        { tokens: budget.amount, step, steps: Math.floor(budget.amount / step) },
        { primary: { span: spans["budget"], text: "" } },
      ),
    );
  }
}

function dataOf(entry: ScopedValue): DataUse | undefined {
  const text = entry.value.kind === "name" ? dataText(entry.value, entry.scope) : undefined;
  const tokenizer = text && tokenizerUse(text);
  return tokenizer && { ...text, tokenizer };
}

function checkVocabulary(plan: ModelPlan, model: Model, diagnostics: Diagnostic[], vocabulary?: Vocabulary): void {
  const data = vocabularyOfData(plan, vocabulary);
  if (!data || !plan.data || data.tokens === model.vocabulary) return;
  const [entry] = [...plan.dims]
    .filter(([name]) => model.dims.get(name) === model.vocabulary && name.startsWith("V"))
    .map(([, e]) => e);
  const span = entry?.span ?? plan.data.span;
  const fixes =
    entry && data.tokens > model.vocabulary
      ? [{ title: `write \`V = ${data.name}.vocab\``, edits: [{ span: entry.value.span, text: `${data.name}.vocab` }] }]
      : [];
  diagnostics.push(
    report(
      data.tokens < model.vocabulary ? "model/padding" : "model/vocabulary",
      { data: data.name, tokens: data.tokens, size: model.vocabulary },
      {
        primary: { span, text: "" },
        related: entry ? [{ span: plan.data.span, text: "the data of the model" }] : [],
        fixes,
        path: [plan.name],
      },
    ),
  );
}
