/** @file Words for what stands in the text: expressions, choices and numbers as they appear in messages. */
import { unreachable } from "../../src/util/invariant.ts";
import { spanText } from "../../src/diagnostics/source.ts";
import type { Expression } from "../syntax/ast.ts";

/** "a text", "a list": what an expression is, for "takes X, not Y". */
export function describe(value: Expression): string {
  switch (value.kind) {
    case "number":
      return `\`${spanText(value.span)}\``;
    case "string":
      return "a text";
    case "name":
      return `\`${value.text}\``;
    case "list":
      return "a list";
    case "tuple":
      return "a tuple";
    case "call":
      return value.of.kind === "name" ? `\`${value.of.text}(…)\`` : "a call";
    case "unary":
    case "binary":
    case "if":
    case "index":
    case "member": {
      const text = spanText(value.span);
      return text.length <= 30 && !text.includes("\n") ? `\`${text}\`` : "an expression";
    }
    case "missing":
      return "nothing";
    default:
      return unreachable(value);
  }
}

/** "`a`", "`a` or `b`", "`a`, `b` or `c`". */
export function oneOf(words: readonly string[]): string {
  const quoted = words.map((word) => `\`${word}\``);
  if (quoted.length < 2) return quoted[0] ?? "nothing";
  return `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1) ?? ""}`;
}

/** A share as people write it: `70%`, `33.3%`. */
export function percent(share: number): string {
  return `${Number((share * 100).toFixed(4))}%`;
}
