/** @file Names inside one file, without evaluating anything: what is declared twice, reserved, unused, never computed, or calls itself. */
import type { Callable, Equation, File, Name } from "../../../grammar/syntax/ast.ts";
import { report } from "../../diagnostics/codes.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { resultKey } from "../evaluate/body.ts";
import { declaredDims, reservedNames } from "../evaluate/names.ts";
import { declarationsOf, type Scope } from "../load/scope.ts";
import { expressionsOf, expressionsOfCallable, namesIn, namesOfDeclaration, walkExpression } from "../load/walk.ts";

type ReportDiagnostic = (diagnostic: Diagnostic) => void;

export function checkNames(scope: Scope, problem: ReportDiagnostic): void {
  const { file } = scope;
  unusedImports(file, problem);
  for (const d of declarationsOf(file))
    if (reservedNames.has(d.name.text))
      problem(report("names/reserved", { name: d.name.text }, { primary: { span: d.name.span, text: "" } }));
  for (const d of file.declarations) if (d.kind === "op" || d.kind === "block") checkCallable(d, problem);
  recursion(scope, problem);
}

function unusedImports(file: File, problem: ReportDiagnostic): void {
  const used = new Set(file.declarations.flatMap(namesOfDeclaration).map((n) => n.text));
  for (const d of file.declarations) {
    if (d.kind !== "import") continue;
    for (const { text, span } of d.names)
      if (!used.has(text) && text !== "")
        problem(report("names/unused-import", { name: text }, { primary: { span, text: "" } }));
  }
}

function checkCallable(c: Callable, problem: ReportDiagnostic): void {
  const locals = new Map<string, Name>();
  const declare = (name: Name): void => {
    if (name.text === "") return;
    const before = locals.get(name.text);
    if (reservedNames.has(name.text))
      problem(report("names/reserved", { name: name.text }, { primary: { span: name.span, text: "" } }));
    else if (before)
      problem(
        report(
          "names/duplicate",
          { name: name.text },
          { primary: { span: name.span, text: "" }, related: [{ span: before.span, text: "declared here first" }] },
        ),
      );
    else locals.set(name.text, name);
  };
  for (const d of c.dims) declare(d.name);
  for (const p of c.parameters) declare(p.name);
  for (const [i, r] of c.results.entries()) {
    const before = c.results.slice(0, i).find((other) => resultKey(other) === resultKey(r));
    if (before && r.name.text !== "")
      problem(
        report(
          "names/duplicate",
          { name: resultKey(r) },
          {
            primary: { span: r.name.span, text: "" },
            related: [{ span: before.name.span, text: "declared here first" }],
          },
        ),
      );
  }
  const pieces = new Set<string>();
  repeatedEquations(c, problem);
  for (const s of c.body) {
    if (s.kind === "learn" || s.kind === "state") declare(s.name);
    else if (s.kind === "dims") for (const e of s.entries) declare(e.name);
    else if (s.kind === "equation" && !s.next && !pieces.has(s.name.text)) {
      pieces.add(s.name.text);
      declare(s.name);
    }
  }
  missingResults(c, problem);
  unused(c, problem);
  hiddenIndices(c, locals, problem);
}

/** A second equation for a name is a piece of it, and pieces have indices. */
function repeatedEquations(c: Callable, problem: ReportDiagnostic): void {
  const first = new Map<string, Equation>();
  for (const s of c.body) {
    if (s.kind !== "equation") continue;
    const key = s.next ? `next ${s.name.text}` : s.name.text;
    const before = first.get(key);
    if (!before) first.set(key, s);
    else if (!s.indices || !before.indices)
      problem(
        report(
          "names/repeated-equation",
          { name: s.name.text },
          {
            primary: { span: s.name.span, text: "" },
            related: [{ span: before.name.span, text: "computed here first" }],
          },
        ),
      );
  }
}

function missingResults(c: Callable, problem: ReportDiagnostic): void {
  if (c.body.some((s) => s.kind === "missing")) return;
  const computed = new Set(
    c.body.flatMap((s) => (s.kind === "equation" ? [s.next ? `next ${s.name.text}` : s.name.text] : [])),
  );
  for (const r of c.results) {
    if (r.name.text === "" || computed.has(resultKey(r))) continue;
    problem(
      report("names/no-result", { name: resultKey(r), callee: c.name.text }, { primary: { span: r.span, text: "" } }),
    );
  }
}

