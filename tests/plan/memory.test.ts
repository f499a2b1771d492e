import fc from "fast-check";
import { expect, test } from "vitest";
import { gradients } from "../../src/grad/gradients.ts";
import type { Axis, Leaf, Node, Scalar } from "../../src/ir/graph.ts";
import { comp, leaf } from "../../src/ir/node.ts";
import { add, axis, binary, div, int, literal, mul, read, select, sub, unary } from "../../src/ir/scalar.ts";
import { clusterGraph } from "../../src/optimize/clusters.ts";
import { evaluate } from "../../src/ir/evaluate/evaluate.ts";
import { interpret } from "../../src/kernel/verify/interpret.ts";
import { Lowering } from "../../src/plan/passes/dispatches.ts";
import { Homes } from "../../src/plan/buffers/allocation.ts";
import type { Home } from "../../src/plan/buffers/allocation.ts";
import { peakOf, shareBuffers } from "../../src/plan/buffers/memory.ts";
import { buildProgram } from "../../src/plan/passes/program.ts";
import { gpuTarget } from "../../src/schedule/build/lowered.ts";

const lifetimes = fc
  .array(fc.record({ bytes: fc.integer({ min: 1, max: 64 }), from: fc.nat(20), length: fc.nat(10) }), { maxLength: 40 })
  .map((list) =>
    list.map(({ bytes, from, length }, tensor) => ({ tensor, bytes: 4 * bytes, from, to: from + length })),
  );

test("tensors alive together never share a buffer, and every buffer holds what it is given", () => {
  fc.assert(
    fc.property(lifetimes, (lives) => {
      let made = 0;
      const placed = shareBuffers(lives, [], (bytes) => ({ name: `b${made++}`, role: "activation", bytes }));
      for (const a of lives) {
        expect(placed.get(a.tensor)?.bytes).toBeGreaterThanOrEqual(a.bytes);
        for (const b of lives)
          if (a !== b && a.from <= b.to && b.from <= a.to) expect(placed.get(a.tensor)).not.toBe(placed.get(b.tensor));
      }
      const total = [...new Set(placed.values())].reduce((sum, b) => sum + b.bytes, 0);
      expect(total).toBeGreaterThanOrEqual(peakOf(lives).bytes);
    }),
  );
});

const [B, D]: [Axis, Axis] = [
  { name: "B", size: 3 },
  { name: "D", size: 8 },
];
const here: readonly Scalar[] = [axis(0), axis(1)];

const at = (n: Node, ...indices: readonly Scalar[]): Scalar => read(n, indices);

/** Grows a graph over [B, D] from choices: pointwise sums, products, row sums broadcast again, columns folded, matrices applied. */
function grow(choices: readonly { readonly kind: number; readonly a: number; readonly b: number }[]): {
  readonly roots: readonly Node[];
  readonly inputs: readonly Leaf[];
} {
  const inputs = [leaf("parameter", "x", [B, D]), leaf("parameter", "y", [B, D]), leaf("parameter", "w", [D, D])];
  const nodes: Node[] = inputs.slice(0, 2);
  const pick = (i: number): Node => nodes[i % nodes.length] as Node;
  choices.forEach(({ kind, a, b }, i) => {
    const [left, right] = [pick(a), pick(b)];
    const name = `n${i}`;
    switch (kind) {
      case 0:
        nodes.push(comp({ name }, [B, D], add(read(left, here), read(right, here))));
        break;
      case 1:
        nodes.push(comp({ name }, [B, D], mul(read(left, here), unary("tanh", read(right, here)))));
        break;
      case 2: {
        const row = comp({ name: `${name}.sum` }, [B], mul(read(left, here), read(right, here)), {
          op: "sum",
          axes: [D],
        });
        nodes.push(comp({ name }, [B, D], mul(read(left, here), unary("tanh", read(row, [axis(0)])))));
        break;
      }
      case 3: {
        const column = comp({ name: `${name}.sum` }, [D], at(left, axis(1), axis(0)), { op: "sum", axes: [B] });
        nodes.push(comp({ name }, [B, D], add(read(right, here), read(column, [axis(1)]))));
        break;
      }
      case 4: {
        const top = comp({ name: `${name}.max` }, [B], read(left, here), { op: "max", axes: [D] });
        const e = unary("exp", sub(read(left, here), read(top, [axis(0)])));
        const total = comp({ name: `${name}.total` }, [B], e, { op: "sum", axes: [D] });
        nodes.push(comp({ name }, [B, D], div(e, read(total, [axis(0)]))));
        break;
      }
      case 5:
        nodes.push(
          comp(
            { name },
            [B, D],
            select(binary("lt", int(0), axis(1)), at(left, axis(0), sub(axis(1), int(1))), read(right, here)),
          ),
        );
        break;
      case 6: {
        const gate = comp(
          { name: `${name}.gate` },
          [B, D],
          mul(at(left, axis(0), axis(2)), at(inputs[2] as Node, axis(2), axis(1))),
          { op: "sum", axes: [D] },
        );
        const up = comp(
          { name: `${name}.up` },
          [B, D],
          mul(at(left, axis(0), axis(2)), at(inputs[2] as Node, axis(1), axis(2))),
          { op: "sum", axes: [D] },
        );
        nodes.push(
          comp(
            { name },
            [B, D],
            b % 2 === 0 ? mul(read(gate, here), unary("tanh", read(up, here))) : add(read(up, here), read(gate, here)),
          ),
        );
        break;
      }
      default: {
        const product = comp(
          { name },
          [B, D],
          mul(at(left, axis(0), axis(2)), at(inputs[2] as Node, axis(2), axis(1))),
          { op: "sum", axes: [D] },
        );
        nodes.push(
          b % 2 === 0 ? product : comp({ name: `${name}.plus` }, [B, D], add(read(product, here), read(right, here))),
        );
      }
    }
  });
  return { roots: nodes.slice(-2), inputs };
}

