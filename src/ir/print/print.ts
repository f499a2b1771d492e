/**
 * @file Tensor IR as text, in index notation: one line a node, `q[B, T, H, E] = sum[d](x[b, t, d] * wq[d, h, e])`, with the path of the
 * value and the line of its source at the end. Nodes are called by the last word of their path, numbered where several share it.
 */
import { unreachable } from "../../util/invariant.ts";
import { positionAt } from "../../diagnostics/source.ts";
import { spaceOf } from "../affine.ts";
import type { Axis, Leaf, Node, Region, Scalar } from "../graph.ts";
import { inputsOf } from "../node.ts";
import { indexNames, printScalar } from "./scalar.ts";

/** Prints nodes in order, operands before users, after a line with the size of every axis. */
export function printGraph(nodes: readonly Node[]): string {
  const ordered = [...new Set(nodes)].toSorted((a, b) => a.id - b.id);
  const names = shortNames(ordered);
  const lines = ordered.map((node) => printNode(node, (n) => names.get(n) ?? n.name));
  const width = Math.min(
    100,
    lines.reduce((w, l) => Math.max(w, l.text.length <= 100 ? l.text.length : 0), 0),
  );
  const body = lines.map(({ lets, text, comment }) =>
    [...lets.map((l) => `  let ${l}`), `${text.padEnd(width)}    // ${comment}`].join("\n"),
  );
  return [axisSizes(ordered), "", ...body].join("\n");
}

export interface PrintedNode {
  readonly lets: readonly string[];
  readonly text: string;
  /** Path and source line. */
  readonly comment: string;
}

/** One node, with the names of nodes as given. */
export function printNode(node: Node, nameOf: (node: Node) => string = (n) => n.name): PrintedNode {
  const { lets, text } = definition(node, nameOf);
  const line = node.origin && `${node.origin.file.path}:${positionAt(node.origin.file, node.origin.start).line}`;
  return { lets, text, comment: [node.name, ...(line ? [line] : [])].join("  ") };
}

/** A short name for each node: the last word of its path, with a number where it is not the first of that name. */
export function shortNames(nodes: readonly Node[]): ReadonlyMap<Node, string> {
  const count = new Map<string, number>();
  const names = new Map<Node, string>();
  const add = (node: Node): void => {
    if (names.has(node)) return;
    const isGradient = node.name.startsWith("d ");
    const short = `${isGradient ? "d" : ""}${node.name.replaceAll(" ", "_").split(".").at(-1) ?? node.name}`.replace(
      /^dd_/,
      "d",
    );
    const index = (count.get(short) ?? 0) + 1;
    count.set(short, index);
    names.set(node, index === 1 ? short : `${short}_${index}`);
  };
  for (const node of nodes) {
    inputsOf(node).forEach(add);
    add(node);
  }
  return names;
}

function definition(
  node: Node,
  nameOf: (node: Node) => string,
): { readonly lets: readonly string[]; readonly text: string } {
  const name = nameOf(node);
  const head = `${name}${bracketed(node.axes.map((a) => a.name))}`;
  switch (node.kind) {
    case "leaf":
      return { lets: [], text: `${head}: ${leafText(node)}` };
    case "update":
      return { lets: [], text: `${nameOf(node.target)} := ${nameOf(node.value)}` };
    case "region":
      return { lets: [], text: `${head} = ${regionText(node, nameOf)}` };
    case "comp": {
      const space = spaceOf(node);
      const { lets, text } = printScalar(node.body, space, nameOf);
      const over = indexNames(space).slice(node.axes.length);
      return { lets, text: `${head} = ${node.reduce ? `${node.reduce.op}[${over.join(", ")}](${text})` : text}` };
    }
    case "scatter": {
      const at = node.at.map((index) => printScalar(index, node.over, nameOf, Infinity).text);
      const { lets, text } = printScalar(node.body, node.over, nameOf);
      const over = node.over.map((a, i) => `${indexNames(node.over)[i]} in ${a.name}`).join(", ");
      return { lets, text: `${name}${bracketed(at)} += ${text}  for ${over}` };
    }
    default:
      return unreachable(node);
  }
}

function leafText(node: Leaf): string {
  const sort =
    node.role === "scalar" ? `${node.dtype} scalar` : node.dtype === "f32" ? node.role : `${node.dtype} ${node.role}`;
  return node.below === undefined ? sort : `${sort} below ${node.below}`;
}

function regionText(node: Region, nameOf: (node: Node) => string): string {
  const { form, role } = node;
  if (form.kind === "attention-gradient")
    return `${form.kind}(of: ${nameOf(form.output)}, cotangent: ${nameOf(form.cotangent)}).${role}`;
  const print = (s: Scalar, last: Axis): string =>
    printScalar(s, [...form.z, form.t, form.s, last], nameOf, Infinity).text.replaceAll("slot0", "q·k");
  const fields = [
    `q: ${print(form.q, form.e)}`,
    `k: ${print(form.k, form.e)}`,
    `v: ${print(form.v, form.f)}`,
    `score: ${print(form.score, form.e)}`,
    ...(form.mask ? [`mask: ${print(form.mask, form.e)}`] : []),
    ...(form.weight ? [`weight: ${print(form.weight, form.e)}`] : []),
  ];
  return `${form.kind}(${fields.join(", ")}).${role}`;
}

function axisSizes(nodes: readonly Node[]): string {
  const sizes = new Map<string, Set<number>>();
  for (const a of nodes.flatMap((n) => [...n.axes, ...spaceOf(n)]))
    sizes.set(a.name, (sizes.get(a.name) ?? new Set()).add(a.size));
  return `// ${[...sizes].map(([name, all]) => `${name} = ${[...all].join(" or ")}`).join("  ")}`;
}

function bracketed(parts: readonly string[]): string {
  return parts.length === 0 ? "" : `[${parts.join(", ")}]`;
}
