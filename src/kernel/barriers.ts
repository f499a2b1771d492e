/**
 * @file Where barriers go. Two phases depend on each other when both use an array and one of them writes it; between them there must be a barrier, also
 * when the way from one to the other is the back edge of a loop. A barrier is placed as late as possible, which is the fewest on straight code, except that
 * what only the code before a loop makes necessary goes before the loop.
 *
 * Storage buffers count when the kernel both reads and writes them, and accesses at an index that no two lanes share (`private.ts`) never count. A buffer that
 * is only written needs no order: no schedule writes a cell from two lanes, and the interpreter checks that.
 */
import type { Expr, Kernel, Statement, UniformStatement } from "./ir.ts";
import { privateArrays } from "./private.ts";
import { expandReduces } from "./reduce.ts";
import { visitExpressions, visitStatements } from "./walk.ts";

/** A kernel's body for printing: reductions spelled out, barriers in place. */
export type Placed =
  | {
      readonly kind: "for";
      readonly variable: string;
      readonly from: Expr;
      readonly to: Expr;
      readonly step: number;
      readonly body: readonly Placed[];
    }
  | {
      readonly kind: "if";
      readonly condition: Expr;
      readonly then: readonly Placed[];
      readonly else: readonly Placed[];
    }
  | { readonly kind: "phase"; readonly name?: string; readonly body: readonly Statement[] }
  /** Orders the shared arrays, the storage buffers, or both, for the lanes of the workgroup. */
  | { readonly kind: "barrier"; readonly shared: boolean; readonly storage: boolean };

/** Arrays read and written since the last barrier, on some way to here. */
interface Pending {
  readonly reads: ReadonlySet<string>;
  readonly writes: ReadonlySet<string>;
}

const none: Pending = { reads: new Set(), writes: new Set() };

export function placeBarriers(kernel: Kernel): readonly Placed[] {
  const body = expandReduces(kernel);
  const shared = new Set(kernel.shared.map((array) => array.name));
  const ordered = orderedArrays(kernel, body, shared);
  return place(body, none, { shared, ordered, accesses: new Map() }).body;
}

/** The arrays whose accesses barriers must order. */
function orderedArrays(
  kernel: Kernel,
  body: readonly UniformStatement[],
  shared: ReadonlySet<string>,
): ReadonlySet<string> {
  const { reads, writes } = accessesOf(body);
  const ownCells = privateArrays(kernel, body);
  return new Set([...writes].filter((name) => !ownCells.has(name) && (shared.has(name) || reads.has(name))));
}

function accessesOf(body: readonly (Statement | UniformStatement)[]): { reads: Set<string>; writes: Set<string> } {
  const reads = new Set<string>();
  const writes = new Set<string>();
  visitExpressions(body, (expr) => {
    if (expr.kind === "load") reads.add(expr.array);
  });
  visitStatements(body, (statement) => {
    if (statement.kind === "store") writes.add(statement.array);
  });
  return { reads, writes };
}

interface Context {
  readonly shared: ReadonlySet<string>;
  readonly ordered: ReadonlySet<string>;
  readonly accesses: Map<UniformStatement, Pending>;
}

interface Result {
  readonly body: readonly Placed[];
  readonly pending: Pending;
  readonly barriers: number;
}

function place(body: readonly UniformStatement[], before: Pending, context: Context): Result {
  const placed: Placed[] = [];
  let pending = before;
  let barriers = 0;
  const barrier = (conflicts: readonly string[]): void => {
    const shared = conflicts.some((name) => context.shared.has(name));
    const storage = conflicts.some((name) => !context.shared.has(name));
    placed.push({ kind: "barrier", shared, storage });
    barriers++;
    const stays = (name: string): boolean => (context.shared.has(name) ? !shared : !storage);
    pending = { reads: new Set([...pending.reads].filter(stays)), writes: new Set([...pending.writes].filter(stays)) };
  };
  for (const statement of body) {
    switch (statement.kind) {
      case "phase": {
        const accesses = accessesOfStatement(statement, context);
        const conflicts = conflictsBetween(pending, accesses);
        if (conflicts.length > 0) barrier(conflicts);
        pending = union(pending, accesses);
        placed.push(statement);
        break;
      }
      case "if": {
        const [then, otherwise] = [place(statement.then, pending, context), place(statement.else, pending, context)];
        placed.push({ ...statement, then: then.body, else: otherwise.body });
        barriers += then.barriers + otherwise.barriers;
        pending = union(then.pending, otherwise.pending);
        break;
      }
      case "for": {
        const alone = placeLoop(statement.body, none, context);
        let inside = placeLoop(statement.body, pending, context);
        if (inside.barriers > alone.barriers) {
          barrier(conflictsBetween(pending, accessesOfStatement(statement, context)));
          inside = placeLoop(statement.body, pending, context);
        }
        placed.push({ ...statement, body: inside.body });
        barriers += inside.barriers;
        // The loop may run not at all.
        pending = union(pending, inside.pending);
        break;
      }
      case "reduce":
        throw new Error("internal: a reduce statement in an expanded body");
    }
  }
  return { body: placed, pending, barriers };
}

/** Places a loop's body such that the state at its end may flow to its start. */
function placeLoop(body: readonly UniformStatement[], before: Pending, context: Context): Result {
  let head = before;
  for (;;) {
    const result = place(body, head, context);
    const next = union(head, result.pending);
    if (next.reads.size === head.reads.size && next.writes.size === head.writes.size) return result;
    head = next;
  }
}

function accessesOfStatement(statement: UniformStatement, context: Context): Pending {
  return memo(context.accesses, statement, () => {
    const { reads, writes } = accessesOf([statement]);
    return { reads: common(reads, context.ordered), writes: common(writes, context.ordered) };
  });
}

function memo<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const value = make();
  map.set(key, value);
  return value;
}

function conflictsBetween(before: Pending, after: Pending): string[] {
  const conflicts = new Set<string>();
  for (const name of after.reads) if (before.writes.has(name)) conflicts.add(name);
  for (const name of after.writes) if (before.writes.has(name) || before.reads.has(name)) conflicts.add(name);
  return [...conflicts];
}

const common = (a: ReadonlySet<string>, b: ReadonlySet<string>): ReadonlySet<string> =>
  new Set([...a].filter((name) => b.has(name)));

const union = (a: Pending, b: Pending): Pending => ({
  reads: new Set([...a.reads, ...b.reads]),
  writes: new Set([...a.writes, ...b.writes]),
});
