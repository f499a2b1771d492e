/**
 * @file Scalars that follow from others: `1 - 0.9 ** step`. A generated program writes such expressions out in its loop; where it passes none (evaluation,
 * sampling) they are computed here, in f64. A plan is code of the compiler, trusted like the kernels beside it.
 */
import type { Scalars } from "./device.ts";
import { RuntimeFailure } from "./failure.ts";
import type { ProgramScalar } from "./plan.ts";

/** Gives the value of each scalar of a program, in order, from those that the caller passes. */
export type ScalarValues = (given: Scalars, values: Float64Array) => void;

/** `program` is for errors. */
export function scalarValues(scalars: readonly ProgramScalar[], program: string): ScalarValues {
  const names = scalars.map((scalar) => scalar.name);
  const derive = scalars.map(({ name, expression }, i) => (expression === undefined ? undefined : compile(name, expression, names.slice(0, i))));
  return (given, values) => {
    for (let i = 0; i < names.length; i++) {
      const name = names[i] as string;
      const value = given[name] ?? derive[i]?.(...values.subarray(0, i));
      if (value === undefined) throw new RuntimeFailure("program/input", `program \`${program}\` was run without its scalar \`${name}\``);
      values[i] = value;
    }
  };
}

function compile(name: string, expression: string, parameters: readonly string[]): (...values: number[]) => number {
  try {
    // oxlint-disable-next-line no-new-func -- an interpreter of JavaScript arithmetic would be the same thing, slower
    return new Function(...parameters, `"use strict"; return (${expression});`) as (...values: number[]) => number;
  } catch {
    throw new RuntimeFailure("program/invalid", `the plan's expression for the scalar \`${name}\` is not JavaScript: ${expression}`, "compile the model again");
  }
}
