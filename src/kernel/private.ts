/**
 * @file Arrays in which no two lanes of a workgroup ever touch the same cell, such as a buffer updated in place element by element: they need no barriers.
 * Proved for indices of the form  lane·c + u·(c·lanes) + group·g + i  where u is whole and i spans less than c values over all accesses of the array: then
 * the cell's index, less group·g, divided by c, modulo the lanes, is the lane. Whatever has another form counts as shared between lanes.
 */
import type { Expr, Kernel, Statement, UniformStatement } from "./ir.ts";
import { visitExpr } from "./walk.ts";

/** lane·`lane` + group·`group` + `constant` + Σ k·step for each term, where k is any whole number in [0, count). */
interface Form {
  readonly lane: number;
  readonly group: number;
  readonly constant: number;
  readonly terms: readonly { readonly step: number; readonly count: number }[];
}

type Forms = ReadonlyMap<string, Form | undefined>;

/** The names of such arrays among those that the body accesses. */
export function privateArrays(kernel: Kernel, body: readonly UniformStatement[]): ReadonlySet<string> {
  const accesses = new Map<string, (Form | undefined)[]>();
  collect(body, new Map(), (array, form) => {
    const known = accesses.get(array);
    if (known) known.push(form);
    else accesses.set(array, [form]);
  });
  return new Set([...accesses].filter(([, forms]) => arePrivate(forms, kernel.lanes)).map(([array]) => array));
}

function arePrivate(forms: readonly (Form | undefined)[], lanes: number): boolean {
  if (lanes === 1) return true;
  const first = forms[0];
  if (!first || first.lane <= 0) return false;
  let [low, high] = [Infinity, -Infinity];
  for (const form of forms) {
    if (!form || form.lane !== first.lane || form.group !== first.group) return false;
    let [least, most] = [form.constant, form.constant];
    for (const { step, count } of form.terms) {
      if (step % (first.lane * lanes) === 0) continue;
      least += Math.min(0, step * (count - 1));
      most += Math.max(0, step * (count - 1));
    }
    low = Math.min(low, least);
    high = Math.max(high, most);
  }
  return high - low < first.lane;
}

type Visit = (array: string, index: Form | undefined) => void;

function collect(body: readonly (Statement | UniformStatement)[], outer: Forms, visit: Visit): void {
  const forms = new Map(outer);
  const loads = (expr: Expr): void =>
    visitExpr(expr, (part) => {
      if (part.kind === "load") visit(part.array, formOf(part.index, forms));
    });
  for (const statement of body) {
    switch (statement.kind) {
      case "let":
        loads(statement.value);
        forms.set(statement.name, formOf(statement.value, forms));
        break;
      case "var":
        loads(statement.value);
        forms.set(statement.name, undefined);
        break;
      case "set":
        if (statement.index) loads(statement.index);
        loads(statement.value);
        break;
      case "store":
        loads(statement.index);
        loads(statement.value);
        visit(statement.array, formOf(statement.index, forms));
        break;
      case "for": {
        loads(statement.from);
        loads(statement.to);
        const within = new Map(forms).set(statement.variable, loopForm(statement, forms));
        collect(statement.body, within, visit);
        break;
      }
      case "if":
        loads(statement.condition);
        collect(statement.then, forms, visit);
        collect(statement.else, forms, visit);
        break;
      case "phase":
        collect(statement.body, forms, visit);
        break;
      case "reduce":
        throw new Error("internal: a reduce statement in an expanded body");
    }
  }
}

/** A loop starts somewhere and goes on by whole steps. */
function loopForm(
  loop: { readonly from: Expr; readonly to: Expr; readonly step: number },
  forms: Forms,
): Form | undefined {
  const from = formOf(loop.from, forms);
  const count =
    loop.from.kind === "literal" && loop.to.kind === "literal"
      ? Math.max(1, Math.ceil((loop.to.value - loop.from.value) / loop.step))
      : Infinity;
  return from && { ...from, terms: [...from.terms, { step: loop.step, count }] };
}

function formOf(expr: Expr, forms: Forms): Form | undefined {
  switch (expr.kind) {
    case "literal":
      return constant(expr.value);
    case "builtin":
      return expr.name === "lane" ? { ...constant(0), lane: 1 } : { ...constant(0), group: 1 };
    case "variable":
      return forms.get(expr.name);
    case "binary": {
      const [left, right] = [formOf(expr.left, forms), formOf(expr.right, forms)];
      if (!left || !right) return undefined;
      if (expr.op === "add") return plus(left, right);
      if (expr.op === "sub") return plus(left, times(right, -1));
      if (expr.op !== "mul") return undefined;
      if (expr.right.kind === "literal") return times(left, expr.right.value);
      return expr.left.kind === "literal" ? times(right, expr.left.value) : undefined;
    }
    default:
      return undefined;
  }
}

const constant = (value: number): Form => ({ lane: 0, group: 0, constant: value, terms: [] });

const plus = (a: Form, b: Form): Form => ({
  lane: a.lane + b.lane,
  group: a.group + b.group,
  constant: a.constant + b.constant,
  terms: [...a.terms, ...b.terms],
});

const times = (a: Form, factor: number): Form => ({
  lane: a.lane * factor,
  group: a.group * factor,
  constant: a.constant * factor,
  terms: factor === 0 ? [] : a.terms.map(({ step, count }) => ({ step: step * factor, count })),
});
