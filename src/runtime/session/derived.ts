/**
 * @file Scalars that follow from others: `1 - 0.9 ** step`. A generated program writes such expressions out in its loop; where it passes none (evaluation,
 * sampling) they are computed here, in f64.
 */
import { parseArithmetic, type Formula } from "./arithmetic.ts";
import type { Scalars } from "./device.ts";
import { RuntimeFailure } from "../util/failure.ts";
import type { ProgramScalar } from "../../abi/plan.ts";

/** Gives the value of each scalar of a program, in order, from those that the caller passes. */
export type ScalarValues = (given: Scalars, values: Float64Array) => void;

/** `program` is for errors. */
export function scalarValues(scalars: readonly ProgramScalar[], program: string): ScalarValues {
  const names = scalars.map((scalar) => scalar.name);
  const derive = scalars.map(({ name, expression }, i) =>
    expression === undefined ? undefined : formula(name, expression, names.slice(0, i)),
  );
  return (given, values) => {
    for (let i = 0; i < names.length; i++) {
      const name = names[i] as string;
      const value = Object.hasOwn(given, name) ? given[name] : derive[i]?.(values);
      if (value === undefined)
        throw new RuntimeFailure("program/input", `program \`${program}\` was run without its scalar \`${name}\``);
      values[i] = value;
    }
  };
}

function formula(name: string, expression: string, names: readonly string[]): Formula {
  const made = parseArithmetic(expression, names);
  if (made === undefined)
    throw new RuntimeFailure(
      "program/invalid",
      `the plan's expression for the scalar \`${name}\` is not arithmetic: ${JSON.stringify(expression.slice(0, 200))}`,
      "compile the model again",
    );
  return made;
}
