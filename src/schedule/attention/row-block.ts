/**
 * @file A workgroup's block of rows in attention (of queries, or of keys in the key pass), with the loop over the other side: what the kernels by tiles
 * and by vectors have in common.
 */
import type { Axis } from "../../ir/graph.ts";
import { add, div, f32Type, group, i32, max, min, mod, mul, unflatten, variable, vectorOf } from "../../kernel/expr.ts";
import type { Array_, Expr, UniformStatement } from "../../kernel/ir.ts";
import { phase, uniformLoop } from "../../kernel/statements.ts";
import type { Bindings, KernelDraft } from "../build/bindings.ts";
import { Block } from "../build/block.ts";
import { visible } from "./mask.ts";
import type { Extent, Visible } from "./mask.ts";
import { batchGroups, members, queryBatch } from "./problem.ts";
import type { FlashProblem } from "./problem.ts";
import { ScalarLowering } from "../build/lower-scalar.ts";
import { axisGroup } from "../build/axis-mapping.ts";
import type { AxisGroup } from "../build/axis-mapping.ts";

export class FlashBlock {
  readonly problem: FlashProblem;
  readonly bindings: Bindings;
  readonly side: "query" | "key";
  /** Rows that a workgroup owns. */
  readonly rows: number;
  readonly ownAxis: Axis;
  readonly otherAxis: Axis;
  readonly shared: Array_[] = [];
  /** Where the loop over the other side stands: the first of the rows it takes at once. */
  readonly start: Expr;
  readonly #start: string;
  readonly #member: string;
  readonly #blocks: number;

  constructor(problem: FlashProblem, bindings: Bindings, side: "query" | "key", rows: number) {
    this.problem = problem;
    this.bindings = bindings;
    this.side = side;
    this.rows = rows;
    const { form } = problem;
    [this.ownAxis, this.otherAxis] = side === "query" ? [form.t, form.s] : [form.s, form.t];
    this.#blocks = Math.ceil(this.ownAxis.size / rows);
    this.#member = bindings.names.fresh("member");
    this.#start = bindings.names.fresh("start");
    this.start = variable(this.#start);
  }

  sharedArray(hint: string, length: number, width: 1 | 4 = 1): Array_ {
    const made: Array_ = { name: this.bindings.names.fresh(hint), element: vectorOf(f32Type, width), length };
    this.shared.push(made);
    return made;
  }

  /** The first row of the workgroup's block: uniform. */
  get first(): Expr {
    return mul(this.#blocks === 1 ? i32(0) : mod(group, this.#blocks), this.rows);
  }

  /** A phase: `build` writes statements to a block in which z is known; outside of the loop over members that is the first of them. */
  phase(name: string, build: (at: ScalarLowering) => void, where: "within" | "outside" = "within"): UniformStatement {
    const block = new Block(this.bindings.names);
    const { form, space } = this.problem;
    const batch = this.#blocks === 1 ? group : div(group, this.#blocks);
    const indices =
      this.side === "query"
        ? unflatten(
            batch,
            form.z.map((a) => a.size),
          )
        : queryBatch(
            this.problem,
            batch,
            where === "outside" || members(this.problem) === 1 ? i32(0) : variable(this.#member),
          );
    const at = new ScalarLowering({
      bindings: this.bindings,
      block,
      space,
      groups: batchGroups(this.problem, block, indices),
    });
    build(at);
    return phase(block.statements, name);
  }

  /** The query batches that share the block's keys, one after the other. */
  eachMember(body: readonly UniformStatement[]): readonly UniformStatement[] {
    const count = members(this.problem);
    return this.side === "query" || count === 1 ? body : uniformLoop(this.#member, 0, count, 1, body);
  }

  /** The other side, `step` rows at a time, as far as the mask leaves it. */
  eachStep(step: number, body: readonly UniformStatement[]): readonly UniformStatement[] {
    const reach = this.reach({ first: this.first, last: add(this.first, this.rows - 1) });
    const from = reach.first ? mul(div(max(reach.first, 0), step), step) : i32(0);
    const to = reach.last ? min(add(reach.last, 1), this.otherAxis.size) : i32(this.otherAxis.size);
    return uniformLoop(this.#start, from, to, step, body);
  }

  /** What some own rows see of the other side. */
  reach(own: Extent): Visible {
    const { form, maskAxes } = this.problem;
    return visible(form.mask, maskAxes, this.side === "query" ? "key" : "query", own);
  }

  /** Extents of the own and the other side as those of queries and keys. */
  sides(own: Extent, other: Extent): readonly [query: Extent, key: Extent] {
    return this.side === "query" ? [own, other] : [other, own];
  }

  /** The group of a row of the own or the other side. */
  rowGroup(side: "own" | "other", index: Expr): AxisGroup {
    const { rank } = this.problem;
    const isQuery = (side === "own") === (this.side === "query");
    return axisGroup(isQuery ? rank : rank + 1, [side === "own" ? this.ownAxis : this.otherAxis], index);
  }

  kernel(
    about: Pick<KernelDraft, "name" | "comment" | "lanes" | "registers">,
    body: readonly UniformStatement[],
  ): KernelDraft {
    const batches = this.side === "query" ? this.problem.batches : this.problem.batches / members(this.problem);
    return { ...about, groups: batches * this.#blocks, shared: this.shared, body };
  }
}
