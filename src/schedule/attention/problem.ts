/** @file What the attention kernels share, whichever engine makes them: the facts of a form, and the score with its mask and derivative at one point. */
import { pullback } from "../../grad/scalar.ts";
import type { AttentionForm, AttentionGradientForm, Axis, Node, Scalar } from "../../ir/graph.ts";
import { elementCount, leaf, nodesRead } from "../../ir/node.ts";
import { bool, literal, read, rewrite, select, slot } from "../../ir/scalar.ts";
import { simplifyScalar } from "../../ir/simplify-scalar.ts";
import { add, mul, unflatten } from "../../kernel/expr.ts";
import type { Expr } from "../../kernel/ir.ts";
import { groupsOf, operandAxes } from "../../optimize/attention/operands.ts";
import type { Block } from "../build/block.ts";
import type { ScalarLayout, Target } from "../build/lowered.ts";
import type { MaskAxes } from "./mask.ts";
import { shortName } from "../build/names.ts";
import { axisGroup } from "../build/axis-mapping.ts";
import type { AxisGroup } from "../build/axis-mapping.ts";

/** Stands for minus infinity in scores: large enough that its exponential is zero, small enough to subtract from. */
export const farBelow = -1e30;

/** What one kernel of a pass is made from. */
export interface FlashKernel {
  readonly name: string;
  readonly comment: readonly string[];
  readonly problem: FlashProblem;
  /** By role: what this kernel writes. */
  readonly outputs: ReadonlyMap<string, Node>;
  readonly target: Target;
  readonly layout: ScalarLayout;
  /** In the backward passes: whether lse and D come as pairs in workspace 0, to save a binding. */
  readonly paired: boolean;
}

export interface FlashProblem {
  readonly form: AttentionForm;
  readonly gradient: AttentionGradientForm | undefined;
  /** The number of z axes; t, s and the feature follow at this position and the next two. */
  readonly rank: number;
  /** The axes of a point and the longer of the feature axes. */
  readonly space: readonly Axis[];
  readonly maskAxes: MaskAxes;
  readonly batches: number;
  readonly queries: number;
  readonly keys: number;
  /** How many query batches share a key, by z axis. */
  readonly groups: readonly number[];
  /** At points where the mask is evaluated. */
  readonly masked: PointScalars;
  /** At points that the mask is known to admit. */
  readonly admitted: PointScalars;
}

/** What is computed at one point, with q · k in slot 0. */
export interface PointScalars {
  readonly mask: Scalar;
  /** Far below where the mask does not admit the point. */
  readonly score: Scalar;
  readonly weight: Scalar;
  /** ∂score/∂(q · k). */
  readonly derivative: Scalar;
}

export function flashProblem(form: AttentionForm | AttentionGradientForm): FlashProblem {
  const forward = form.kind === "attention" ? form : form.forward;
  const rank = forward.z.length;
  const feature = forward.e.size >= forward.f.size ? forward.e : forward.f;
  const space = [...forward.z, forward.t, forward.s, feature];
  const kAxes = operandAxes(forward.k, forward, "s");
  return {
    form: forward,
    gradient: form.kind === "attention" ? undefined : form,
    rank,
    space,
    maskAxes: { query: rank, key: rank + 1 },
    batches: elementCount(forward.z),
    queries: forward.t.size,
    keys: forward.s.size,
    groups: kAxes ? groupsOf(kAxes, forward) : forward.z.map(() => 1),
    masked: pointScalars(forward, forward.mask ?? bool(true), space),
    admitted: pointScalars(forward, bool(true), space),
  };
}

function pointScalars(
  { score, weight = literal(1) }: AttentionForm,
  mask: Scalar,
  space: readonly Axis[],
): PointScalars {
  return {
    mask: simplifyScalar(mask, space),
    score: simplifyScalar(select(mask, score, literal(farBelow)), space),
    weight: simplifyScalar(whereAdmitted(mask, weight), space),
    derivative: simplifyScalar(whereAdmitted(mask, slotDerivative(score)), space),
  };
}

/** Reads under the mask stay there: a point that the mask does not admit may have nothing to read. What they give elsewhere is not used. */
export function whereAdmitted(mask: Scalar, s: Scalar): Scalar {
  return nodesRead(s).length > 0 ? select(mask, s, literal(0, s.dtype)) : s;
}

/** The derivative of a scalar with respect to slot 0. */
function slotDerivative(score: Scalar): Scalar {
  const stand = leaf("scalar", "dot", []);
  const dot = read(stand, []);
  const body = rewrite(score, (s) => (s.kind === "slot" ? dot : undefined));
  const [derivative] = pullback(body, literal(1), (r) => r.of === stand, body).values();
  return rewrite(derivative ?? literal(0), (s) => (s === dot ? slot(0) : undefined));
}

export const chunksOf = (features: Axis): number => Math.ceil(features.size / 4);

/** Groups that name each z axis. */
export function batchGroups({ form }: FlashProblem, block: Block, indices: readonly Expr[]): readonly AxisGroup[] {
  return form.z.map((a, i) => axisGroup(i, [a], block.define(shortName(a.name.toLowerCase()), indices[i] as Expr)));
}

/** The z indices of member `member` of the group of query batches that share key batch `keyBatch`. */
export function queryBatch({ form, groups }: FlashProblem, keyBatch: Expr, member: Expr): readonly Expr[] {
  const shared = unflatten(
    keyBatch,
    form.z.map((a, i) => a.size / (groups[i] as number)),
  );
  const own = unflatten(member, groups);
  return groups.map((group, i) => add(mul(shared[i] as Expr, group), own[i] as Expr));
}

export const members = ({ groups }: FlashProblem): number => groups.reduce((n, g) => n * g, 1);
