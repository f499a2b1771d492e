/**
 * @file Prints the training program: the loop in plain sight, with the learning rate, the initial values and the data as this model declares
 * them. Built with ts-morph and formatted with prettier; this folder is the only user of both.
 */
import { createRequire } from "node:module";
import { format } from "prettier";
import type * as tsMorph from "ts-morph";
import type { SourceFile } from "ts-morph";
import { javascript } from "../../src/ir/print/javascript.ts";
import { runtimeModule } from "../../src/runtime/module.ts";
import { commentText } from "../text/comment.ts";
import { initialisation, type Initialisation } from "./initialisers.ts";
import type { ProgramSpec, SampleSpec } from "./program-spec.ts";

// Not imported but required: Node would read all of TypeScript twice to find the names that a CommonJS module exports.
const { Project, ts, VariableDeclarationKind } = createRequire(import.meta.url)("ts-morph") as typeof tsMorph;

export interface PrintedProgram {
  /** `train.ts`. */
  readonly typescript: string;
  /** The same program without types, `train.mjs`: what Node runs. */
  readonly javascript: string;
}

export async function printProgram(spec: ProgramSpec): Promise<PrintedProgram> {
  const project = new Project({ useInMemoryFileSystem: true, skipLoadingLibFiles: true });
  const file = project.createSourceFile("train.ts");
  const starts = initialisation(spec.initialisers);
  const rate = learningRate(spec);
  const calls = new Set([...rate.calls, ...starts.functions.flatMap((f) => [...f.calls])]);

  addImports(file, calls, starts);
  addSettings(file, spec);
  addLearningRate(file, spec, rate);
  if (starts.starts.length > 0) addInitialisers(file, starts);
  addTrain(file, spec, starts);
  addMissingRuntime(file);
  file.addStatements((writer) => writer.blankLine().write("await runMain(import.meta.url, train);"));

  const text = `${header(spec)}\n${file.getFullText()}`;
  const typescript = await format(text, { parser: "typescript", printWidth: 120 });
  const plain = ts.transpileModule(typescript, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, removeComments: false },
  }).outputText;
  return { typescript, javascript: await format(plain, { parser: "babel", printWidth: 120 }) };
}

function header({ plan, source }: ProgramSpec): string {
  return `/**
 * Trains \`${commentText(plan.model)}\` as declared in ${commentText(source)}. Written by llmc: edit the loop as you like, or build again after changing the declaration.
 *
 *     node train.mjs            train from the start, or --resume
 *     node train.mjs --help     device, seed, steps, output folder
 *
 * \`train.mjs\` is what llmc runs, with any Node; \`train.ts\` is the same program with types. Node 22.18 and later run that as well: \`node train.ts\`.
 * An edit of the one does not change the other.
 */`;
}

function addImports(file: SourceFile, calls: ReadonlySet<string>, starts: Initialisation): void {
  const values = ["loadProgram", "loadTokenizer", "openRun", "runMain", "tokenInputs", ...calls].toSorted();
  file.addImportDeclaration({
    moduleSpecifier: runtimeModule,
    namedImports: ["DataSpec", ...(starts.starts.length > 0 ? ["Initialisers"] : []), "RunOptions", "RunResult"],
    isTypeOnly: true,
  });
  // Not a plain import: that would fail before the program can say what is missing.
  file.addStatements((writer) =>
    writer
      .blankLine()
      .write(`const { ${values.join(", ")} } = await import(${JSON.stringify(runtimeModule)}).catch(missingRuntime);`),
  );
}

