/**
 * @file Horizontal fusion: kernels that do not depend on each other become one dispatch, the groups of the first before those of the second, so that small ones
 * fill a device together and cost one launch. The body is a branch on the group, which is uniform, so phases and barriers stay as they are. What the
 * kernels compute does not change by a bit.
 *
 * Buffers that several kernels read are bound once; shared arrays and registers lie over each other where their types allow it, as a group runs one branch only.
 * Whether kernels are independent, and whether fusing pays, is the caller's to know.
 */
import { group, lt, sameType, sub } from "./expr.ts";
import type { Array_, Binding, Kernel, UniformStatement } from "./ir.ts";
import { rewriteUniform } from "./rewrite.ts";
import { uniformBranch } from "./statements.ts";
import { visitStatements } from "./walk.ts";

/** A kernel and what its bindings are, in their order: the shape of a lowered dispatch. */
export interface FusibleDispatch<Source> {
  readonly kernel: Kernel;
  readonly bindings: readonly Source[];
}

export interface FusionLimits {
  readonly bindings: number;
  readonly sharedBytes: number;
}

/** The fused dispatch, or in words why there is none. */
export function fuseDispatches<Source>(
  dispatches: readonly FusibleDispatch<Source>[],
  same: (a: Source, b: Source) => boolean,
  limits: FusionLimits,
): FusibleDispatch<Source> | string {
  const [first] = dispatches;
  if (!first || dispatches.length < 2) return "there is nothing to fuse";
  const { lanes } = first.kernel;
  const other = dispatches.find(({ kernel }) => kernel.lanes !== lanes);
  if (other) return `${first.kernel.name} has ${lanes} lanes and ${other.kernel.name} ${other.kernel.lanes}`;

  const merged: Merged<Source> = { bindings: [], shared: [], registers: [] };
  const locals = new Set(dispatches.flatMap(({ kernel }) => localNames(kernel)));
  let groups = 0;
  const parts: { readonly until: number; readonly body: readonly UniformStatement[] }[] = [];
  for (const { kernel, bindings: sources } of dispatches) {
    const names = new Map<string, string>();
    for (const [index, binding] of kernel.bindings.entries()) {
      const source = sources[index] as Source;
      const shared = merged.bindings.filter((entry) => same(entry.source, source));
      if (shared.some((entry) => entry.binding.access !== "read" || binding.access !== "read")) {
        return `${kernel.name} and a kernel before it use ${binding.name}, and one of them writes it`;
      }
      names.set(binding.name, placeBinding(merged, binding, source, shared, locals));
    }
    placeArrays(merged, "shared", kernel.shared, names, locals);
    placeArrays(merged, "registers", kernel.registers, names, locals);
    const offset = groups;
    const body = rewriteUniform(kernel.body, {
      expr: (expr) => (offset > 0 && expr.kind === "builtin" && expr.name === "group" ? sub(group, offset) : expr),
      array: (name) => names.get(name) ?? name,
    });
    groups += kernel.groups;
    parts.push({ until: groups, body });
  }
  const bytes = merged.shared.reduce((total, array) => total + bytesOf(array), 0);
  if (merged.bindings.length > limits.bindings)
    return `together they bind ${merged.bindings.length} buffers and the device binds ${limits.bindings}`;
  if (bytes > limits.sharedBytes) return `together they share ${bytes} bytes and the device has ${limits.sharedBytes}`;

  const body = parts.reduceRight<readonly UniformStatement[]>(
    (rest, part, index) =>
      index === parts.length - 1 ? part.body : uniformBranch(lt(group, part.until), part.body, rest),
    [],
  );
  const kernel: Kernel = {
    name: dispatches.map((dispatch) => dispatch.kernel.name).join("_and_"),
    groups,
    lanes,
    bindings: merged.bindings.map((entry) => entry.binding),
    shared: merged.shared,
    registers: merged.registers,
    body,
    comment: commentOf(dispatches.map((dispatch) => dispatch.kernel)),
  };
  return { kernel, bindings: merged.bindings.map((entry) => entry.source) };
}

/** One kernel may serve several tensors: its equations are said once. */
function commentOf(kernels: readonly Kernel[]): readonly string[] {
  return [...new Set(kernels)].flatMap((kernel) => {
    const alike = kernels.filter((other) => other === kernel).length - 1;
    return [...kernel.comment, ...(alike > 0 ? [`… and ${alike} more alike, over other tensors`] : [])];
  });
}

interface Merged<Source> {
  readonly bindings: { binding: Binding; readonly source: Source }[];
  readonly shared: Array_[];
  readonly registers: Array_[];
}

/** Binds a buffer, or takes the binding it has already; vectors and scalars of one buffer are two bindings. */
function placeBinding<Source>(
  merged: Merged<Source>,
  binding: Binding,
  source: Source,
  sameSource: readonly { binding: Binding; readonly source: Source }[],
  locals: ReadonlySet<string>,
): string {
  const known = sameSource.find((entry) => sameType(entry.binding.element, binding.element));
  if (known) {
    known.binding = { ...known.binding, length: Math.max(known.binding.length, binding.length) };
    return known.binding.name;
  }
  const name = freshName(binding.name, merged, locals);
  merged.bindings.push({ binding: { ...binding, name }, source });
  return name;
}

/** Lays arrays over those of earlier kernels: shared arrays of one element type, registers of one type and length. Each is taken once a kernel. */
function placeArrays<Source>(
  merged: Merged<Source>,
  kind: "shared" | "registers",
  arrays: readonly Array_[],
  names: Map<string, string>,
  locals: ReadonlySet<string>,
): void {
  const placed = merged[kind];
  const free = new Set(placed.keys());
  for (const array of arrays.toSorted((a, b) => bytesOf(b) - bytesOf(a))) {
    const fits = [...free].filter((index) => {
      const candidate = placed[index] as Array_;
      return sameType(candidate.element, array.element) && (kind === "shared" || candidate.length === array.length);
    });
    const index = fits.find((candidate) => placed[candidate]?.name === array.name) ?? fits[0];
    if (index === undefined) {
      const name = freshName(array.name, merged, locals);
      names.set(array.name, name);
      placed.push({ ...array, name });
      continue;
    }
    free.delete(index);
    const candidate = placed[index] as Array_;
    placed[index] = { ...candidate, length: Math.max(candidate.length, array.length) };
    names.set(array.name, candidate.name);
  }
}

/** Booleans take a word. */
const bytesOf = ({ element, length }: Array_): number => 4 * element.width * length;

function freshName<Source>(name: string, merged: Merged<Source>, locals: ReadonlySet<string>): string {
  const taken = new Set([
    ...merged.bindings.map((entry) => entry.binding.name),
    ...merged.shared.map((array) => array.name),
    ...merged.registers.map((array) => array.name),
  ]);
  for (let count = 1; ; count++) {
    const candidate = count === 1 ? name : `${name}_${count}`;
    if (!taken.has(candidate) && !locals.has(candidate)) return candidate;
  }
}

/** Lets, vars and loop variables: no array of the fused kernel may take their names. */
function localNames(kernel: Kernel): string[] {
  const names: string[] = [];
  visitStatements(kernel.body, (statement) => {
    if (statement.kind === "let" || statement.kind === "var") names.push(statement.name);
    if (statement.kind === "for") names.push(statement.variable);
  });
  return names;
}
