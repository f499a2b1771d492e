/**
 * @file Which vars and registers need a vector: those assigned, anywhere in the kernel, a value that is not uniform, or assigned where some lanes may be idle that were
 * not when the variable came to be. A fixed point, as each such variable may make others vary. Names are taken kernel-wide, which errs on the side of vectors.
 */
import type { Kernel, Statement, UniformStatement } from "../../src/kernel/ir.ts";
import { loopShape, shapeOf } from "./shape.ts";
import type { Shape, Shapes } from "./shape.ts";

export function varyingNames(
  kernel: Pick<Kernel, "lanes">,
  body: readonly UniformStatement[],
  width: number,
): ReadonlySet<string> {
  const varying = new Set<string>();
  if (width === 1) return varying;
  for (let before = -1; before !== varying.size;) {
    before = varying.size;
    walk(body, { width, lanes: kernel.lanes, locals: new Map(), varying }, varying, 0, new Map());
  }
  return varying;
}

/** `depth` counts the divergent branches and loops around; `declared` has the depth at which a var was declared (registers: 0). */
function walk(
  body: readonly (Statement | UniformStatement)[],
  outer: Shapes,
  varying: Set<string>,
  depth: number,
  declared: Map<string, number>,
): void {
  const locals = new Map<string, Shape>(outer.locals);
  const shapes: Shapes = { ...outer, locals };
  for (const statement of body) {
    switch (statement.kind) {
      case "let":
        locals.set(statement.name, shapeOf(statement.value, shapes));
        break;
      case "var":
        declared.set(statement.name, depth);
        if (shapeOf(statement.value, shapes).kind !== "uniform") varying.add(statement.name);
        break;
      case "set": {
        const somewhere = statement.index !== undefined && shapeOf(statement.index, shapes).kind !== "uniform";
        if (
          somewhere ||
          depth > (declared.get(statement.target) ?? 0) ||
          shapeOf(statement.value, shapes).kind !== "uniform"
        )
          varying.add(statement.target);
        break;
      }
      case "for": {
        const { variable, divergent } = loopShape(statement, shapes);
        walk(
          statement.body,
          { ...shapes, locals: new Map(locals).set(statement.variable, variable) },
          varying,
          depth + Number(divergent),
          declared,
        );
        break;
      }
      case "if": {
        const inner = depth + Number(shapeOf(statement.condition, shapes).kind !== "uniform");
        walk(statement.then, shapes, varying, inner, declared);
        walk(statement.else, shapes, varying, inner, declared);
        break;
      }
      case "phase":
        walk(statement.body, shapes, varying, depth, declared);
        break;
      case "reduce":
        varying.add(statement.register);
        break;
      case "store":
        break;
    }
  }
}