function addMissingRuntime(file: SourceFile): void {
  const name = runtimeModule.replace(/\/.*/, "");
  file.addFunction({
    name: "missingRuntime",
    parameters: [{ name: "error", type: "{ readonly code?: string; readonly message: string }" }],
    returnType: "never",
    docs: [`Says in a sentence that \`${name}\` is not installed where this program lies.`],
    statements: `
if (!/^ERR_(MODULE_NOT_FOUND|PACKAGE_PATH_NOT_EXPORTED)$/.test(error.code ?? "") || !error.message.includes(${JSON.stringify(name)})) throw error;
console.error("error: this program needs the package ${name}, which is not installed in its folder or above");
console.error("  help: install it there as docs/install.md of llmc says: npm install PATH/TO/${name}-VERSION.tgz");
process.exit(1);`,
    leadingTrivia: "\n",
  });
}

function constant(file: SourceFile, name: string, initializer: string, doc?: string, type?: string): void {
  file.addVariableStatement({
    declarationKind: VariableDeclarationKind.Const,
    declarations: [{ name, initializer, ...(type === undefined ? {} : { type }) }],
    ...(doc === undefined ? {} : { docs: [doc] }),
    leadingTrivia: "\n",
  });
}

function addSettings(file: SourceFile, { settings, plan, data }: ProgramSpec): void {
  const {
    seed,
    steps,
    budget,
    learningRate: rate,
    evaluateEvery,
    evaluateOn,
    metrics,
    checkpointEvery,
    keepCheckpoints,
    patience,
  } = settings;
  const lines = [
    `seed: ${seed},`,
    `/** ${budget === `${steps} steps` ? "Of" : `${commentText(budget)}: ${steps} steps of`} ${plan.batch} sequences of ${plan.context} tokens. */`,
    `steps: ${steps},`,
    `batch: ${plan.batch},`,
    `learningRate: ${rate},`,
    ...(evaluateEvery === undefined ? [] : [`evaluateEvery: ${evaluateEvery},`]),
    ...(data.split.validation > 0 && evaluateOn !== undefined
      ? [`/** Sequences of the validation text. */`, `evaluateOn: ${evaluateOn},`]
      : []),
    ...(metrics === undefined ? [] : [`metrics: ${JSON.stringify(metrics)},`]),
    ...(checkpointEvery === undefined ? [] : [`checkpointEvery: ${checkpointEvery},`]),
    `keep: ${keepCheckpoints},`,
    `/** Steps in a row that may have a loss or a gradient that is not finite. */`,
    `patience: ${patience},`,
    `out: ${JSON.stringify(`runs/${plan.model}`)},`,
  ];
  constant(file, "settings", `{\n${lines.join("\n")}\n} as const`);
  constant(file, "data", JSON.stringify(data), undefined, "DataSpec");
}

interface Rate {
  readonly statements: readonly string[];
  readonly result: string;
  readonly calls: ReadonlySet<string>;
}

function learningRate({ schedule }: ProgramSpec): Rate {
  return javascript(schedule.factor, {
    name: (s) => (s.kind === "read" && s.of === schedule.progress ? "progress" : s.kind === "read" ? s.of.name : "0"),
  });
}

function addLearningRate(file: SourceFile, { scheduleText }: ProgramSpec, rate: Rate): void {
  const constantRate = rate.statements.length === 0 && rate.result === "1";
  file.addFunction({
    name: "learningRate",
    parameters: constantRate ? [] : [{ name: "progress", type: "number" }],
    returnType: "number",
    docs: [
      scheduleText === undefined
        ? "The same at every step."
        : `At a point of the run in (0, 1]: ${commentText(scheduleText.replace(/\s+/g, " "))}`,
    ],
    statements: [
      ...rate.statements,
      constantRate
        ? "return settings.learningRate;"
        : `return settings.learningRate * ${/^[\w.]+$|^\(.*\)$/.test(rate.result) ? rate.result : `(${rate.result})`};`,
    ],
    leadingTrivia: "\n",
  });
}

