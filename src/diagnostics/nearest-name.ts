/** @file Help for a name that is nearly another. */
import { suggestions } from "../util/suggest.ts";
import type { Span } from "./source.ts";

/** The help line and the fix for a name that is nearly another. */
export function nearest(
  name: string,
  known: Iterable<string>,
  span: Span,
): {
  readonly help?: string;
  readonly fixes?: readonly { title: string; edits: readonly { span: Span; text: string }[] }[];
} {
  const near = suggestions(name, known);
  if (near.length === 0) return {};
  const [first] = near;
  if (near.length === 1 && first) return { fixes: [{ title: `write \`${first}\``, edits: [{ span, text: first }] }] };
  return { help: `did you mean ${near.map((n) => `\`${n}\``).join(" or ")}?` };
}
