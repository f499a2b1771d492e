/**
 * @file The rows or the columns of a lane's tile in a contraction: the points where operands and outputs are lowered, one an element or one for four neighbours, and the
 * values of an operand there at one step along k. An element past the end gets the index of the last one: it is computed twice and written once.
 */
import { invariant } from "../../util/invariant.ts";
import { elementCount } from "../../ir/node.ts";
import type { Axis, Scalar } from "../../ir/graph.ts";
import { add, component, lt, min, mul, vector } from "../../kernel/expr.ts";
import type { Expr } from "../../kernel/ir.ts";
import type { Block } from "../build/block.ts";
import type { Direction } from "../build/operand-layout.ts";
import { divides } from "../build/operand-layout.ts";
import type { ScalarLowering } from "../build/lower-scalar.ts";
import { axisGroup } from "../build/axis-mapping.ts";
import type { AxisGroup } from "../build/axis-mapping.ts";

/** The step along k that code is generated for. */
export interface KStep {
  /** Where the code goes: the body of the loop. */
  readonly block: Block;
  /** The value of k that is `u` after the loop's. */
  readonly at: (u: number) => AxisGroup;
  /** The four values of k of this step as a vector. */
  readonly vector?: AxisGroup;
}

export interface SideOptions {
  /** Where nothing but the batch is known. */
  readonly base: ScalarLowering;
  readonly axes: readonly Axis[];
  /** Position of the first axis. */
  readonly first: number;
  /** The tile's number along this side, and how many elements it has. */
  readonly tile: Expr;
  readonly count: number;
  /** `row` or `column`, for names. */
  readonly name: string;
  /** Tiles come in whole multiples of this many elements, so that a tile may lie past the end altogether; by default of `count`. */
  readonly cover?: number;
}

export class TileSide {
  readonly count: number;
  /** Elements a vector takes: 4 when four divides the last axis and the tile, else 1. */
  readonly width: 1 | 4;
  readonly #options: SideOptions;
  readonly #size: number;
  readonly #points = new Map<string, ScalarLowering>();

  constructor(options: SideOptions) {
    this.#options = options;
    this.count = options.count;
    this.#size = elementCount(options.axes);
    this.width = divides(options.axes) && options.count % 4 === 0 && options.axes.length > 0 ? 4 : 1;
  }

  /** Where element `i` is, or with width 4 elements 4i … 4i + 3. */
  point(i: number, width: 1 | 4): ScalarLowering {
    const { base, axes, first, name } = this.#options;
    return this.#memo(`${width} ${i}`, () => {
      const at = this.#at(i, width);
      const last = this.#size / width - 1;
      const clamped = this.#ragged() ? base.block.share(name, min(at, last)) : at;
      return base.inside({ groups: [axisGroup(first, axes, mul(clamped, width), width === 4)], block: base.block });
    });
  }

  /** Whether element `i` (or four) exists; nothing when it surely does. */
  exists(i: number, width: 1 | 4): Expr | undefined {
    return this.#ragged() ? lt(this.#at(i, width), this.#size / width) : undefined;
  }

  /** The operand at element `i` and step `u`. */
  element(s: Scalar, direction: Direction, i: number, u: number, k: KStep): Expr {
    if (direction === "k") {
      invariant(k.vector, "a step of four");
      return component(this.#in(k, i, 1, "vector", k.vector).lowerNamed(s), u);
    }
    if (direction === "own" && this.width === 4)
      return component(this.#in(k, i >> 2, 4, u, k.at(u)).lowerNamed(s), i & 3);
    return this.#in(k, i, 1, u, k.at(u)).lowerNamed(s);
  }

  /** The operand at elements 4q … 4q + 3 (with width 1: at element q) and step `u`, as one vector. */
  strip(s: Scalar, direction: Direction, q: number, u: number, k: KStep): Expr {
    if (this.width === 1) return this.element(s, direction, q, u, k);
    if (direction === "own") return this.#in(k, q, 4, u, k.at(u)).lowerNamed(s);
    return vector([0, 1, 2, 3].map((i) => this.element(s, direction, 4 * q + i, u, k)));
  }

  #in(k: KStep, i: number, width: 1 | 4, u: number | "vector", group: AxisGroup): ScalarLowering {
    return this.#memo(`${width} ${i} ${u}`, () => this.point(i, width).inside({ groups: [group], block: k.block }));
  }

  #at(i: number, width: 1 | 4): Expr {
    return add(mul(this.#options.tile, this.count / width), i);
  }

  #ragged(): boolean {
    return this.#size % (this.#options.cover ?? this.count) !== 0;
  }

  #memo(key: string, make: () => ScalarLowering): ScalarLowering {
    const known = this.#points.get(key);
    if (known) return known;
    const made = make();
    this.#points.set(key, made);
    return made;
  }
}