function unused(c: Callable, problem: ReportDiagnostic): void {
  const results = new Set(c.results.map((r) => r.name.text));
  const counts = new Map<string, number>();
  for (const e of expressionsOfCallable(c))
    for (const { text } of namesIn(e))
      counts.set(text.replace(/'+$/, ""), (counts.get(text.replace(/'+$/, "")) ?? 0) + 1);
  // A size is used where its index is.
  for (const s of c.body)
    if (s.kind === "equation")
      for (const e of s.indices ?? []) for (const { text } of namesIn(e)) counts.set(text, (counts.get(text) ?? 0) + 1);
  const usedAsIndex = (dim: string): boolean =>
    [...counts.keys()].some((name) => name.replace(/'+$/, "") === dim.toLowerCase());
  const reported = new Set<string>();
  for (const s of c.body) {
    const named =
      s.kind === "dims"
        ? s.entries.map((e) => ({ name: e.name, what: "the size" }))
        : s.kind === "learn"
          ? [{ name: s.name, what: "the parameter" }]
          : s.kind === "state"
            ? [{ name: s.name, what: "the state" }]
            : s.kind === "equation" && !s.next
              ? [{ name: s.name, what: "the equation" }]
              : [];
    for (const { name, what } of named) {
      if (name.text === "" || reported.has(name.text) || results.has(name.text)) continue;
      // Its own right side does not count.
      const own =
        s.kind === "equation"
          ? expressionsOf(s)
              .flatMap(namesIn)
              .filter((n) => n.text === name.text).length
          : 0;
      if ((counts.get(name.text) ?? 0) > own || (s.kind === "dims" && usedAsIndex(name.text))) continue;
      reported.add(name.text);
      problem(report("names/unused", { name: name.text, what }, { primary: { span: name.span, text: "" } }));
    }
  }
}

/** A tensor `g` hides the index over `G`: both in one body cannot be told apart. */
function hiddenIndices(c: Callable, locals: ReadonlyMap<string, Name>, problem: ReportDiagnostic): void {
  const dims = new Set(declaredDims(c).map((d) => d.toLowerCase()));
  const bound = new Map<string, Name>();
  const bind = (name: Name): void => {
    if (!bound.has(name.text)) bound.set(name.text, name);
  };
  for (const s of c.body) {
    if (s.kind === "equation") for (const e of s.indices ?? []) for (const name of namesIn(e)) bind(name);
    for (const e of expressionsOf(s)) {
      walkExpression(e, (part) => {
        if (part.kind !== "call" || part.of.kind !== "index") return;
        for (const item of part.of.indices)
          if (item.value.kind === "name") bind({ text: item.value.text, span: item.value.span });
      });
    }
  }
  for (const [text, name] of bound) {
    const local = locals.get(text);
    if (local && dims.has(text))
      problem(
        report(
          "names/hides-index",
          { name: text, index: text },
          {
            primary: { span: name.span, text: "used as an index" },
            related: [{ span: local.span, text: "a tensor of this name" }],
          },
        ),
      );
  }
}

function recursion(scope: Scope, problem: ReportDiagnostic): void {
  const here = new Set<object>(scope.file.declarations);
  const callees = (c: Callable): readonly Callable[] => {
    const own = new Set([
      ...c.parameters.map((p) => p.name.text),
      ...c.body.flatMap((s) => (s.kind === "equation" || s.kind === "learn" ? [s.name.text] : [])),
    ]);
    return expressionsOfCallable(c)
      .flatMap((e) => namesIn(e))
      .flatMap(({ text }) => {
        const found = own.has(text) ? undefined : scope.lookup(text)?.declaration;
        return found && (found.kind === "op" || found.kind === "block") && here.has(found) ? [found] : [];
      });
  };
  const done = new Set<Callable>();
  // A file may have thousands of ops that call each other in a row, so the way down is kept here and not on the stack.
  const way: { readonly callable: Callable; readonly open: Callable[] }[] = [];
  const onWay = new Set<Callable>();
  const enter = (c: Callable): void => {
    if (done.has(c)) return;
    if (onWay.has(c)) {
      const circle = way.map(({ callable }) => callable);
      problem(
        report(
          "names/recursion",
          { name: c.name.text },
          {
            primary: { span: c.name.span, text: "" },
            ...(circle.length > 1 && {
              help: [...circle.slice(circle.indexOf(c)), c].map((x) => `\`${x.name.text}\``).join(" → "),
            }),
          },
        ),
      );
      done.add(c);
      return;
    }
    onWay.add(c);
    way.push({ callable: c, open: callees(c).toReversed() });
  };
  for (const d of scope.file.declarations) {
    if (d.kind !== "op" && d.kind !== "block") continue;
    enter(d);
    for (let last = way.at(-1); last; last = way.at(-1)) {
      const next = last.open.pop();
      if (next) enter(next);
      else {
        way.pop();
        onWay.delete(last.callable);
        done.add(last.callable);
      }
    }
  }
}
