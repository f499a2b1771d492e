/**
 * @file Rewriting a graph: nodes are replaced, and what depends on them is made again around the replacements. Nodes that nothing
 * changed stay the same objects, so that what a pass did not touch keeps its identity.
 */
import { invariant, unreachable } from "../../util/invariant.ts";
import type { AttentionForm, AttentionGradientForm, Node, Region, RegionForm, Scalar } from "../../ir/graph.ts";
import { comp, inputsOf, reachable, region, scatter, update } from "../../ir/node.ts";
import type { Label } from "../../ir/node.ts";
import { read, rewrite } from "../../ir/scalar.ts";

/** What a replacement is built from: nodes and scalars of the old graph as they are in the new one. */
export interface Renewal {
  readonly node: (old: Node) => Node;
  readonly scalar: (old: Scalar) => Scalar;
}

/** Gives the new node for an old one whose operands are renewed already, or nothing: then it is rebuilt as it was. */
export type Replace = (old: Node, renew: Renewal) => Node | undefined;

/** Rebuilds everything that the roots depend on; answers with the new node for each old one. */
export function rebuildGraph(roots: readonly Node[], replace: Replace): (old: Node) => Node {
  const made = new Map<Node, Node>();
  const scalars = new Map<Scalar, Scalar>();
  const forms = new Map<RegionForm, RegionForm>();
  const node = (old: Node): Node => {
    const known = made.get(old);
    invariant(known, `${old.name} is asked for before it is rebuilt`);
    return known;
  };
  const scalar = (old: Scalar): Scalar =>
    rewrite(
      old,
      (s) => (s.kind === "read" && node(s.of) !== s.of ? read(node(s.of), s.at.map(scalar)) : undefined),
      scalars,
    );
  const renew: Renewal = { node, scalar };
  for (const old of reachable(roots)) made.set(old, replace(old, renew) ?? renewed(old, renew, forms));
  return node;
}

/** The name and origin of a node, for another that takes its place. */
export function labelOf(node: Node): Label {
  return { name: node.name, ...(node.origin && { origin: node.origin }) };
}

function renewed(old: Node, renew: Renewal, forms: Map<RegionForm, RegionForm>): Node {
  if (inputsOf(old).every((input) => renew.node(input) === input)) return old;
  switch (old.kind) {
    case "leaf":
      return old;
    case "comp":
      return comp(labelOf(old), old.axes, renew.scalar(old.body), old.reduce);
    case "scatter":
      return scatter(labelOf(old), old.axes, old.over, old.at.map(renew.scalar), renew.scalar(old.body));
    case "update":
      return update(old.target, renew.node(old.value));
    case "region":
      return region(labelOf(old), renewedForm(old.form, renew, forms), old.role, old.reference);
    default:
      return unreachable(old);
  }
}

function renewedForm(form: RegionForm, renew: Renewal, forms: Map<RegionForm, RegionForm>): RegionForm {
  const known = forms.get(form);
  if (known) return known;
  const made = form.kind === "attention" ? renewedAttention(form, renew) : renewedGradient(form, renew, forms);
  forms.set(form, made);
  return made;
}

/** An attention form with its scalars renewed. */
export function renewedAttention(form: AttentionForm, { scalar }: Renewal): AttentionForm {
  return {
    ...form,
    q: scalar(form.q),
    k: scalar(form.k),
    v: scalar(form.v),
    score: scalar(form.score),
    ...(form.mask && { mask: scalar(form.mask) }),
    ...(form.weight && { weight: scalar(form.weight) }),
  };
}

function renewedGradient(
  form: AttentionGradientForm,
  renew: Renewal,
  forms: Map<RegionForm, RegionForm>,
): AttentionGradientForm {
  return {
    ...form,
    forward: renewedForm(form.forward, renew, forms) as AttentionForm,
    output: renew.node(form.output) as Region,
    lse: renew.node(form.lse) as Region,
    cotangent: renew.node(form.cotangent),
    dot: renew.node(form.dot),
    bins: form.bins.map((b) => ({ axis: b.axis, bin: renew.scalar(b.bin), derivative: renew.scalar(b.derivative) })),
  };
}
