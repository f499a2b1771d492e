/**
 * @file Row programs: reductions along a row, and what is computed from them for each element and each row. A row belongs to one lane or to a run of lanes, which then
 * combine their parts with a fixed tree.
 */
import { invariant } from "../../util/invariant.ts";
import { elementCount } from "../../ir/node.ts";
import { add, bool, div, eq, group, i32, lane, lt, mod, mul, register, splat, variable } from "../../kernel/expr.ts";
import type { Array_, Expr, Statement, UniformStatement } from "../../kernel/ir.ts";
import { assign, branch, loop, phase, reduce } from "../../kernel/statements.ts";
import type { RowCluster } from "../../cluster/cluster.ts";
import { buildKernel } from "../build/bindings.ts";
import type { Bindings, KernelDraft } from "../build/bindings.ts";
import { Block } from "../build/block.ts";
import { divides } from "../build/operand-layout.ts";
import { kernelComment, kernelName, writeOutputs } from "../build/kernel.ts";
import type { Lowered, ScalarLayout, Target } from "../build/lowered.ts";
import { ScalarLowering } from "../build/lower-scalar.ts";
import type { Slots } from "../build/lower-scalar.ts";
import { axisGroup } from "../build/axis-mapping.ts";
import { across, combine, kernelOp, startOf, valueType } from "../build/reduction.ts";
import { passesOf } from "./row-passes.ts";
import type { Pass } from "./row-passes.ts";
import { rowShape } from "./row-shape.ts";
import type { RowShape } from "./row-shape.ts";
import { lowerRowStream } from "./row-stream.ts";

export function lowerRow(cluster: RowCluster, target: Target, layout: ScalarLayout): Lowered {
  const stream = lowerRowStream(cluster, target, layout);
  if (stream) return stream;
  const vector = !target.simd && cluster.along.length > 0 && divides(cluster.along) ? 4 : 1;
  const shape = rowShape(elementCount(cluster.rows), elementCount(cluster.along), vector, target);
  const dispatch = buildKernel(layout, target, (bindings) => new RowKernel(cluster, shape, vector, bindings).build());
  return {
    dispatches: [{ ...dispatch, walk: { axes: cluster.rows, perGroup: shape.lanes / shape.width } }],
    workspaces: [],
    reasons: [shape.reason],
  };
}

class RowKernel {
  readonly #cluster: RowCluster;
  readonly #shape: RowShape;
  readonly #vector: 1 | 4;
  readonly #bindings: Bindings;
  readonly #registers: Array_[] = [];
  readonly #body: UniformStatement[] = [];
  /** Values of the slots that are known so far, the same for the whole row. */
  readonly #results = new Map<number, Expr>();
  /** Staged elements, by slot and chunk. */
  readonly #stages = new Map<string, Array_>();
  /** The current phase: what all lanes do, the lane's row, and where code for the row goes. */
  #always: Statement[] = [];
  #rowIndex: Expr = group;
  #row: ScalarLowering;

  constructor(cluster: RowCluster, shape: RowShape, vector: 1 | 4, bindings: Bindings) {
    this.#cluster = cluster;
    this.#shape = shape;
    this.#vector = vector;
    this.#bindings = bindings;
    this.#row = this.#openPhase();
  }

