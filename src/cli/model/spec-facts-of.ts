/** @file What a spec decides about the numbers of a run: its computation, optimizer and data by their meaning, so that layout, comments and names of values do not count. */
import type { Node } from "../../ir/graph.ts";
import type { Optimizer } from "../../ir/model.ts";
import { inputsOf } from "../../ir/node.ts";
import { printNode } from "../../ir/print/print.ts";
import { printScalar } from "../../ir/print/scalar.ts";
import { spanText, type Span } from "../../diagnostics/source.ts";
import { sha256 } from "../../plan/hash.ts";
import type { DataSpec } from "../../runtime/data/data.ts";
import type { SpecFact, SpecFacts } from "../../runtime/session/spec-facts.ts";
import type { CompilableModel } from "./model.ts";

export function specFactsOf({ elaboration, withBatch }: CompilableModel, data: DataSpec): SpecFacts {
  const { model, optimizer, train } = elaboration;
  // The size of a batch is a fact of its own, and stands in means over the batch.
  const { loss, evaluationLoss, logits } = withBatch(1).model ?? model;
  const written = (field: string, otherwise: string): string => textOf(train.spans[field]) ?? otherwise;
  // Where the files lie does not matter: what is in them is compared as tokens.
  const sources = data.sources.map((source) => ({ ...source, files: [] }));
  return {
    ...Object.fromEntries([...model.dims].map(([name, size]) => [`dims.${name}`, fact(String(size))])),
    model: fact(model.name, graphText([loss, evaluationLoss, logits])),
    batch: fact(`${model.batch} sequences`),
    optimizer: fact(
      written("optimizer", optimizer.name),
      optimizerText(
        optimizer,
        model.parameters.map((parameter) => parameter.leaf),
      ),
    ),
    schedule: fact(written("schedule", "constant"), meaningOf(train.schedule)),
    clip: fact(train.clip === undefined ? "none" : String(train.clip)),
    precision: fact(train.precision),
    seed: fact(String(train.seed)),
    data: fact(`\`${data.name}\``, JSON.stringify({ sources, split: data.split })),
  };
}

const fact = (text: string, meaning: string = text): SpecFact => ({ text, hash: sha256(meaning) });

function textOf(span: Span | undefined): string | undefined {
  return (
    span &&
    `\`${spanText(span)
      .replace(/\/\/.*/g, "")
      .replace(/\s+/g, " ")
      .trim()}\``
  );
}

/** The graph by what it computes: nodes are numbered in the order in which they are reached, and only parameters keep their names. */
function graphText(roots: readonly Node[]): string {
  const numbers = new Map<Node, number>();
  const lines: string[] = [];
  const waiting: { readonly node: Node; readonly ready: boolean }[] = roots
    .toReversed()
    .map((node) => ({ node, ready: false }));
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    const { node, ready } = at;
    if (numbers.has(node)) continue;
    if (!ready) {
      waiting.push(
        { node, ready: true },
        ...inputsOf(node)
          .toReversed()
          .map((input) => ({ node: input, ready: false })),
      );
      continue;
    }
    numbers.set(node, numbers.size);
    const { lets, text } = printNode(node, (n) => (n.kind === "leaf" ? n.name : `n${numbers.get(n)}`));
    lines.push(...lets, text);
  }
  return lines.join("\n");
}

function optimizerText(
  { rate, states, groups }: Optimizer,
  parameters: readonly Parameters<Optimizer["groups"][number]["takes"]>[0][],
): string {
  const scalars = groups.map(({ parameter, states: next, takes }) => [
    parameters.filter(takes).map((leaf) => leaf.name),
    ...[parameter, ...next].map((scalar) => printScalar(scalar, [])),
  ]);
  return JSON.stringify([rate, states.map(({ name, init }) => [name, init]), scalars]);
}

/** A part of the syntax tree without places in the text. */
function meaningOf(tree: unknown): string {
  return (
    JSON.stringify(tree, (key, value: unknown) => (key === "span" || key.endsWith("Span") ? undefined : value)) ?? ""
  );
}
