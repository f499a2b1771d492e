/** @file Clusters as text: what each kernel computes, in index notation, and why its nodes are together. */
import { unreachable } from "../util/invariant.ts";
import type { Axis, Node, Scalar } from "../ir/graph.ts";
import { indexNames, printScalar } from "../ir/print/scalar.ts";
import { shortNames } from "../ir/print/print.ts";
import type { Cluster, Output } from "./cluster.ts";
import { nodesWritten } from "./walk.ts";

/** Prints clusters in the order given, numbered, each with its equations; with reasons unless told not to. */
export function printClusters(
  clusters: readonly Cluster[],
  { reasons = true }: { readonly reasons?: boolean } = {},
): string {
  const names = shortNames(clusters.flatMap(nodesWritten));
  const nameOf = (node: Node): string => names.get(node) ?? node.name;
  return clusters
    .map((c, i) =>
      [`${i + 1}. ${printCluster(c, nameOf)}`, ...(reasons ? c.reasons.map((r) => `     · ${r}`) : [])].join("\n"),
    )
    .join("\n");
}

function printCluster(cluster: Cluster, nameOf: (node: Node) => string): string {
  switch (cluster.kind) {
    case "map":
      return [`map ${list(cluster.axes)}`, ...cluster.outputs.map((o) => output(o, cluster.axes, nameOf))].join("\n");
    case "row":
      return printRow(cluster, nameOf);
    case "contract":
      return printContract(cluster, nameOf);
    case "fold": {
      const space = [...cluster.axes, ...cluster.over];
      const values = cluster.values.map(({ op, value }, i) =>
        indent(`slot${i} = ${op}${summed(space, cluster.axes.length)}(`, value, space, nameOf, ")"),
      );
      return [
        `fold ${list(cluster.axes)} over ${list(cluster.over)}`,
        ...values,
        ...cluster.outputs.map((o) => output(o, cluster.axes, nameOf)),
      ].join("\n");
    }
    case "bins": {
      const space = [...cluster.over, ...cluster.rest];
      return [
        `bins ${list([cluster.bins, ...cluster.rest])} over ${list(cluster.over)} by ${cluster.order.name}`,
        indent("slot0 = sum(", cluster.value, space, nameOf, ")"),
        output(cluster.output, [cluster.bins, ...cluster.rest], nameOf),
      ].join("\n");
    }
    case "flash":
      return printFlash(cluster, nameOf);
    default:
      return unreachable(cluster);
  }
}

function printRow(cluster: Extract<Cluster, { kind: "row" }>, nameOf: (node: Node) => string): string {
  const space = [...cluster.rows, ...cluster.along];
  const lines = cluster.steps.map((step, i) => {
    switch (step.kind) {
      case "reduce":
        return indent(`slot${i} = ${step.op}${summed(space, cluster.rows.length)}(`, step.value, space, nameOf, ")");
      case "element":
        return indent(`slot${i}${summed(space, cluster.rows.length)} = `, step.value, space, nameOf);
      case "output":
        return output(step.output, space, nameOf);
      default:
        return unreachable(step);
    }
  });
  return [`row ${list(cluster.rows)} along ${list(cluster.along)}`, ...lines].join("\n");
}

function printContract(cluster: Extract<Cluster, { kind: "contract" }>, nameOf: (node: Node) => string): string {
  const outer = [...cluster.batch, ...cluster.m, ...cluster.n];
  const space = [...outer, ...cluster.k];
  const k = summed(space, outer.length);
  const products = cluster.products.map(
    ({ into, a, b }) => `     slot${into} += sum${k}(${text(a, space, nameOf)} · ${text(b, space, nameOf)})`,
  );
  const classes = `${list(cluster.m)}${list(cluster.n)} over ${list(cluster.k)}${cluster.batch.length > 0 ? ` for each ${list(cluster.batch)}` : ""}`;
  return [`contract ${classes}`, ...products, ...cluster.outputs.map((o) => output(o, outer, nameOf))].join("\n");
}

function printFlash(cluster: Extract<Cluster, { kind: "flash" }>, nameOf: (node: Node) => string): string {
  const form = cluster.form.kind === "attention" ? cluster.form : cluster.form.forward;
  const space = [...form.z, form.t, form.s, form.e];
  return [
    `flash ${cluster.pass} ${list([...form.z, form.t])} over ${list([form.s])}`,
    `     score = ${text(form.score, space, nameOf)} with slot0 = sum[${form.e.name.toLowerCase()}](${text(form.q, space, nameOf)} · ${text(form.k, space, nameOf)})`,
    ...(form.mask ? [`     where ${text(form.mask, space, nameOf)}`] : []),
    ...cluster.outputs.map((o) => `     ${nameOf(o.node)}${list(o.node.axes)} = ${o.role}`),
  ].join("\n");
}

function output({ node, value, at }: Output, space: readonly Axis[], nameOf: (node: Node) => string): string {
  const target = node.kind === "update" ? `${node.target.name} :=` : nameOf(node);
  const indices = at ? at.map((s) => text(s, space, nameOf)) : indexNames(space).slice(0, node.axes.length);
  return indent(`${target}[${indices.join(", ")}] = `, value, space, nameOf);
}

function indent(
  head: string,
  value: Scalar,
  space: readonly Axis[],
  nameOf: (node: Node) => string,
  tail = "",
): string {
  const printed = printScalar(value, space, nameOf);
  return [...printed.lets.map((l) => `     let ${l}`), `     ${head}${printed.text}${tail}`].join("\n");
}

function text(value: Scalar, space: readonly Axis[], nameOf: (node: Node) => string): string {
  return printScalar(value, space, nameOf, Infinity).text;
}

function list(axes: readonly Axis[]): string {
  return `[${axes.map((a) => a.name).join(", ")}]`;
}

function summed(space: readonly Axis[], from: number): string {
  return `[${indexNames(space).slice(from).join(", ")}]`;
}
