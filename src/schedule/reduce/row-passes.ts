/**
 * @file The steps of a row program as passes over the row: a pass is one loop over `along`, and whatever needs the result of a reduction waits for a later pass.
 * Staged elements are either kept in registers from pass to pass, or computed again where they are used.
 */
import { rewrite, subexpressions } from "../../ir/scalar.ts";
import type { Reduction, Scalar } from "../../ir/graph.ts";
import type { Output, RowCluster } from "../../cluster/cluster.ts";

export interface Pass {
  /** In order: values to keep in registers, reductions to update, outputs to write, for each element. */
  readonly elements: readonly { readonly slot: number; readonly value: Scalar }[];
  readonly reduces: readonly { readonly slot: number; readonly op: Reduction["op"]; readonly value: Scalar }[];
  readonly outputs: readonly Output[];
}

export interface Passes {
  readonly passes: readonly Pass[];
  /** Written once a row, at the end. */
  readonly rowOutputs: readonly Output[];
}

/** With `staged` false no element step is left: its value stands wherever its slot was used. */
export function passesOf(cluster: RowCluster, staged: boolean): Passes {
  /** The first pass in which a slot can be read. */
  const readable = new Map<number, number>();
  const inlined = new Map<number, Scalar>();
  const elements: { pass: number; slot: number; value: Scalar }[] = [];
  const reduces: { pass: number; slot: number; op: Reduction["op"]; value: Scalar }[] = [];
  const outputs: { pass: number; output: Output }[] = [];
  const rowOutputs: Output[] = [];

  const inline = (s: Scalar): Scalar =>
    rewrite(s, (part) => (part.kind === "slot" ? inlined.get(part.index) : undefined));
  const passOf = (s: Scalar): number =>
    subexpressions(s).reduce(
      (pass, part) => (part.kind === "slot" ? Math.max(pass, readable.get(part.index) ?? 0) : pass),
      0,
    );

  cluster.steps.forEach((step, slot) => {
    if (step.kind === "output") {
      const output = {
        ...step.output,
        value: inline(step.output.value),
        ...(step.output.at && { at: step.output.at.map(inline) }),
      };
      if (step.per === "row") rowOutputs.push(output);
      else outputs.push({ pass: passOf(output.value), output });
      return;
    }
    const value = inline(step.value);
    const pass = passOf(value);
    if (step.kind === "reduce") {
      reduces.push({ pass, slot, op: step.op, value });
      readable.set(slot, pass + 1);
    } else if (staged) {
      elements.push({ pass, slot, value });
      readable.set(slot, pass);
    } else inlined.set(slot, value);
  });

  const count = Math.max(0, ...reduces.map(({ pass }) => pass + 1), ...outputs.map(({ pass }) => pass + 1));
  // What is updated in place is still read by other passes: it is written last.
  const last = (output: Output, pass: number): number => (output.node.kind === "update" ? count - 1 : pass);
  const passes = Array.from({ length: count }, (_, p): Pass => ({
    elements: elements.filter(({ pass }) => pass === p),
    reduces: reduces.filter(({ pass }) => pass === p),
    outputs: outputs.filter(({ output, pass }) => last(output, pass) === p).map(({ output }) => output),
  }));
  return { passes, rowOutputs };
}
