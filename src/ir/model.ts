/**
 * @file What elaboration makes of a model and its train section: forward graphs over one set of parameters, and the
 * optimizer as scalar expressions. Gradients, clipping and arenas come later.
 */
import type { Leaf, Node, Parameter, Scalar } from "./graph.ts";

export interface Model {
  readonly name: string;
  /** Every dim of the model after variants and defaults, in declaration order, with its value. */
  readonly dims: ReadonlyMap<string, number>;
  /** Sequences per batch: the size of the axis `B`. */
  readonly batch: number;
  readonly inputs: readonly ModelInput[];
  /** In declaration order; a parameter that two places share occurs once. */
  readonly parameters: readonly Parameter[];
  /** With `training` false: [B, T, V]. */
  readonly logits: Node;
  /** Mean training loss, rank 0, with `training` true (dropout active). */
  readonly loss: Node;
  /** The same loss with `training` false. The same node as `loss` when the model does not ask for `training`. */
  readonly evaluationLoss: Node;
  /** Size of the vocabulary axis of the logits. */
  readonly vocabulary: number;
  /** Size of the token axis of the first input: the context length. */
  readonly context: number;
}

/** Token ids, i32, [B, T]. `targets` are what the loss compares with: the tokens one position later. */
export interface ModelInput {
  readonly leaf: Leaf;
  readonly role: "tokens" | "targets";
}

/**
 * One element of an optimizer's step. `element` leaves are rank 0 and stand for the element of the parameter, its gradient and
 * each state; the planner replaces them by reads of arenas. `lr` and `step` (counted from 1) are rank-0 scalar leaves.
 */
export interface Optimizer {
  readonly name: string;
  /** The base learning rate; the schedule multiplies it. */
  readonly rate: number;
  readonly parameter: Leaf;
  readonly gradient: Leaf;
  readonly lr: Leaf;
  readonly step: Leaf;
  readonly states: readonly { readonly name: string; readonly init: number; readonly leaf: Leaf }[];
  /** In order: at least one group; a parameter belongs to the last group whose selector takes it. Group 0 takes all. */
  readonly groups: readonly OptimizerGroup[];
}

export interface OptimizerGroup {
  /** `all`, `vectors`, `matrices` or a quoted path pattern. */
  readonly name: string;
  readonly takes: (parameter: Leaf) => boolean;
  /** The new value of the parameter's element and of each state, over the optimizer's leaves. */
  readonly parameter: Scalar;
  readonly states: readonly Scalar[];
}

/** The factor on the base learning rate as an expression of the rank-0 leaf `progress`, which runs over [0, 1]. */
export interface Schedule {
  readonly progress: Leaf;
  readonly factor: Scalar;
}
