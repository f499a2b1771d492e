/**
 * @file Puts regions in the place of recognised attention and of its adjoints. The forward contraction becomes a region with its log-sum-exp;
 * what differentiation made of dq, dk and dv becomes regions of one gradient form, after which nothing over queries and keys is needed.
 * Where something still is (the gradient of a bias over all queries and keys), the plain nodes stay and compute it, and the reason is kept.
 */
import type { Gradients } from "../../grad/gradients.ts";
import type { AttentionForm, AttentionGradientForm, Node, Region } from "../../ir/graph.ts";
import { comp, reachable, region } from "../../ir/node.ts";
import { axis, mul, read } from "../../ir/scalar.ts";
import { capturedBins, readBins } from "./bins.ts";
import type { CapturedBins } from "./bins.ts";
import type { CanonicalAttention } from "./canonical.ts";
import type { Rejection } from "./recognise.ts";
import { plainRead } from "./operands.ts";
import { labelOf, rebuildGraph, renewedAttention } from "../canonical/rebuild.ts";
import type { Renewal } from "../canonical/rebuild.ts";

export interface SubstitutedAttention {
  /** The roots given, in their order, of the rewritten graph. */
  readonly roots: readonly Node[];
  /** What had to stay outside of the regions, and why. */
  readonly remarks: readonly Rejection[];
}

/** What is replaced for one attention: adjoint nodes by their roles. */
interface Adjoints {
  readonly canonical: CanonicalAttention;
  readonly cotangent: Node | undefined;
  readonly roles: ReadonlyMap<Node, "dq" | "dk" | "dv">;
  readonly bins: readonly CapturedBins[];
}

/** Rewrites the graph of `roots` in which `found` was recognised; without gradients only the forward contractions. */
export function substituteAttention(
  roots: readonly Node[],
  found: readonly CanonicalAttention[],
  gradients?: Gradients,
): SubstitutedAttention {
  const remarks: Rejection[] = [];
  const all = found.map((canonical) => adjointsOf(canonical, gradients, remarks));
  const owners = new Map<Node, Adjoints>();
  for (const adjoints of all) {
    owners.set(adjoints.canonical.output, adjoints);
    for (const node of adjoints.roles.keys()) owners.set(node, adjoints);
    for (const { contribution } of adjoints.bins) owners.set(contribution.node, adjoints);
  }
  const made = new Map<Adjoints, Regions>();
  const renewed = rebuildGraph([...roots, ...found.map((f) => f.output)], (old, renew) => {
    const owner = owners.get(old);
    if (!owner) return undefined;
    const regions = made.get(owner) ?? new Regions(owner, renew);
    made.set(owner, regions);
    return regions.replacement(old);
  });
  const result = roots.map(renewed);
  const alive = new Set(reachable(result));
  for (const { canonical } of all) {
    const rest = [canonical.dot, canonical.score, canonical.probability].find((node) => alive.has(renewed(node)));
    if (rest)
      remarks.push({
        node: canonical.output,
        reason: `${rest.name} is computed whole as well, for what the attention kernels do not give`,
      });
  }
  return { roots: result, remarks };
}

function adjointsOf(canonical: CanonicalAttention, gradients: Gradients | undefined, remarks: Rejection[]): Adjoints {
  const { form, dot, output, score } = canonical;
  const cotangent = gradients?.cotangents.get(output);
  if (!gradients || !cotangent) return { canonical, cotangent: undefined, roles: new Map(), bins: [] };
  const roles = new Map<Node, "dq" | "dk" | "dv">();
  const sources = [
    ["dq", dot, form.q],
    ["dk", dot, form.k],
    ["dv", output, form.v],
  ] as const;
  for (const [role, consumer, operand] of sources) {
    for (const c of gradients.contributions)
      if (c.consumer === consumer && c.operand === plainRead(operand).of) roles.set(c.node, role);
  }
  const captured = gradients.contributions.filter((c) => c.consumer === score && c.operand !== dot);
  const bins = captured.flatMap((contribution) => {
    const bin = capturedBins(contribution, canonical, gradients);
    if (typeof bin !== "string") return [bin];
    remarks.push({ node: output, reason: bin });
    return [];
  });
  return { canonical, cotangent, roles, bins };
}

/** The regions of one attention, made as the graph is rebuilt: the gradient form only when its cotangent is there. */
class Regions {
  readonly #adjoints: Adjoints;
  readonly #renew: Renewal;
  readonly #form: AttentionForm;
  readonly #output: Region;
  readonly #lse: Region;
  #gradient: AttentionGradientForm | undefined;

  constructor(adjoints: Adjoints, renew: Renewal) {
    this.#adjoints = adjoints;
    this.#renew = renew;
    const { form, output, logSumExp } = adjoints.canonical;
    this.#form = renewedAttention(form, renew);
    this.#output = region(labelOf(output), this.#form, "o", output);
    this.#lse = region(labelOf(logSumExp), this.#form, "lse", logSumExp);
  }

  replacement(old: Node): Node {
    const { canonical, roles, bins } = this.#adjoints;
    if (old === canonical.output) return this.#output;
    this.#gradient ??= this.#gradientForm();
    const role = roles.get(old);
    if (role) return region(labelOf(old), this.#gradient, role, old);
    const i = bins.findIndex((b) => b.contribution.node === old);
    const binned = bins[i] as CapturedBins;
    return readBins(
      binned,
      region({ ...labelOf(old), name: `${old.name}.rows` }, this.#gradient, `bins${i}`, binned.reference),
      this.#form,
    );
  }

  #gradientForm(): AttentionGradientForm {
    const { canonical, bins } = this.#adjoints;
    const form = this.#form;
    const { scalar } = this.#renew;
    const cotangent = this.#renew.node(this.#adjoints.cotangent as Node);
    // Over z, t and then the feature that is summed: the output's positions without s.
    const at = form.outputAxes.map((p) => axis(Math.min(p, form.z.length + 1)));
    const label = { ...labelOf(canonical.output), name: `${canonical.output.name}.dot_gradient` };
    const dot = comp(label, [...form.z, form.t], mul(read(cotangent, at), read(this.#output, at)), {
      op: "sum",
      axes: [form.f],
    });
    return {
      kind: "attention-gradient",
      forward: form,
      output: this.#output,
      lse: this.#lse,
      cotangent,
      dot,
      bins: bins.map((b) => ({ axis: b.axis, bin: scalar(b.bin), derivative: scalar(b.derivative) })),
    };
  }
}
