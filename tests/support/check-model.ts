/**
 * @file A compiled model against its definition: loss, gradients, two steps of the optimizer, evaluation, decoding. Compiled programs run on the kernel
 * interpreter (whose findings throw) or on a device; the definition is the f64 evaluator on the unfused graphs.
 */
import { evaluate } from "../../src/ir/evaluate/evaluate.ts";
import type { Leaf, Node } from "../../src/ir/graph.ts";
import type { Model, Optimizer } from "../../src/ir/model.ts";
import type { Compiled } from "../../src/plan/build-plan.ts";
import type { ProgramName } from "../../src/abi/plan.ts";
import { evaluateRounded } from "./evaluate-rounded.ts";
import { randomSource } from "./gradcheck.ts";
import { initialParameters, initialStates, oracleGradients, oracleUpdate, someTokens } from "./training-step.ts";
import type { Values } from "./training-step.ts";

/** A compiled plan that something can run. */
export interface Machine {
  readonly write: (arena: string, values: Values) => void | Promise<void>;
  readonly read: (arena: string) => Promise<ReadonlyMap<string, Float32Array>>;
  readonly run: (
    program: ProgramName,
    inputs: Readonly<Record<string, ArrayLike<number>>>,
    scalars: Readonly<Record<string, number>>,
  ) => Promise<Readonly<Record<string, Float32Array>>>;
}

/** What was compared, how far it is off as a part of the greatest magnitude of the tensor, and how far it may be. */
export interface Difference {
  readonly what: string;
  readonly error: number;
  readonly allowed: number;
}

const seed = 7;
/** Of the greatest magnitude in the tensor. */
const bar = 1e-5;
/** How many times further than the rounded definition a computation may be: it has roundings within its sums as well. */
const forgiven = 30;
/** A gradient this much smaller than the greatest one of the model may be all cancellation: that of a bias on keys is exactly zero. */
const smallPart = 5e-2;
/** Losses and gradients that are smaller than this are judged as if they were as great: numbers of the size of one cancel to less in f32. */
const smallestLoss = 0.1;
const smallest = 1e-2;

/** Everything that is further off than it may be. */
export async function differences(
  model: Model,
  optimizer: Optimizer,
  compiled: Compiled,
  machine: Machine,
  clip?: number,
): Promise<readonly Difference[]> {
  const found: Difference[] = [];
  const compare = (
    what: string,
    got: ArrayLike<number> | undefined,
    want: ArrayLike<number>,
    allowance: Allowance = {},
  ): void => void found.push(difference(what, got, want, allowance));
  const count = model.batch * model.context;
  let parameters = someParameters(model);
  let states: readonly Values[] = initialStates(model, optimizer);
  if (compiled.plan.programs.train) {
    await machine.write("parameters", parameters);
    for (let step = 1; step <= 2; step++) {
      const [tokens, targets] = [
        someTokens(count, model.vocabulary, step),
        someTokens(count, model.vocabulary, step + 100),
      ];
      const lr = optimizer.rate;
      const inputs = { tokens, targets, parameters, step, seed };
      const want = oracleGradients(model, inputs);
      const rounded = once(() => oracleGradients(model, inputs, evaluateRounded));
      const { loss, gradient_norm: norm } = await machine.run("train", named(model, tokens, targets), {
        seed,
        step,
        lr,
      });
      compare(`loss of step ${step}`, loss, [want.loss], { rounded: () => [rounded().loss], least: smallestLoss });
      const gradients = await machine.read("gradients");
      const least = Math.max(smallest, smallPart * Math.max(...[...want.gradients.values()].map(magnitude)));
      for (const [leaf, values] of want.gradients)
        compare(`gradient of ${leaf.name} in step ${step}`, gradients.get(leaf.name), values, {
          rounded: () => rounded().gradients.get(leaf),
          least,
        });
      const given = byLeaf(model, gradients);
      // Optimizers divide by gradients, and take their signs: each is judged by what it made of the gradients that it was given.
      const update = oracleUpdate(model, optimizer, {
        gradients: given,
        parameters,
        states,
        step,
        lr,
        ...(clip !== undefined && { clip }),
      });
      compare(`norm of step ${step}`, norm, [update.norm]);
      const updated = await machine.read("parameters");
      // What is added up may cancel: a sum is judged by its terms.
      const terms = (leaf: Leaf, ...of: readonly (Values | undefined)[]): Allowance => ({
        least: Math.max(1e-30, ...of.map((v) => magnitude(v?.get(leaf) ?? []))),
      });
      for (const [leaf, values] of update.parameters)
        compare(`${leaf.name} after step ${step}`, updated.get(leaf.name), values, terms(leaf, parameters));
      parameters = byLeaf(model, updated);
      const next: Values[] = [];
      for (const [s, { name }] of optimizer.states.entries()) {
        const arena = await machine.read(`state/${name}`);
        for (const [leaf, values] of update.states[s] ?? [])
          compare(
            `${name} of ${leaf.name} after step ${step}`,
            arena.get(leaf.name),
            values,
            terms(leaf, states[s], given),
          );
        next.push(byLeaf(model, arena));
      }
      states = next;
    }
  }
  const tokens = someTokens(count, model.vocabulary, 3);
  const bind = (leaf: Leaf): Float64Array => parameters.get(leaf) ?? Float64Array.from(tokens);
  const roots = [model.evaluationLoss, model.logits];
  const want = evaluate(roots, bind);
  const rounded = once(() => evaluateRounded(roots, bind));
  await machine.write("parameters", parameters);
  if (compiled.plan.programs.evaluate) {
    const { loss } = await machine.run("evaluate", named(model, tokens, tokens), { seed, step: 3 });
    compare("loss of evaluation", loss, want.get(model.evaluationLoss) ?? [], {
      rounded: () => rounded().get(model.evaluationLoss),
      least: smallestLoss,
    });
  }
  if (compiled.plan.programs.decode) {
    for (let position = 0; position < model.context; position++) {
      const { logits } = await machine.run("decode", { tokens: [tokens[position] ?? 0] }, { seed, step: 3, position });
      const row = (values: ReadonlyMap<Node, Float64Array>): Float64Array => {
        const from = position * model.vocabulary;
        return values.get(model.logits)?.subarray(from, from + model.vocabulary) ?? new Float64Array();
      };
      compare(`logits at position ${position}`, logits, row(want), { rounded: () => row(rounded()) });
    }
  }
  if (compiled.plan.programs.prefill) {
    // The caches hold another text by now.
    const prompt = someTokens(model.context, model.vocabulary, 4);
    const [input] = compiled.plan.programs.prefill.inputs;
    const size = input?.kind === "tokens" ? (input.shape[0] ?? 1) : 1;
    for (let from = 0; from < model.context; from += size) {
      const position = Math.min(from, model.context - size);
      await machine.run("prefill", { tokens: prompt.slice(position, position + size) }, { seed, step: 3, position });
    }
    const position = model.context - 1;
    const { logits } = await machine.run("decode", { tokens: [prompt[position] ?? 0] }, { seed, step: 3, position });
    const whole = (leaf: Leaf): Float64Array =>
      parameters.get(leaf) ?? Float64Array.from({ length: count }, (_, i) => prompt[i % model.context] ?? 0);
    const row = (values: ReadonlyMap<Node, Float64Array> | undefined): Float64Array =>
      values?.get(model.logits)?.subarray(position * model.vocabulary, (position + 1) * model.vocabulary) ??
      new Float64Array();
    compare("logits after many tokens at once", logits, row(evaluate([model.logits], whole)), {
      rounded: () => row(evaluateRounded([model.logits], whole)),
    });
  }
  return found;
}

