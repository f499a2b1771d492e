/** @file The dims of a model: computed from each other in any order, each a symbol of its own unless it is a polynomial in others. */
import { report } from "../../diagnostics/codes.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { evaluateSize } from "../evaluate/names.ts";
import { rootEnvironment, type Frame } from "../values/frame.ts";
import type { ModelPlan } from "./plan-of-model.ts";
import { type Dims, newSession, type Session, type Vocabulary } from "../values/session.ts";
import { atom, constantValue } from "../values/size.ts";
import type { Size } from "../values/value.ts";

/** Values for every dim, or fewer after a mistake in one. */
export function modelDims(
  plan: ModelPlan,
  diagnostics: Diagnostic[],
  vocabulary?: Vocabulary,
): { readonly dims: ReadonlyMap<string, Size>; readonly whole: boolean } {
  const known = new Map<string, Size>();
  const failed = new Set<string>();
  const busy = new Set<string>();
  const resolve = (name: string): Size | undefined => {
    const entry = plan.dims.get(name);
    if (known.has(name) || !entry || failed.has(name)) return known.get(name);
    if (busy.has(name)) {
      diagnostics.push(
        report("shape/dim-cycle", { name }, { primary: { span: entry.span, text: "" }, path: [plan.name] }),
      );
      failed.add(name);
      return undefined;
    }
    busy.add(name);
    const size = evaluateSize(entry.value, rootEnvironment(frameOf(entry.scope), name, true));
    busy.delete(name);
    if (!size) {
      failed.add(name);
      return undefined;
    }
    if (failed.has(name)) return undefined;
    // Numbers and roundings are symbols: `S = 128` and `T = 128` stay different dims.
    const symbol = constantValue(size.exact) !== undefined;
    known.set(name, { text: name, exact: symbol ? atom(name) : size.exact, value: size.value, origin: entry.span });
    return known.get(name);
  };
  const lazily: Dims = { get: resolve, has: (name) => plan.dims.has(name), keys: () => plan.dims.keys() };
  const session: Session = newSession({
    generic: false,
    training: false,
    dims: lazily,
    model: plan.name,
    ...(vocabulary && { vocabulary }),
  });
  const frameOf = (scope: ModelPlan["scope"]): Frame => ({
    session,
    scope,
    path: [],
    trail: [plan.name],
    dims: new Map(),
    locals: new Map(),
    dynamic: new Map(),
    lifted: [],
    calls: new Map(),
    slots: new Set(),
    atMost: [],
    entries: new Map(),
  });
  for (const name of plan.dims.keys()) resolve(name);
  diagnostics.push(...session.diagnostics);
  return { dims: known, whole: failed.size === 0 };
}
