/**
 * @file A kernel as a WGSL module: what it computes as a comment, its buffers and shared arrays, the helper functions it uses, and one entry point `main`.
 * Binding i is @group(0) @binding(i). A kernel of more than 65,535 groups is dispatched as a grid of 65,535 by ⌈groups / 65,535⌉.
 */
import { placeBarriers } from "../../src/kernel/barriers.ts";
import type { Array_, Kernel } from "../../src/kernel/ir.ts";
import { commentText } from "../text/comment.ts";
import { indent } from "../text/text.ts";
import { helperTexts } from "./helpers.ts";
import { wgslName } from "./names.ts";
import type { Scope } from "./scope.ts";
import { partName, scopeOf, typeName } from "./scope.ts";
import { uniformLines } from "./statement.ts";

/** Workgroups that WebGPU allows along one dimension. */
const gridWidth = 65535;

export function printWgsl(kernel: Kernel): string {
  const scope = scopeOf(kernel);
  const body = uniformLines(placeBarriers(kernel), scope);
  const entry = entryPoint(kernel, body, scope);
  const sections = [
    [`// ${commentText(kernel.name)}`, ...kernel.comment.map((line) => `//   ${commentText(line)}`)],
    kernel.bindings.map(({ name, access, element, length }, index) => {
      const mode = access === "read" ? "read" : "read_write";
      return `@group(0) @binding(${index}) var<storage, ${mode}> ${wgslName(name)}: array<${typeName(element)}, ${length}>;`;
    }),
    kernel.shared.map((array) => `var<workgroup> ${wgslName(array.name)}: ${variableType(array)};`),
    scope.uses.has("largest")
      ? ["// The largest finite f32: WGSL has no infinities.", "const largest = 0x1.fffffep+127f;"]
      : [],
    ...helperTexts([...scope.helpers.values()]).map((text) => [text]),
    entry,
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

function entryPoint(kernel: Kernel, body: readonly string[], scope: Scope): string[] {
  const folded = kernel.groups > gridWidth;
  const needsGroup = scope.uses.has("group") || folded;
  const parameters = [
    ...(needsGroup ? ["@builtin(workgroup_id) workgroup: vec3u"] : []),
    ...(scope.uses.has("lane") ? ["@builtin(local_invocation_index) local: u32"] : []),
  ];
  const group = folded ? `i32(workgroup.x + workgroup.y * ${gridWidth}u)` : "i32(workgroup.x)";
  const guard = folded && kernel.groups % gridWidth !== 0 ? [`if group >= ${kernel.groups} { return; }`] : [];
  return [
    `@compute @workgroup_size(${kernel.lanes})`,
    `fn main(${parameters.join(", ")}) {`,
    ...indent([
      ...(needsGroup ? [`let group = ${group};`] : []),
      ...guard,
      ...(scope.uses.has("lane") ? ["let lane = i32(local);"] : []),
      ...kernel.registers.flatMap((register) => registerLines(register, scope)),
      ...body,
    ]),
    "}",
  ];
}

const variableType = ({ element, length }: Array_): string => `array<${typeName(element)}, ${length}>`;

function registerLines(register: Array_, scope: Scope): string[] {
  const { name, element, length } = register;
  if (length === 1) return [`var ${wgslName(name)}: ${typeName(element)};`];
  if (!scope.split.has(name)) return [`var ${wgslName(name)}: ${variableType(register)};`];
  return Array.from({ length }, (_, index) => `var ${partName(name, index)}: ${typeName(element)};`);
}