/** The same text as every input of tokens, by the names that the model has for them. */
const named = (
  model: Model,
  tokens: ArrayLike<number>,
  targets: ArrayLike<number>,
): Readonly<Record<string, ArrayLike<number>>> =>
  Object.fromEntries(model.inputs.map(({ leaf, role }) => [leaf.name, role === "tokens" ? tokens : targets]));

/** `times`: how many times further than usual a difference may be, where sums of any sort of terms are compared. */
export const tooFar = (found: readonly Difference[], times = 1): readonly string[] =>
  found
    .filter((d) => !(d.error <= times * d.allowed))
    .map((d) => `${d.what}: off by ${d.error.toExponential(2)}, allowed ${d.allowed.toExponential(2)}`);

/** Parameters as they may be some way into training: far from symmetric, of a size that keeps what they make of their inputs about as large. */
export function someParameters(model: Model): Values {
  const draw = randomSource(11);
  return new Map(
    [...initialParameters(model)].map(([leaf, values]) => {
      const spread = leaf.axes.length > 1 ? 2 / Math.sqrt(Math.max(...leaf.axes.map((a) => a.size))) : 0.4;
      return [leaf, values.map((x) => Math.fround(x + spread * (2 * draw() - 1)))];
    }),
  );
}

function byLeaf(model: Model, arena: ReadonlyMap<string, Float32Array>): Values {
  return new Map(model.parameters.map(({ leaf }) => [leaf, Float64Array.from(arena.get(leaf.name) ?? [])]));
}

function distance(a: ArrayLike<number> | undefined, b: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < b.length; i++) {
    const d = Math.abs((a?.[i] ?? NaN) - (b[i] as number));
    if (Number.isNaN(d)) return Infinity;
    most = Math.max(most, d);
  }
  return most;
}

function magnitude(values: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i] as number));
  return most;
}

interface Allowance {
  /** The same when every tensor is rounded to f32: asked for only where the bar is missed, to see whether any device could do better. */
  readonly rounded?: () => ArrayLike<number> | undefined;
  /** A magnitude below which the tensor counts as this great. */
  readonly least?: number;
}

function difference(
  what: string,
  got: ArrayLike<number> | undefined,
  want: ArrayLike<number>,
  { rounded, least = 1e-30 }: Allowance,
): Difference {
  const scale = Math.max(magnitude(want), least);
  const error = got?.length === want.length ? distance(got, want) / scale : Infinity;
  const noise = error <= bar ? 0 : distance(rounded?.() ?? want, want) / scale;
  return { what, error, allowed: Math.max(bar, forgiven * noise) };
}

/** Computes when first asked. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
