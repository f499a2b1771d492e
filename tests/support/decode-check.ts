/** @file Feeds a sequence token by token through the decoding step, and compares with the forward pass over all of it. */
import type { Leaf } from "../../src/ir/graph.ts";
import type { Model } from "../../src/ir/model.ts";
import { decodeProgram } from "../../src/ir/decode.ts";
import type { DecodeProgram } from "../../src/ir/decode.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import { elementCount } from "../../src/ir/node.ts";
import { randomSource, randomValues } from "./gradcheck.ts";

/** Throws at the first position whose logits differ; answers with the program. */
export function checkDecoding(model: Model, tolerance = 1e-10): DecodeProgram {
  const program = decodeProgram(model);
  const tokens = model.inputs.find((i) => i.role === "tokens" && !program.others.has(i.leaf))?.leaf as Leaf;
  const values = randomValues([model.logits], randomSource(3));
  const valueOf = (l: Leaf): Float64Array => values.get(l) as Float64Array;
  const full = evaluate([model.logits], valueOf).get(model.logits) as Float64Array;
  // The first sequence of the batch is decoded, with the first row of every other input.
  for (const [input, row] of program.others) values.set(row, valueOf(input).subarray(0, elementCount(row.axes)));
  // What a cache holds before it is written must not matter.
  const state = new Map<Leaf, Float64Array>(program.caches.map((c) => [c, new Float64Array(elementCount(c.axes)).fill(NaN)]));
  for (let position = 0; position < model.context; position++) {
    const bind = (l: Leaf): Float64Array | number =>
      l === program.position ? position : l === program.token ? (valueOf(tokens)[position] as number) : (state.get(l) ?? valueOf(l));
    const found = evaluate([program.logits, ...program.updates], bind);
    const logits = found.get(program.logits) as Float64Array;
    logits.forEach((x, v) => {
      const expected = full[position * model.vocabulary + v] as number;
      if (!(Math.abs(x - expected) <= tolerance * Math.max(1, Math.abs(expected)))) throw new Error(`${model.name}: logit ${v} at position ${position} is ${x}, the forward pass says ${expected}`);
    });
    for (const u of program.updates) state.set(u.target, found.get(u) as Float64Array);
  }
  return program;
}
