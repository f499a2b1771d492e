/** @file Walking kernels: every expression and statement below a node. */
import { unreachable } from "../util/invariant.ts";
import type { Expr, Statement, UniformStatement } from "./ir.ts";

/** The direct operands of an expression. */
export function operands(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case "literal":
    case "variable":
    case "builtin":
      return [];
    case "element":
    case "load":
      return [expr.index];
    case "unary":
    case "convert":
    case "bitcast":
    case "splat":
    case "component":
      return [expr.of];
    case "binary":
      return [expr.left, expr.right];
    case "select":
      return [expr.condition, expr.then, expr.else];
    case "fma":
    case "dot":
      return [expr.a, expr.b, expr.c];
    case "vector":
      return expr.of;
    case "random":
      return [expr.seed, expr.step, expr.stream, expr.counter];
    default:
      return unreachable(expr);
  }
}

/** Calls `visit` on the expression and on everything below it. */
export function visitExpr(expr: Expr, visit: (expr: Expr) => void): void {
  visit(expr);
  for (const operand of operands(expr)) visitExpr(operand, visit);
}

/** The expressions that a statement holds itself, not those of the statements within. */
export function expressionsOf(statement: Statement | UniformStatement): readonly Expr[] {
  switch (statement.kind) {
    case "let":
    case "var":
      return [statement.value];
    case "set":
      return statement.index ? [statement.index, statement.value] : [statement.value];
    case "store":
      return [statement.index, statement.value];
    case "for":
      return [statement.from, statement.to];
    case "if":
      return [statement.condition];
    case "phase":
    case "reduce":
      return [];
    default:
      return unreachable(statement);
  }
}

/** Calls `visit` on every statement of both levels, outer before inner. */
export function visitStatements(
  body: readonly (Statement | UniformStatement)[],
  visit: (statement: Statement | UniformStatement) => void,
): void {
  for (const statement of body) {
    visit(statement);
    if (statement.kind === "for" || statement.kind === "phase") visitStatements(statement.body, visit);
    if (statement.kind === "if") {
      visitStatements(statement.then, visit);
      visitStatements(statement.else, visit);
    }
  }
}

/** Calls `visit` on every expression in the statements. */
export function visitExpressions(body: readonly (Statement | UniformStatement)[], visit: (expr: Expr) => void): void {
  visitStatements(body, (statement) => {
    for (const expr of expressionsOf(statement)) visitExpr(expr, visit);
  });
}
