/**
 * @file The programs of a plan as tensor IR. A training step is three stages, each clustered by itself: the loss and the gradient of every parameter;
 * the norm of the whole gradient with the factor that clips it; the optimizer, one update a group and tensor, over the arenas that hold all
 * parameters of the group. A step whose gradient is not finite changes nothing: told by bits, decided on the device.
 */
import { invariant } from "../../util/invariant.ts";
import { gradients } from "../../grad/gradients.ts";
import type { DecodeProgram, PrefillProgram } from "../../ir/decode.ts";
import type { Axis, Comp, Leaf, Node, Scalar } from "../../ir/graph.ts";
import type { Model, Optimizer } from "../../ir/model.ts";
import { comp, leaf, update } from "../../ir/node.ts";
import { axis, binary, div, literal, mul, read, rewrite, select, unary } from "../../ir/scalar.ts";
import { substituteAttention } from "../../optimize/attention/gradient.ts";
import type { RecognisedAttention } from "../../optimize/attention/recognise.ts";
import type { ArenaGroup, ArenaLayout } from "../buffers/arenas.ts";

/** Nodes that must be computed, and where in the plan's fixed buffers some of them lie. */
export interface Stage {
  readonly name: string;
  readonly roots: readonly Node[];
}

export interface LossStage extends Stage {
  /** The first root. */
  readonly loss: Node;
  /** The other roots: the gradient of each parameter that has one. */
  readonly gradients: readonly { readonly parameter: Leaf; readonly node: Node }[];
  /** What kept attention from its best form. */
  readonly remarks: readonly string[];
}

/** Loss and gradients of all parameters that the loss depends on. */
export function lossStage(model: Model, recognised: RecognisedAttention): LossStage {
  const [loss] = recognised.roots;
  invariant(loss, "the loss is a root");
  const leaves = model.parameters.map((p) => p.leaf);
  const found = gradients(loss, leaves);
  const wanted = leaves.filter((l) => !isZero(found.gradients.get(l)));
  const roots = [loss, ...wanted.flatMap((l) => found.gradients.get(l) ?? [])];
  const substituted = substituteAttention(roots, recognised.found, found);
  const remarks = [...recognised.rejected, ...substituted.remarks].map(({ node, reason }) => `${node.name}: ${reason}`);
  const [newLoss = loss, ...newGradients] = substituted.roots;
  return {
    name: "gradients",
    roots: substituted.roots,
    loss: newLoss,
    remarks,
    gradients: wanted.flatMap((parameter, i) => (newGradients[i] ? [{ parameter, node: newGradients[i] }] : [])),
  };
}

function isZero(node: Node | undefined): boolean {
  return !node || (node.kind === "comp" && !node.reduce && node.body.kind === "literal" && node.body.value === 0);
}

/** The forward pass alone. */
export function forwardStage(name: string, recognised: RecognisedAttention): Stage {
  return { name, roots: substituteAttention(recognised.roots, recognised.found).roots };
}

export interface NormStage extends Stage {
  /** All gradients as one vector. */
  readonly arena: Leaf;
  readonly norm: Node;
  /** What gradients are multiplied by; negative when the step must be skipped. `factorLeaf` is how later stages read it. */
  readonly factor: Node;
  readonly factorLeaf: Leaf;
}

/** `clip`: the largest norm that gradients may keep. */
export function normStage(layout: ArenaLayout, clip: number | undefined): NormStage {
  const all: Axis = { name: "N", size: layout.bytes / 4 };
  const arena = leaf("state", "gradients", [all]);
  const g = read(arena, [axis(0)]);
  const squares = comp({ name: "gradient_squares" }, [], mul(g, g), { op: "sum", axes: [all] });
  const norm = comp({ name: "gradient_norm" }, [], unary("sqrt", read(squares, [])));
  const clipped =
    clip === undefined
      ? literal(1)
      : binary("min", literal(1), div(literal(clip), binary("add", read(norm, []), literal(1e-6))));
  const factor = comp(
    { name: "gradient_factor" },
    [],
    select(unary("finite", read(squares, [])), clipped, literal(-1)),
  );
  return { name: "norm", roots: [norm, factor], arena, norm, factor, factorLeaf: leaf("state", "gradient_factor", []) };
}

export interface OptimizerStage extends Stage {
  readonly group: ArenaGroup;
  readonly parameters: Leaf;
  readonly gradients: Leaf;
  readonly states: readonly Leaf[];
}

/** One group's step over its range of the arenas. */
export function optimizerStage(optimizer: Optimizer, group: ArenaGroup, factor: Leaf): OptimizerStage {
  const axes: readonly Axis[] = [{ name: "N", size: group.bytes / 4 }];
  const range = (name: string): Leaf => leaf("state", `${name}.${group.group.name}`, axes);
  const [parameters, gradientRange] = [range("parameters"), range("gradients")];
  const states = optimizer.states.map((s) => range(s.name));
  const here = [axis(0)];
  const scale = read(factor, []);
  const element = new Map<Node, Scalar>([
    [optimizer.parameter, read(parameters, here)],
    [optimizer.gradient, mul(read(gradientRange, here), scale)],
    ...optimizer.states.map((s, i): [Node, Scalar] => [s.leaf, read(states[i] ?? parameters, here)]),
  ]);
  const place = (s: Scalar): Scalar => rewrite(s, (e) => (e.kind === "read" ? element.get(e.of) : undefined));
  const skip = binary("lt", scale, literal(0));
  const next = (target: Leaf, value: Scalar): Node => {
    const kept: Comp = comp({ name: `${target.name}.next` }, axes, select(skip, read(target, here), place(value)));
    return update(target, kept);
  };
  const roots = [
    next(parameters, group.group.parameter),
    ...states.flatMap((s, i) => (group.group.states[i] ? [next(s, group.group.states[i])] : [])),
  ];
  return { name: `optimizer ${group.group.name}`, roots, group, parameters, gradients: gradientRange, states };
}

export interface DecodeStage extends Stage {
  readonly logits: Node;
  readonly caches: readonly Leaf[];
}

/** One token in, or the whole context, and the logits of the next one out. */
export function decodeStage({ logits, caches, updates }: DecodeProgram): DecodeStage {
  return { name: "decode", roots: [logits, ...updates], logits, caches };
}

/** Many tokens in, whose values the caches hold then: how a prompt is read. */
export function prefillStage({ updates }: PrefillProgram): Stage {
  return { name: "prefill", roots: updates };
}
