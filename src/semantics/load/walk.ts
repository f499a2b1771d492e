/** @file The names that occur in a syntax tree, for checks that need no evaluation. */
import type {
  Body,
  Callable,
  Declaration,
  Expression,
  Name,
  Statement,
  TypeExpression,
} from "../../../grammar/syntax/ast.ts";

/** Calls `visit` for an expression and everything inside it. */
export function walkExpression(e: Expression, visit: (e: Expression) => void): void {
  visit(e);
  switch (e.kind) {
    case "number":
    case "string":
    case "name":
    case "missing":
      return;
    case "unary":
    case "member":
      walkExpression(e.of, visit);
      return;
    case "binary":
      walkExpression(e.left, visit);
      walkExpression(e.right, visit);
      return;
    case "if":
      for (const part of [e.condition, e.then, e.else]) walkExpression(part, visit);
      return;
    case "index":
      walkExpression(e.of, visit);
      for (const item of e.indices) {
        walkExpression(item.value, visit);
        if (item.over) walkExpression(item.over, visit);
      }
      return;
    case "call":
      walkExpression(e.of, visit);
      for (const a of e.arguments) walkExpression(a.value, visit);
      return;
    case "tuple":
    case "list":
      for (const item of e.items) walkExpression(item, visit);
      return;
  }
}

/** The names in an expression, with repetitions. */
export function namesIn(e: Expression): readonly Name[] {
  const names: Name[] = [];
  walkExpression(e, (part) => {
    if (part.kind === "name") names.push({ text: part.text, span: part.span });
  });
  return names;
}

/** The expressions of a statement, without what stands on the left. */
export function expressionsOf(s: Statement): readonly Expression[] {
  switch (s.kind) {
    case "learn":
      return [...expressionsOfType(s.type), ...(s.init ? [s.init] : [])];
    case "state":
      return [s.init];
    case "equation":
      return [s.value];
    case "dims":
      return s.entries.map((e) => e.value);
    case "missing":
      return [];
  }
}

function expressionsOfType(type: TypeExpression): readonly Expression[] {
  return type.kind === "tensor" ? [...type.axes.map((a) => a.size), ...(type.of ? [type.of] : [])] : [];
}

/** Everything an op or block says outside of its left sides. */
export function expressionsOfCallable(c: Callable): readonly Expression[] {
  return [
    ...c.dims.flatMap((d) => (d.default ? [d.default] : [])),
    ...c.parameters.flatMap((p) => [...(p.type ? expressionsOfType(p.type) : []), ...(p.default ? [p.default] : [])]),
    ...c.results.flatMap((r) => (r.type ? expressionsOfType(r.type) : [])),
    ...c.constraints,
    ...c.body.flatMap(expressionsOf),
  ];
}

function namesInBody(body: Body): readonly Name[] {
  return body.fields.flatMap(({ content }) =>
    content.kind === "group" ? namesInBody(content.body) : namesIn(content.value),
  );
}

/** Every name a declaration refers to. */
export function namesOfDeclaration(d: Declaration): readonly Name[] {
  switch (d.kind) {
    case "import":
      return [];
    case "op":
    case "block":
      return expressionsOfCallable(d).flatMap(namesIn);
    case "section":
      return [d.name, ...(d.base ? namesIn(d.base) : []), ...namesInBody(d.body)];
    case "variant":
      return [d.of, ...namesInBody(d.body)];
  }
}
