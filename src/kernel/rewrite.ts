/** @file Rebuilding a kernel's body with expressions and names replaced. */
import { unreachable } from "../util/invariant.ts";
import type { Expr, Statement, UniformStatement } from "./ir.ts";

export interface Rewrite {
  /** What an expression becomes whose operands were rewritten already. */
  readonly expr: (expr: Expr) => Expr;
  /** The new name of a binding, shared array or register. */
  readonly array: (name: string) => string;
}

export function rewriteExpr(expr: Expr, rewrite: Rewrite): Expr {
  const go = (part: Expr): Expr => rewriteExpr(part, rewrite);
  switch (expr.kind) {
    case "literal":
    case "builtin":
      return rewrite.expr(expr);
    case "variable":
      return rewrite.expr({ ...expr, name: rewrite.array(expr.name) });
    case "element":
      return rewrite.expr({ ...expr, name: rewrite.array(expr.name), index: go(expr.index) });
    case "load":
      return rewrite.expr({ ...expr, array: rewrite.array(expr.array), index: go(expr.index) });
    case "unary":
    case "convert":
    case "bitcast":
    case "splat":
    case "component":
      return rewrite.expr({ ...expr, of: go(expr.of) });
    case "binary":
      return rewrite.expr({ ...expr, left: go(expr.left), right: go(expr.right) });
    case "select":
      return rewrite.expr({ ...expr, condition: go(expr.condition), then: go(expr.then), else: go(expr.else) });
    case "fma":
    case "dot":
      return rewrite.expr({ ...expr, a: go(expr.a), b: go(expr.b), c: go(expr.c) });
    case "vector":
      return rewrite.expr({ ...expr, of: expr.of.map(go) });
    case "random":
      return rewrite.expr({
        ...expr,
        seed: go(expr.seed),
        step: go(expr.step),
        stream: go(expr.stream),
        counter: go(expr.counter),
      });
    default:
      return unreachable(expr);
  }
}

function rewriteStatements(body: readonly Statement[], rewrite: Rewrite): Statement[] {
  const go = (expr: Expr): Expr => rewriteExpr(expr, rewrite);
  return body.map((statement): Statement => {
    switch (statement.kind) {
      case "let":
      case "var":
        return { ...statement, value: go(statement.value) };
      case "set":
        return {
          ...statement,
          target: rewrite.array(statement.target),
          value: go(statement.value),
          ...(statement.index && { index: go(statement.index) }),
        };
      case "store":
        return {
          ...statement,
          array: rewrite.array(statement.array),
          index: go(statement.index),
          value: go(statement.value),
        };
      case "for":
        return {
          ...statement,
          from: go(statement.from),
          to: go(statement.to),
          body: rewriteStatements(statement.body, rewrite),
        };
      case "if":
        return {
          ...statement,
          condition: go(statement.condition),
          then: rewriteStatements(statement.then, rewrite),
          else: rewriteStatements(statement.else, rewrite),
        };
      default:
        return unreachable(statement);
    }
  });
}

export function rewriteUniform(body: readonly UniformStatement[], rewrite: Rewrite): UniformStatement[] {
  const go = (expr: Expr): Expr => rewriteExpr(expr, rewrite);
  return body.map((statement): UniformStatement => {
    switch (statement.kind) {
      case "phase":
        return { ...statement, body: rewriteStatements(statement.body, rewrite) };
      case "reduce":
        return { ...statement, register: rewrite.array(statement.register), scratch: rewrite.array(statement.scratch) };
      case "for":
        return {
          ...statement,
          from: go(statement.from),
          to: go(statement.to),
          body: rewriteUniform(statement.body, rewrite),
        };
      case "if":
        return {
          ...statement,
          condition: go(statement.condition),
          then: rewriteUniform(statement.then, rewrite),
          else: rewriteUniform(statement.else, rewrite),
        };
      default:
        return unreachable(statement);
    }
  });
}