const graphs = fc.array(fc.record({ kind: fc.nat(7), a: fc.nat(30), b: fc.nat(30) }), { minLength: 2, maxLength: 14 });

/** Compiles roots over the inputs, runs every dispatch on the interpreter, and compares with the evaluator. */
function check(roots: readonly Node[], inputs: readonly Leaf[], forwardRoots?: number): void {
  const homes = new Homes();
  const values = new Map(
    inputs.map((n, salt) => [
      n,
      Float64Array.from({ length: n.axes.reduce((c, a) => c * a.size, 1) }, (_, i) =>
        Math.fround(Math.sin(i * 1.7 + salt * 3.1)),
      ),
    ]),
  );
  for (const input of inputs)
    homes.place(input, homes.buffer(input.name, "parameters", 4 * (values.get(input)?.length ?? 0)));
  const { clusters, roots: final } = clusterGraph(roots, {
    bindings: gpuTarget.bindings,
    ...(forwardRoots !== undefined && { forwardRoots }),
  });
  const built = buildProgram({
    name: "any",
    stages: [clusters.map((c) => [[c]])],
    results: final,
    homes,
    lowering: new Lowering(gpuTarget),
    pool: [],
    scalarsBuffer: homes.buffer("scalars", "scalars", 8),
  });
  const memory = new Map(homes.buffers.map((b) => [b, b.words?.slice().buffer ?? new ArrayBuffer(b.bytes)]));
  const view = ({ buffer, offset, bytes }: Home, numbers = bytes / 4): Float32Array =>
    new Float32Array(memory.get(buffer) ?? new ArrayBuffer(0), offset, numbers);
  for (const [input, data] of values) {
    const home = homes.fixed(input);
    if (home) view(home).set(data);
  }
  for (const { kernel, bindings } of built.dispatches) {
    for (const [i, a] of bindings.entries()) {
      for (const [j, b] of bindings.entries())
        if (a.buffer === b.buffer && i !== j)
          expect([kernel.bindings[i]?.access, kernel.bindings[j]?.access]).toEqual(["read", "read"]);
    }
    expect(
      interpret(
        kernel,
        bindings.map((home, i) =>
          view(home, (kernel.bindings[i]?.length ?? 0) * (kernel.bindings[i]?.element.width ?? 1)),
        ),
      ),
    ).toEqual([]);
  }
  const want = evaluate(roots, (l) => values.get(l) ?? 0);
  roots.forEach((root, r) => {
    const expected = want.get(root) ?? new Float64Array();
    const got = view(built.home(final[r] ?? root));
    const scale = expected.reduce((s, v) => Math.max(s, Math.abs(v)), 1);
    expected.forEach((value, i) => expect(Math.abs((got[i] ?? NaN) - value)).toBeLessThan(1e-3 * scale));
  });
}

test("any graph, clustered, ordered and with memory shared, computes what its nodes say", () => {
  fc.assert(
    fc.property(graphs, (choices) => {
      const { roots, inputs } = grow(choices);
      check(roots, inputs);
    }),
    { numRuns: 60 },
  );
});

test("the gradient of any graph is computed as it is defined, with what the forward pass does not save made again", () => {
  fc.assert(
    fc.property(graphs, (choices) => {
      const { roots, inputs } = grow(choices);
      const loss = comp({ name: "loss" }, [], roots.map((r) => mul(read(r, here), literal(0.1))).reduce(add), {
        op: "sum",
        axes: [B, D],
      });
      const found = gradients(loss, inputs).gradients;
      // A gradient that is zero, or an input itself, is nothing to compute.
      check([loss, ...[...found.values()].filter((g) => g.kind === "comp" && g.body.kind !== "literal")], inputs, 1);
    }),
    { numRuns: 40 },
  );
});
