/**
 * @file What is the same for all workgroups of a kernel, to be computed before the loop over them: numbers of the host, and what follows from them. C compilers leave it in the loop, since for all they know a kernel
 * may overwrite what it reads.
 */
import type { Expr, Kernel, Statement, UniformStatement } from "../../src/kernel/ir.ts";
import { operands } from "../../src/kernel/walk.ts";

type Let = Extract<Statement, { kind: "let" }>;

export interface Parted {
  readonly before: readonly Let[];
  readonly body: readonly UniformStatement[];
}

export function partInvariant({ bindings }: Kernel, body: readonly UniformStatement[]): Parted {
  const [first, ...rest] = body;
  if (first?.kind !== "phase") return { before: [], body };
  const readOnly = new Set(bindings.filter((b) => b.access === "read").map((b) => b.name));
  const known = new Set<string>();
  const isInvariant = (expr: Expr): boolean => {
    switch (expr.kind) {
      case "element":
      case "builtin":
        return false;
      case "variable":
        return known.has(expr.name);
      case "load":
        return readOnly.has(expr.array) && expr.index.kind === "literal";
      default:
        return operands(expr).every(isInvariant);
    }
  };
  const before: Let[] = [];
  const left = first.body.filter((statement) => {
    if (statement.kind !== "let" || !isInvariant(statement.value)) return true;
    known.add(statement.name);
    before.push(statement);
    return false;
  });
  return before.length === 0 ? { before, body } : { before, body: [{ ...first, body: left }, ...rest] };
}