function addInitialisers(file: SourceFile, { functions, starts }: Initialisation): void {
  const random = functions.some((f) => f.streams.length > 0);
  const formulas = functions.map(({ name, declared, streams, statements, result }) => {
    const indexed = /\bi\b/.test([...statements, result].join(" "));
    const body = statements.length === 0 ? result : `{ ${statements.join("\n")}\nreturn ${result}; }`;
    return `${declared === undefined ? "" : `/** ${commentText(declared)} */\n`}const ${name} = (${streams.map((s) => `${s}: number`).join(", ")}) => (${indexed ? "i: number" : ""}): number => ${body};`;
  });
  const entries = starts.map(({ name, function: of, streams }) => `${name}: ${of}(${streams.join(", ")}),`);
  file.addFunction({
    name: "initialisers",
    parameters: random ? [{ name: "seed", type: "number" }] : [],
    returnType: "Initialisers",
    docs: [
      "How parameters start whose formula is not the same on every device, by element index; others start on the device. Streams keep the random numbers of two parameters apart.",
    ],
    statements: [...(random ? ["const step = 0;"] : []), ...formulas, `return {\n${entries.join("\n")}\n};`],
    leadingTrivia: "\n",
  });
}

function addTrain(file: SourceFile, spec: ProgramSpec, { starts }: Initialisation): void {
  const { settings, samples, plan, data } = spec;
  const scalars = plan.programs.train?.scalars ?? [];
  const usesRate = scalars.some((s) => s.name === "lr");
  // The runtime computes what follows from these, such as bias corrections, as the plan says.
  const derived = scalars.filter((s) => s.expression !== undefined && s.expression !== "step").map((s) => s.expression);
  const validates = data.split.validation > 0;
  const evaluation = [
    ...(validates ? ["await run.evaluate(step);"] : []),
    ...samples.map((s) => `await run.sample(step, ${sampleOptions(s)});`),
  ];
  file.addFunction({
    name: "train",
    isAsync: true,
    isExported: true,
    parameters: [{ name: "options", type: "RunOptions", initializer: "{}" }],
    returnType: "Promise<RunResult>",
    statements: `
const folder = new URL(".", import.meta.url);
const program = await loadProgram(folder);
const tokenizer = await loadTokenizer(program);
const run = await openRun({ ...settings, program, data, tokenizer, folder${starts.length > 0 ? ", initialisers" : ""} }, options);
try {
  const { inputs, targets } = tokenInputs(run.session, "train");
  for (let step = run.start + 1; step <= run.steps && !run.stopping; step++) {
    run.data.train.fill((step - 1) * settings.batch, inputs, targets);
    ${usesRate ? `const lr = learningRate(${file.getFunction("learningRate")?.getParameters().length ? "step / run.steps" : ""});` : ""}
    ${derived.length > 0 ? `// From these the plan computes ${commentText(derived.join(", "))}.` : ""}
    await run.train.run({ seed: run.seed, step${usesRate ? ", lr" : ""} });
    run.collect();
    if (${settings.checkpointEvery === undefined ? "run.saveDue || step === run.steps" : atSteps(settings.checkpointEvery, "checkpointEvery")}) await run.save(step);
    ${evaluation.length === 0 ? "" : `if (${atSteps(settings.evaluateEvery, "evaluateEvery")}) { ${evaluation.join("\n")} }`}
  }
  return await run.finish();
} finally {
  await run.close();
}`,
    leadingTrivia: "\n",
  });
}

/** When something is done that has an interval, or else only at the end. */
function atSteps(interval: number | undefined, setting: string): string {
  return interval === undefined ? "step === run.steps" : `step % settings.${setting} === 0 || step === run.steps`;
}

function sampleOptions({ prompt, length, temperature, topK, topP, seed }: SampleSpec): string {
  const parts = [
    `prompt: ${JSON.stringify(prompt)}`,
    `length: ${length}`,
    `temperature: ${temperature}`,
    ...(topK === undefined ? [] : [`topK: ${topK}`]),
    ...(topP === undefined ? [] : [`topP: ${topP}`]),
    `seed: ${seed}`,
  ];
  return `{ ${parts.join(", ")} }`;
}
