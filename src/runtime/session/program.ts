/** @file Reading a plan that the compiler wrote, wherever it came from. */
import { RuntimeFailure, messageOf } from "../util/failure.ts";
import { requirePlainPath } from "../util/plain-path.ts";
import type { Plan } from "../../abi/plan.ts";

/** Parses a plan; fails if it is not one, or one of another version of the compiler. */
export function parsePlan(text: string, name: string): Plan {
  let plan: unknown;
  try {
    plan = JSON.parse(text);
  } catch (error) {
    throw new RuntimeFailure("program/invalid", `${name} is not JSON: ${messageOf(error)}`, "compile the model again");
  }
  if (!isPlan(plan))
    throw new RuntimeFailure("program/invalid", `${name} is not a plan of this version`, "compile the model again");
  for (const { file } of plan.kernels) requirePlainPath(file);
  return plan;
}

/** The compiler writes plans; only what tells versions apart is checked. */
function isPlan(value: unknown): value is Plan {
  return (
    typeof value === "object" &&
    value !== null &&
    "format" in value &&
    value.format === 1 &&
    "buffers" in value &&
    "programs" in value &&
    "kernels" in value &&
    Array.isArray(value.kernels)
  );
}