  build(): KernelDraft {
    const { width, lanes, staged } = this.#shape;
    const { passes, rowOutputs } = passesOf(this.#cluster, staged);
    const scratch: Array_ = {
      name: this.#bindings.names.fresh("scratch"),
      element: valueType("f32", 1),
      length: lanes,
    };
    const shared = new Map<string, Array_>();
    for (const pass of passes) {
      const results = this.#pass(pass);
      if (width === 1) continue;
      if (pass.reduces.length > 0) this.#closePhase();
      for (const { op, register } of results) {
        const { scalar } = register.element;
        const array =
          scalar === "f32" ? scratch : { ...scratch, name: `${scratch.name}_${scalar}`, element: register.element };
        shared.set(array.name, array);
        this.#body.push(reduce(kernelOp(op), register, array, width));
      }
    }
    if (rowOutputs.length > 0) {
      const first = this.#row.inside({});
      writeOutputs(rowOutputs, first);
      this.#row.block.push(...branch(width === 1 ? bool(true) : eq(this.#part(), 0), first.block.statements));
    }
    this.#closePhase();
    const nodes = this.#cluster.steps.flatMap((step) => (step.kind === "output" ? [step.output.node] : []));
    const rows = elementCount(this.#cluster.rows);
    return {
      name: kernelName("row", nodes),
      groups: Math.ceil(rows / (lanes / width)),
      lanes,
      shared: [...shared.values()],
      registers: this.#registers,
      body: this.#body,
      comment: kernelComment(nodes),
    };
  }

  /** One loop over the row. Gives the registers with this lane's part of each reduction. */
  #pass(pass: Pass): { readonly op: Pass["reduces"][number]["op"]; readonly register: Array_ }[] {
    const { block } = this.#row;
    const sums = pass.reduces.map((step) => {
      invariant(step.value.dtype !== "bool", "booleans are not reduced");
      const total = this.#register(`${step.op}_${step.slot}`, valueType(step.value.dtype, 1));
      const partial =
        this.#vector === 1 ? total : this.#register(`${step.op}4_${step.slot}`, valueType(step.value.dtype, 4));
      // A lane without a row takes part in the combination as well.
      if (this.#idle !== undefined) this.#always.push(assign(total, startOf(step.op, total.element)));
      if (this.#idle === undefined || partial !== total) block.push(assign(partial, startOf(step.op, partial.element)));
      return { ...step, total, partial };
    });
    const statements = this.#eachChunk((chunk, index) => {
      const along = axisGroup(this.#cluster.rows.length, this.#cluster.along, index, this.#vector === 4);
      const point = this.#row.inside({ groups: [along], slots: (slot) => this.#staged(slot, chunk) });
      for (const { slot, value } of pass.elements) {
        const lowered = point.lower(value);
        const stage = this.#register(`stage_${slot}_${chunk}`, { scalar: lowered.type.scalar, width: this.#vector });
        this.#stages.set(`${slot} ${chunk}`, stage);
        point.block.push(assign(stage, splat(lowered, this.#vector)));
      }
      const values = point.lowerAll(sums.map((sum) => sum.value));
      sums.forEach(({ op, partial }, i) => {
        point.block.push(
          assign(partial, combine(op, register(partial), splat(values[i] as Expr, partial.element.width))),
        );
      });
      writeOutputs(pass.outputs, point);
      return point.block.statements;
    });
    block.push(...statements);
    for (const { op, slot, total, partial } of sums) {
      if (total !== partial) block.push(assign(total, across(op, register(partial))));
      this.#results.set(slot, register(total));
    }
    return sums.map(({ op, total }) => ({ op, register: total }));
  }

  /** The code for every chunk of the row that this lane works on: unrolled when staged values are in registers, else a loop. */
  #eachChunk(code: (chunk: number, index: Expr) => readonly Statement[]): readonly Statement[] {
    const { width, chunks, staged } = this.#shape;
    const units = elementCount(this.#cluster.along) / this.#vector;
    const one = (chunk: number, at: Expr): readonly Statement[] => {
      const unit = width === 1 ? at : add(mul(at, width), this.#part());
      const surely = width * chunks === units || (at.kind === "literal" && (at.value + 1) * width <= units);
      return branch(surely ? bool(true) : lt(unit, units), code(chunk, mul(unit, this.#vector)));
    };
    if (staged || chunks === 1) return Array.from({ length: chunks }, (_, chunk) => one(chunk, i32(chunk))).flat();
    const counter = this.#bindings.names.fresh("chunk");
    return loop(counter, 0, chunks, 1, one(0, variable(counter)));
  }

  /** The number of this lane in its row. */
  #part(): Expr {
    return this.#shape.width === this.#shape.lanes ? lane : mod(lane, this.#shape.width);
  }

  #staged(slot: number, chunk: number): Expr | undefined {
    const stage = this.#stages.get(`${slot} ${chunk}`);
    return stage && register(stage);
  }

  #register(name: string, element: Array_["element"]): Array_ {
    const made: Array_ = { name: this.#bindings.names.fresh(name), element, length: 1 };
    this.#registers.push(made);
    return made;
  }

  /** The condition under which a lane has a row; nothing when every lane has one. */
  get #idle(): Expr | undefined {
    const { width, lanes } = this.#shape;
    const rows = elementCount(this.#cluster.rows);
    return rows % (lanes / width) === 0 ? undefined : lt(this.#rowIndex, rows);
  }

  /** Begins the code of a phase; names of an earlier phase are not visible in it. */
  #openPhase(): ScalarLowering {
    const { width, lanes } = this.#shape;
    const outer = new Block(this.#bindings.names);
    const perGroup = lanes / width;
    this.#rowIndex = outer.define("row", add(mul(group, perGroup), perGroup === 1 ? 0 : div(lane, width)));
    this.#always = outer.statements;
    const slots: Slots = (slot) => this.#results.get(slot);
    const groups = [axisGroup(0, this.#cluster.rows, this.#rowIndex)];
    return new ScalarLowering({
      bindings: this.#bindings,
      block: outer.child(),
      space: [...this.#cluster.rows, ...this.#cluster.along],
      groups,
      slots,
    });
  }

  #closePhase(): void {
    this.#body.push(phase([...this.#always, ...branch(this.#idle ?? bool(true), this.#row.block.statements)]));
    this.#row = this.#openPhase();
  }
}
