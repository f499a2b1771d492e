/** @file The syntax tree as indented text: a line a node, with its kind, its words and where it stands. Works on any node, so it never lags behind the tree. */
import { positionAt, type Span } from "../../diagnostics/source.ts";

export function printAst(root: unknown): string {
  const lines: string[] = [];
  print("", root, 0, lines);
  return `${lines.join("\n")}\n`;
}

function print(key: string, value: unknown, depth: number, lines: string[]): void {
  const indent = "  ".repeat(depth);
  const label = key === "" ? "" : `${key}: `;
  if (Array.isArray(value)) {
    if (value.length === 0) return;
    lines.push(`${indent}${key}`);
    for (const item of value) print("", item, depth + 1, lines);
    return;
  }
  if (typeof value !== "object" || value === null) {
    if (value !== "" && value !== false && value !== undefined) lines.push(`${indent}${label}${JSON.stringify(value)}`);
    return;
  }
  const fields = Object.entries(value).filter(([name]) => name !== "kind" && !name.toLowerCase().endsWith("span"));
  const words = fields.filter(
    ([, v]) => (typeof v !== "object" || v === null) && v !== "" && v !== false && v !== undefined,
  );
  const kind = "kind" in value ? String(value.kind) : "";
  const text = words
    .map(([name, v]) => (name === "text" || name === "value" ? JSON.stringify(v) : `${name}=${JSON.stringify(v)}`))
    .join(" ");
  const at = "span" in value && isSpan(value.span) ? positionAt(value.span.file, value.span.start) : undefined;
  lines.push(
    `${indent}${label}${[kind, text, at ? `@${at.line}:${at.column}` : ""].filter((part) => part !== "").join(" ")}`,
  );
  for (const [name, v] of fields) if (typeof v === "object" && v !== null) print(name, v, depth + 1, lines);
}

function isSpan(value: unknown): value is Span {
  return typeof value === "object" && value !== null && "file" in value && "start" in value;
}
