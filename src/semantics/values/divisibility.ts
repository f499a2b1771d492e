/** @file Suggestions for sizes that should divide each other. */
import type { Expression } from "../../../grammar/syntax/ast.ts";

/** Which divisors and multiples near the given sizes would come out even. */
export function divisibilityHelp(
  { whole, by }: { readonly whole: Expression; readonly by: Expression },
  a: number,
  b: number,
): string | undefined {
  const options: string[] = [];
  if (by.kind === "name") options.push(`${by.text} can be ${orList(nearby(divisorsOf(a), b, 6))}`);
  if (whole.kind === "name") {
    const multiples = multiplesNear(a, b);
    options.push(
      options.length > 0 ? `or set ${whole.text} to ${orList(multiples)}` : `${whole.text} can be ${orList(multiples)}`,
    );
  }
  return options.length > 0 ? options.join("; ") : undefined;
}

function divisorsOf(n: number): readonly number[] {
  const small: number[] = [];
  for (let d = 1; d * d <= n; d++) if (n % d === 0) small.push(d);
  return [...new Set([...small, ...small.toReversed().map((d) => n / d)])];
}

function multiplesNear(a: number, b: number): readonly number[] {
  const first = Math.max(1, Math.floor(a / b));
  return [first, first + 1, first + 2].map((k) => k * b);
}

/** The `count` values nearest to `wanted`, in ascending order. */
function nearby(values: readonly number[], wanted: number, count: number): readonly number[] {
  return values
    .toSorted((x, y) => Math.abs(x - wanted) - Math.abs(y - wanted))
    .slice(0, count)
    .toSorted((x, y) => x - y);
}

/** `1, 2, 3 or 6`. */
function orList(values: readonly number[]): string {
  return values.length < 2 ? values.join("") : `${values.slice(0, -1).join(", ")} or ${values.at(-1)}`;
}
