/**
 * @file A kernel as a C function over a range of its workgroups. The lanes of a workgroup are the elements of one SIMD vector, as in ispc (or of several, then each phase is
 * a loop over them), so barriers are not needed: a thread runs a workgroup from its first statement to its last. Types and helpers are in the prelude.
 */
import { expandReduces } from "../../src/kernel/reduce.ts";
import type { Array_, Kernel, UniformStatement } from "../../src/kernel/ir.ts";
import { visitStatements } from "../../src/kernel/walk.ts";
import { commentText } from "../text/comment.ts";
import { indent } from "../text/text.ts";
import { partInvariant } from "./invariant.ts";
import { cName, componentName } from "./names.ts";
import { prelude, vectorWidths } from "./prelude.ts";
import type { Scope } from "./scope.ts";
import { scopeOf, typeName } from "./scope.ts";
import { letLines, uniformLines } from "./statement.ts";

export interface COptions {
  /** Numbers that a SIMD register holds: 16 with AVX-512, 8 with AVX2, 4 with NEON or SSE, 1 for plain C. */
  readonly width: number;
}

/** The types and helpers that printed kernels use: goes before them in a file. */
export const cPrelude = ({ width }: COptions): string => prelude(width);

/** One function: `void name(int32_t group_from, int32_t group_to, void *const *bindings)`. */
export function printC(kernel: Kernel, { width: most }: COptions): string {
  const width = vectorWidth(kernel.lanes, most);
  const whole = width === kernel.lanes;
  const body = whole && reducesWithin(kernel, width) ? kernel.body : expandReduces(kernel);
  const scope = scopeOf(kernel, body, width);
  const parted = partInvariant(kernel, body);
  const before = parted.before.flatMap((statement) => letLines(statement, scope));
  const lines = uniformLines(parted.body, scope);
  const scratch = new Set<string>();
  if (body === kernel.body)
    visitStatements(kernel.body, (statement) => statement.kind === "reduce" && scratch.add(statement.scratch));
  const text = lines.join("\n");
  const used = ({ name }: Array_): boolean => !scratch.has(name) || new RegExp(`\\b${cName(name)}\\b`).test(text);
  return `${[
    `// ${commentText(kernel.name)}`,
    ...kernel.comment.map((line) => `//   ${commentText(line)}`),
    `void ${cName(kernel.name)}(int32_t group_from, int32_t group_to, void *const *bindings) {`,
    ...indent([
      ...kernel.bindings.map(({ name, access, element }, index) => {
        const type = typeName(element.scalar, 1);
        return `${access === "read" ? "const " : ""}${type} *restrict ${cName(name)} = bindings[${index}];`;
      }),
      ...kernel.shared
        .filter(used)
        .map(
          ({ name, element, length }) =>
            `${typeName(element.scalar, 1)} ${cName(name)}[${length * element.width}] ALIGNED;`,
        ),
      ...before,
      "for (int32_t group = group_from; group < group_to; group++) {",
      ...indent([...kernel.registers.flatMap((register) => registerLines(register, scope)), ...lines]),
      "}",
    ]),
    "}",
  ].join("\n")}\n`;
}

/** Prelude and kernels as one file. */
export const printModule = (kernels: readonly Kernel[], options: COptions): string =>
  [cPrelude(options), ...kernels.map((kernel) => printC(kernel, options))].join("\n");

/** The widest vectors that divide the lanes, or single numbers. */
const vectorWidth = (lanes: number, most: number): number =>
  vectorWidths(most)
    .toReversed()
    .find((width) => lanes % width === 0) ?? 1;

/** Whether all reductions are over runs of lanes that shuffles combine. */
function reducesWithin(kernel: Kernel, width: number): boolean {
  let within = true;
  visitStatements(kernel.body as readonly UniformStatement[], (statement) => {
    if (statement.kind === "reduce")
      within &&= Number.isInteger(Math.log2(statement.width ?? kernel.lanes)) && width > 1;
  });
  return within;
}

/** A register that is first set under a mask begins with zeros: without a value in all lanes it would be undefined, and compilers may then make anything of it. */
function registerLines({ name, element, length }: Array_, scope: Scope): string[] {
  const type = typeName(element.scalar, scope.varying.has(name) ? scope.width : 1);
  const parts = scope.parts > 1 ? `[${scope.parts}]` : "";
  const names =
    length > 1 && scope.split.has(name) ? Array.from({ length }, (_, index) => `${cName(name)}_${index}`) : [name];
  const size = length > 1 && !scope.split.has(name) ? `[${length}]` : "";
  return names.flatMap((each) =>
    Array.from(
      { length: element.width },
      (_, at) =>
        `${type} ${componentName(each, at, element.width)}${parts}${size}${scope.firstSetMasked.get(name) ? " = {0}" : ""};`,
    ),
  );
}
