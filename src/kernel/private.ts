/**
 * @file Arrays in which no two lanes of a workgroup ever touch the same cell, such as a buffer updated in place element by element: they need no barriers.
 * Proved for indices of the form  lane·c + u·(c·lanes) + group·g + i  where u is whole and i spans less than c values over all accesses of the array: then
 * the cell's index, less group·g, divided by c, modulo the lanes, is the lane. Whatever has another form counts as shared between lanes.
 */
import type { Expr, Kernel, Statement, UniformStatement } from "./ir.ts";
import { visitExpr } from "./walk.ts";

/** lane·`lane` + group·`group` + Σ any whole number · `multiples` + something in [low, high]. */
interface Form {
  readonly lane: number;
  readonly group: number;
  readonly multiples: readonly number[];
  readonly low: number;
  readonly high: number;
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
  let [low, high] = [first.low, first.high];
  for (const form of forms) {
    if (!form || form.lane !== first.lane || form.group !== first.group) return false;
    if (form.multiples.some((multiple) => multiple % (first.lane * lanes) !== 0)) return false;
    low = Math.min(low, form.low);
    high = Math.max(high, form.high);
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

/** A loop with literal bounds spans a range; any other starts somewhere and goes on by whole steps. */
function loopForm(loop: { readonly from: Expr; readonly to: Expr; readonly step: number }, forms: Forms): Form | undefined {
  if (loop.from.kind === "literal" && loop.to.kind === "literal") {
    const last = loop.from.value + Math.max(0, Math.ceil((loop.to.value - loop.from.value) / loop.step) - 1) * loop.step;
    // A long range is more use as a number of steps.
    if (last - loop.from.value < 16 && loop.step === 1) return { lane: 0, group: 0, multiples: [], low: loop.from.value, high: last };
  }
  const from = formOf(loop.from, forms);
  return from && { ...from, multiples: [...from.multiples, loop.step] };
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

const constant = (value: number): Form => ({ lane: 0, group: 0, multiples: [], low: value, high: value });

const plus = (a: Form, b: Form): Form => ({
  lane: a.lane + b.lane,
  group: a.group + b.group,
  multiples: [...a.multiples, ...b.multiples],
  low: a.low + b.low,
  high: a.high + b.high,
});

const times = (a: Form, factor: number): Form => ({
  lane: a.lane * factor,
  group: a.group * factor,
  multiples: a.multiples.map((multiple) => multiple * factor),
  low: Math.min(a.low * factor, a.high * factor),
  high: Math.max(a.low * factor, a.high * factor),
});
