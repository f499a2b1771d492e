/** @file A sum over the other side in attention by vectors: a row of features for each own row, in scratch, with features in the lanes. */
import type { Axis } from "../../../ir/graph.ts";
import { add, f32, f32Type, fma, i32, lane, load, lt, mul, sub, variable } from "../../../kernel/expr.ts";
import type { Array_, Binding, Expr, Statement, UniformStatement } from "../../../kernel/ir.ts";
import { assign, branch, declare, loop, store } from "../../../kernel/statements.ts";
import type { Operand } from "../operands.ts";
import { declareVar } from "../rows.ts";
import type { FlashVector } from "./vector.ts";
import type { ScalarLowering } from "../../build/lower-scalar.ts";

/** A tensor's rows on the other side, as vectors along features. */
interface OtherRows {
  readonly staging: readonly UniformStatement[];
  /** The index of the first feature of a row in `array`. */
  readonly rowAt: (at: ScalarLowering, other: Expr) => Expr;
  readonly array: Array_ | Binding;
}

export class VectorSum {
  readonly block: FlashVector;
  readonly #feature: Axis;
  readonly #pitch: number;
  readonly #array: Array_;

  constructor(block: FlashVector, hint: string, feature: Axis) {
    this.block = block;
    this.#feature = feature;
    this.#pitch = padded(feature, block.shape.lanes);
    this.#array = block.sharedArray(hint, block.rows * this.#pitch);
  }

  clear(): UniformStatement {
    return this.block.fill(this.#array, 0);
  }

  /** The sum times a factor, and scores · other over the span added. */
  accumulate(name: string, scores: Array_, other: Operand, factors?: Array_): readonly UniformStatement[] {
    const { block } = this;
    const { lanes, sumRows, sumVectors } = block.shape;
    const { names } = block.bindings;
    const rows = this.#otherRows(name, other);
    const adding = block.phase(name, (at) => {
      const row = names.fresh("row");
      const inRows = at.inside({});
      const first = inRows.block.define("row_at", add(block.first, variable(row)));
      const { from, to } = block.bounds(inRows.block, { first, last: add(first, sumRows - 1) });
      const tile = (f: Expr, vectors: number): readonly Statement[] => {
        const sums = Array.from({ length: sumRows }, () =>
          Array.from({ length: vectors }, () => declareVar(at.block, "sum", 1, 0)),
        );
        const s = names.fresh("n");
        const point = inRows.inside({ groups: [block.rowGroup("other", variable(s))] });
        const base = rows.rowAt(point, variable(s));
        const values = Array.from({ length: vectors }, (_, v) =>
          point.block.define("value", load(rows.array, add(add(base, add(f, v * lanes)), lane))),
        );
        const cell = point.block.define("cell", block.cell(variable(s), variable(row)));
        sums.forEach((own, r) => {
          const score = point.block.define("score", load(scores, add(cell, r)));
          own.forEach((sum, v) => point.block.push(assign(sum.name, fma(score, values[v] as Expr, sum.value))));
        });
        const results = sums.flatMap((own, r) =>
          own.map((sum, v) => {
            const place = add(add(mul(add(variable(row), r), this.#pitch), add(f, v * lanes)), lane);
            const before = load(this.#array, place);
            return store(
              this.#array,
              place,
              factors ? fma(before, load(factors, add(variable(row), r)), sum.value) : add(before, sum.value),
            );
          }),
        );
        return [
          ...sums.flat().map((sum) => sum.declaration),
          ...loop(s, from, to, 1, point.block.statements),
          ...results,
        ];
      };
      const width = sumVectors * lanes;
      const wholes = Math.floor(this.#pitch / width) * width;
      const f = names.fresh("f");
      const tiles = loop(f, 0, wholes, width, tile(variable(f), sumVectors));
      const rest = wholes < this.#pitch ? tile(i32(wholes), (this.#pitch - wholes) / lanes) : [];
      at.block.push(...loop(row, 0, block.rowsHere, sumRows, [...inRows.block.statements, ...tiles, ...rest]));
    });
    return [...rows.staging, adding];
  }

  /** Writes the sum, times a factor, to the rows of an output. */
  write(at: ScalarLowering, output: Operand, factors?: Array_): void {
    const { block } = this;
    const { lanes } = block.shape;
    const { names } = block.bindings;
    const [row, chunk] = [names.fresh("row"), names.fresh("f")];
    const place = at.inside({ groups: [block.rowGroup("own", add(block.first, variable(row)))] });
    const base = block.rowAddress(place, output);
    const factor = factors && place.block.define("factor", load(factors, variable(row)));
    const copy = (f: Expr): readonly Statement[] => {
      const value = load(this.#array, add(mul(variable(row), this.#pitch), f));
      return [
        store(
          block.bindings.writing(output.node, 1),
          add(base, mul(f, output.stride)),
          factor ? mul(value, factor) : value,
        ),
      ];
    };
    const { size } = this.#feature;
    const whole = Math.floor(size / lanes) * lanes;
    const rest = add(i32(whole), lane);
    const stores = [
      ...loop(chunk, 0, whole, lanes, copy(add(variable(chunk), lane))),
      ...(whole < size ? branch(lt(rest, size), copy(rest)) : []),
    ];
    at.block.push(...loop(row, 0, block.rowsHere, 1, [...place.block.statements, ...stores]));
  }

  /** Vectors along features straight from memory, or from a padded copy where features do not lie together or do not fill vectors. */
  #otherRows(name: string, operand: Operand): OtherRows {
    const { block } = this;
    const { lanes, span } = block.shape;
    const { node, feature, stride } = operand;
    if (stride === 1 && feature.size % lanes === 0)
      return { staging: [], array: block.bindings.reading(node, 1), rowAt: (at) => block.rowAddress(at, operand) };
    const pitch = padded(feature, lanes);
    const array = block.sharedArray("rows", span * pitch);
    const rowAt = (_: ScalarLowering, other: Expr): Expr => mul(sub(other, block.start), pitch);
    const staging = block.phase(`rows for ${name}`, (at) => {
      const { names } = block.bindings;
      const [s, chunk, value] = [names.fresh("n"), names.fresh("f"), names.fresh("value")];
      const place = at.inside({ groups: [block.rowGroup("other", variable(s))] });
      const base = block.rowAddress(place, operand);
      const f = add(variable(chunk), lane);
      const copy = [
        declare(value, f32(0)),
        ...branch(lt(f, feature.size), [assign(value, block.feature(operand, base, f))]),
        store(array, add(rowAt(place, variable(s)), f), variable(value, f32Type)),
      ];
      at.block.push(
        ...loop(s, block.start, block.end(at.block), 1, [
          ...place.block.statements,
          ...loop(chunk, 0, pitch, lanes, copy),
        ]),
      );
    });
    return { staging: [staging], rowAt, array };
  }
}

/** Features in whole vectors. */
const padded = ({ size }: Axis, lanes: number): number => Math.ceil(size / lanes) * lanes;
