/**
 * @file One training step by the f64 evaluator: loss, gradients, clipping and the optimizer, straight from their definitions. What compiled plans are
 * compared with.
 */
import { gradients } from "../../src/grad/gradients.ts";
import { evaluate, evaluateOne } from "../../src/ir/evaluate/evaluate.ts";
import type { Leaf, Node } from "../../src/ir/graph.ts";
import type { Model, Optimizer } from "../../src/ir/model.ts";
import { comp, elementCount } from "../../src/ir/node.ts";

export type Values = ReadonlyMap<Leaf, Float64Array>;

export interface OracleStep {
  readonly loss: number;
  readonly norm: number;
  readonly gradients: Values;
  readonly parameters: Values;
  /** By state, then parameter. */
  readonly states: readonly Values[];
}

/** Initial parameters, rounded to f32 as a device holds them. */
export function initialParameters(model: Model): Values {
  return new Map(
    model.parameters.map(({ leaf, init }) => {
      const node = comp({ name: leaf.name }, leaf.axes, init);
      return [leaf, Float64Array.from(Float32Array.from(evaluateOne(node, () => 0, { seed: 1, step: 0 })))];
    }),
  );
}

export interface GradientInputs {
  readonly tokens: ArrayLike<number>;
  readonly targets: ArrayLike<number>;
  readonly parameters: Values;
  readonly step: number;
  readonly seed?: number;
}

/** The loss and its gradients, of the unfused graphs. */
export function oracleGradients(
  model: Model,
  given: GradientInputs,
  by: (...given: Parameters<typeof evaluate>) => ReadonlyMap<Node, Float64Array> = evaluate,
): Pick<OracleStep, "loss" | "gradients"> {
  const random = { seed: given.seed ?? 0, step: given.step };
  const bind = (leaf: Leaf): Float64Array => {
    const input = model.inputs.find((i) => i.leaf === leaf);
    if (input) return Float64Array.from(input.role === "tokens" ? given.tokens : given.targets);
    const value = given.parameters.get(leaf);
    if (!value) throw new Error(`no value for ${leaf.name}`);
    return value;
  };
  const leaves = model.parameters.map((p) => p.leaf);
  const made = gradientsOf(model);
  const values = by([model.loss, ...made.values()], bind, random);
  const valueOf = (node: Node | undefined): Float64Array => (node && values.get(node)) ?? new Float64Array();
  return { loss: valueOf(model.loss)[0] ?? NaN, gradients: new Map(leaves.map((l) => [l, valueOf(made.get(l))])) };
}

/** Kept, so that the evaluator compiles each node once however many steps are made. */
const known = new WeakMap<Model, ReadonlyMap<Leaf, Node>>();
function gradientsOf(model: Model): ReadonlyMap<Leaf, Node> {
  const made =
    known.get(model) ??
    gradients(
      model.loss,
      model.parameters.map((p) => p.leaf),
    ).gradients;
  known.set(model, made);
  return made;
}

export interface UpdateInputs {
  readonly gradients: Values;
  readonly parameters: Values;
  readonly states: readonly Values[];
  readonly step: number;
  readonly lr: number;
  readonly clip?: number;
}

/** What the optimizer makes of gradients. */
export function oracleUpdate(
  model: Model,
  optimizer: Optimizer,
  given: UpdateInputs,
): Omit<OracleStep, "loss" | "gradients"> {
  const leaves = model.parameters.map((p) => p.leaf);
  const norm = Math.sqrt([...given.gradients.values()].reduce((sum, g) => sum + g.reduce((s, x) => s + x * x, 0), 0));
  const scale = given.clip === undefined ? 1 : Math.min(1, given.clip / (norm + 1e-6));
  const parameters = new Map<Leaf, Float64Array>();
  const states = optimizer.states.map(() => new Map<Leaf, Float64Array>());
  const updates = optimizer.groups.map((g) =>
    [g.parameter, ...g.states].map((body) => comp({ name: "next" }, [], body)),
  );
  for (const leaf of leaves) {
    const roots =
      updates[
        Math.max(
          0,
          optimizer.groups.findLastIndex((g) => g.takes(leaf)),
        )
      ];
    if (!roots) throw new Error("an optimizer has a group");
    const count = elementCount(leaf.axes);
    const results = roots.map(() => new Float64Array(count));
    for (let i = 0; i < count; i++) {
      const element = (l: Leaf): number => {
        if (l === optimizer.parameter) return given.parameters.get(leaf)?.[i] ?? 0;
        if (l === optimizer.gradient) return scale * (given.gradients.get(leaf)?.[i] ?? 0);
        if (l === optimizer.lr) return given.lr;
        if (l === optimizer.step) return given.step;
        const state = optimizer.states.findIndex((s) => s.leaf === l);
        return given.states[state]?.get(leaf)?.[i] ?? 0;
      };
      const next = evaluate(roots, element);
      roots.forEach((root, r) => {
        (results[r] as Float64Array)[i] = next.get(root)?.[0] ?? 0;
      });
    }
    parameters.set(leaf, results[0] ?? new Float64Array());
    states.forEach((state, s) => state.set(leaf, results[s + 1] ?? new Float64Array()));
  }
  return { norm, parameters, states };
}

export function oracleStep(
  model: Model,
  optimizer: Optimizer,
  given: GradientInputs & Omit<UpdateInputs, "gradients">,
): OracleStep {
  const made = oracleGradients(model, given);
  return { ...made, ...oracleUpdate(model, optimizer, { ...given, gradients: made.gradients }) };
}

/** Zero, or the initial value, for every state of every parameter. */
export function initialStates(model: Model, optimizer: Optimizer): readonly Values[] {
  return optimizer.states.map(
    ({ init }) =>
      new Map(model.parameters.map(({ leaf }) => [leaf, new Float64Array(elementCount(leaf.axes)).fill(init)])),
  );
}

/** Token ids that look random and do not change. */
export function someTokens(count: number, below: number, salt: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) =>
    Math.floor((Math.abs(Math.sin(i * 12.9898 + salt * 78.233)) * 43758.5453) % below),
  );
}
