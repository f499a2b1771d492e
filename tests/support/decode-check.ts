/** @file Feeds a sequence token by token through the decoding step, and compares with the forward pass over all of it. */
import type { Leaf } from "../../src/ir/graph.ts";
import type { Model } from "../../src/ir/model.ts";
import { decodeProgram, prefillProgram } from "../../src/ir/decode.ts";
import type { DecodeProgram } from "../../src/ir/decode.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import { elementCount } from "../../src/ir/node.ts";
import { randomSource, randomValues } from "./gradcheck.ts";

/** Throws at the first position whose logits differ; answers with the program. */
export function checkDecoding(model: Model, tolerance = 1e-10): DecodeProgram {
  const program = decodeProgram(model);
  const tokens = model.inputs.find((i) => i.role === "tokens" && !program.others.has(i.leaf))?.leaf as Leaf;
  const values = randomValues([model.logits], randomSource(3));
  const valueOf = (l: Leaf): Float64Array<ArrayBuffer> => values.get(l) as Float64Array<ArrayBuffer>;
  const full = evaluate([model.logits], valueOf).get(model.logits) as Float64Array;
  // The first sequence of the batch is decoded, with the first row of every other input.
  for (const [input, row] of program.others) values.set(row, valueOf(input).subarray(0, elementCount(row.axes)));
  // What a cache holds before it is written must not matter.
  const state = new Map<Leaf, Float64Array<ArrayBuffer>>(program.caches.map((c) => [c, new Float64Array(elementCount(c.axes)).fill(NaN)]));
  for (let position = 0; position < model.context; position++) {
    const bind = (l: Leaf): Float64Array | number =>
      l === program.position ? position : l === program.token ? (valueOf(tokens)[position] as number) : (state.get(l) ?? valueOf(l));
    const found = evaluate([program.logits, ...program.updates], bind);
    const logits = found.get(program.logits) as Float64Array;
    logits.forEach((x, v) => {
      const expected = full[position * model.vocabulary + v] as number;
      if (!(Math.abs(x - expected) <= tolerance * Math.max(1, Math.abs(expected)))) throw new Error(`${model.name}: logit ${v} at position ${position} is ${x}, the forward pass says ${expected}`);
    });
    for (const u of program.updates) state.set(u.target, found.get(u) as Float64Array<ArrayBuffer>);
  }
  checkPrefill(model, program, valueOf, tokens, state, tolerance);
  return program;
}

/** Several tokens at once leave in the caches what one after the other left there, whatever stood there before. */
function checkPrefill(model: Model, decode: DecodeProgram, valueOf: (l: Leaf) => Float64Array<ArrayBuffer>, tokens: Leaf, expected: ReadonlyMap<Leaf, Float64Array<ArrayBuffer>>, tolerance: number): void {
  const size = Math.max(1, Math.floor(model.context / 3));
  const program = prefillProgram(model, decode, size);
  const state = new Map([...expected].map(([c, v]) => [c, new Float64Array(v.length).fill(NaN)]));
  for (let position = 0; position < model.context; position += size) {
    // The last ones begin earlier, so that all are in the context.
    const from = Math.min(position, model.context - size);
    const bind = (l: Leaf): Float64Array | number =>
      l === program.position ? from : l === program.tokens ? valueOf(tokens).subarray(from, from + size) : (state.get(l) ?? valueOf(l));
    const found = evaluate(program.updates, bind);
    for (const u of program.updates) state.set(u.target, found.get(u) as Float64Array<ArrayBuffer>);
  }
  for (const [cache, want] of expected) {
    state.get(cache)?.forEach((x, i) => {
      if (!(Math.abs(x - (want[i] as number)) <= tolerance * Math.max(1, Math.abs(want[i] as number)))) throw new Error(`${model.name}: ${cache.name}[${i}] is ${x} after several tokens at once, ${want[i]} after one by one`);
    });
  }
}
