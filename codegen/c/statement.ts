/** @file Kernel statements as lines of C: uniform branches and loops are C's own, divergent ones run under the mask of the lanes that take part. */
import { commentText } from "../text/comment.ts";
import { invariant, unreachable } from "../../src/util/invariant.ts";
import { constant, keyOf, linear, plus, times, toExpr } from "../../src/schedule/build/linear.ts";
import { i32, variable } from "../../src/kernel/expr.ts";
import type { Expr, Statement, UniformStatement } from "../../src/kernel/ir.ts";
import { visitExpr } from "../../src/kernel/walk.ts";
import { indent } from "../text/text.ts";
import {
  elementAt,
  factorText,
  flatIndex,
  isUniform,
  maskText,
  operandText,
  placeOfRegister,
  scalarText,
  vectorText,
} from "./expression.ts";
import { cName, componentName } from "./names.ts";
import type { Scope } from "./scope.ts";
import { blockOf, suffix, typeName } from "./scope.ts";
import { loopShape, shapeOf } from "./shape.ts";

/** The lines of statements between which lanes wait for each other: a phase of several vectors is a loop over them. */
export function uniformLines(body: readonly UniformStatement[], scope: Scope): string[] {
  /** Names of the phases so far: phases are blocks in the IR, and are printed as such only when they would clash. */
  const seen = new Set<string>();
  return body.flatMap((statement): string[] => {
    switch (statement.kind) {
      case "phase": {
        const comment = statement.name === undefined ? [] : [`// ${commentText(statement.name)}`];
        const lines = laneLines(statement.body, blockOf(scope));
        if (scope.parts === 1) {
          const own = statement.body.flatMap((inner) =>
            inner.kind === "let" || inner.kind === "var" ? [inner.name] : [],
          );
          const clash = own.some((name) => seen.has(name));
          for (const name of own) seen.add(name);
          return clash ? [...comment, "{", ...indent(lines), "}"] : [...comment, ...lines];
        }
        const first = scope.width === 1 ? `const int32_t lane = part;` : `const int32_t first = part * ${scope.width};`;
        const uses = new RegExp(`\\b${scope.width === 1 ? "lane" : "first"}\\b`).test(lines.join("\n"));
        return [
          ...comment,
          `for (int32_t part = 0; part < ${scope.parts}; part++) {`,
          ...indent([...(uses ? [first] : []), ...lines]),
          "}",
        ];
      }
      case "for":
        return loopLines(statement, scope, (inner) => uniformLines(statement.body, inner));
      case "if":
        return branchLines(
          statement.condition,
          uniformLines(statement.then, blockOf(scope)),
          uniformLines(statement.else, blockOf(scope)),
          scope,
        );
      case "reduce": {
        const register = scope.registers.get(statement.register);
        invariant(register && scope.parts === 1, "reductions over several vectors are spelled out before");
        const run = statement.width ?? scope.lanes;
        if (run === 1) return [];
        return range(register.element.width).map((at) => {
          const name = componentName(register.name, at, register.element.width);
          return `${name} = ${statement.op}_over_${run}_${suffix(register.element.scalar, scope.width)}(${name});`;
        });
      }
      default:
        return unreachable(statement);
    }
  });
}

const range = (length: number): number[] => Array.from({ length }, (_, index) => index);

function laneLines(body: readonly Statement[], scope: Scope): string[] {
  return body.flatMap((statement): string[] => {
    switch (statement.kind) {
      case "let":
        return letLines(statement, scope);
      case "var": {
        const { scalar, width } = statement.value.type;
        const wide = scope.varying.has(statement.name);
        scope.declared.set(statement.name, scope.depth);
        return range(width).map(
          (at) =>
            `${typeName(scalar, wide ? scope.width : 1)} ${componentName(statement.name, at, width)} = ${wide ? vectorText(statement.value, scope, at) : scalarText(statement.value, scope, at)};`,
        );
      }
      case "set":
        return setLines(statement, scope);
      case "store":
        return storeLines(statement, scope);
      case "for":
        return transposition(statement, scope) ?? laneLoopLines(statement, scope);
      case "if":
        return laneBranchLines(statement, scope);
      default:
        return unreachable(statement);
    }
  });
}

/** The lines of a definition, which is in sight afterwards. */
export function letLines({ name, value }: Extract<Statement, { kind: "let" }>, scope: Scope): string[] {
  const { scalar, width } = value.type;
  const shape = shapeOf(value, scope);
  const wide = shape.kind === "varying";
  // What is loaded once for several uses must not be loaded again for each.
  const held =
    wide && (scalar === "f32" || scalar === "u32") && value.kind === "load" && (scope.uses.get(name) ?? 0) > 1;
  const lines = range(width).map((at) => {
    const text = wide ? vectorText(value, scope, at) : scalarText(value, scope, at);
    return `const ${typeName(scalar, wide ? scope.width : 1)} ${componentName(name, at, width)} = ${held ? `held_${suffix(scalar, scope.width)}(${text})` : text};`;
  });
  scope.locals.set(name, shape);
  return lines;
}

function setLines({ target, index, value }: Extract<Statement, { kind: "set" }>, scope: Scope): string[] {
  const { scalar, width } = value.type;
  const wide = scope.varying.has(target);
  const blend = scope.mask !== undefined && scope.depth > (scope.declared.get(target) ?? 0);
  if (!scope.firstSetMasked.has(target)) scope.firstSetMasked.set(target, wide && scope.mask !== undefined);
  return range(width).map((at) => {
    if (index && wide && !isUniform(index, scope)) {
      const name = `${componentName(target, at, width)}${scope.parts > 1 ? "[part]" : ""}`;
      const cell = vectorText(index, scope);
      const masked = scope.mask === undefined ? ["", ""] : ["masked_", `, ${scope.mask}`];
      return `scatter_${masked[0]}${suffix(scalar, scope.width)}((${typeName(scalar, 1)} *)${name}, (${cell}) * ${scope.width} + lanes_x${scope.width}, ${vectorText(value, scope, at)}${masked[1]});`;
    }
    const place = placeOfRegister(target, width, at, index, scope);
    if (!wide) return assignment(place, value, at, scope, false);
    if (blend)
      return `${place} = select_${suffix(scalar, scope.width)}(${scope.mask}, ${vectorText(value, scope, at)}, ${place});`;
    return assignment(place, value, at, scope, true);
  });
}

const compound: Readonly<Record<string, string>> = { add: "+=", sub: "-=", mul: "*=" };

function assignment(place: string, value: Expr, at: number, scope: Scope, wide: boolean): string {
  const text = (part: Expr): string => (wide ? operandText(part, scope, at) : scalarText(part, scope, at));
  if (
    value.kind === "binary" &&
    compound[value.op] !== undefined &&
    value.type.scalar !== "bool" &&
    text(value.left) === place
  ) {
    return `${place} ${compound[value.op]} ${text(value.right)};`;
  }
  if (value.kind === "fma" && text(value.c) === place) {
    const both = wide && isUniform(value.a, scope) && isUniform(value.b, scope);
    if (!both)
      return `${place} += ${wide ? factorText(value.a, scope, at) : `(${text(value.a)})`} * ${wide ? factorText(value.b, scope, at) : `(${text(value.b)})`};`;
  }
  return `${place} = ${wide ? vectorText(value, scope, at) : scalarText(value, scope, at)};`;
}

/** Lanes side by side are stored as a vector; one cell takes the value of the first active lane, as all active lanes have the same. */
function storeLines({ array, index, value }: Extract<Statement, { kind: "store" }>, scope: Scope): string[] {
  const { scalar, width } = value.type;
  const name = cName(array);
  return range(width).map((at) => {
    const cell = flatIndex(index, at, width);
    const shape = shapeOf(cell, scope);
    if (shape.kind === "uniform") {
      const place = elementAt(name, cell, scope);
      if (isUniform(value, scope)) return `${place} = ${scalarText(value, scope, at)};`;
      return `${place} = first_${suffix(scalar, scope.width)}(${vectorText(value, scope, at)}, ${scope.mask ?? `splat_mask_x${scope.width}(1)`});`;
    }
    const masked = scope.mask === undefined ? ["", ""] : ["masked_", `, ${scope.mask}`];
    const together = shape.kind === "linear" && shape.stride === 1;
    const stored = vectorText(value, scope, at);
    return together
      ? `store_${masked[0]}${suffix(scalar, scope.width)}(&${elementAt(name, cell, scope)}, ${stored}${masked[1]});`
      : `scatter_${masked[0]}${suffix(scalar, scope.width)}(${name}, ${vectorText(cell, scope)}, ${stored}${masked[1]});`;
  });
}

type Loop = Extract<Statement | UniformStatement, { kind: "for" }>;

/** A loop that all active lanes leave at once. */
function loopLines(loop: Loop, scope: Scope, body: (inner: Scope) => readonly string[]): string[] {
  const inner = blockOf(scope);
  inner.locals.set(loop.variable, loopShape(loop, scope).variable);
  const name = cName(loop.variable);
  const advance = loop.step === 1 ? `${name}++` : `${name} += ${loop.step}`;
  return [
    `for (int32_t ${name} = ${scalarText(loop.from, scope)}; ${name} < ${scalarText(loop.to, inner)}; ${advance}) {`,
    ...indent(body(inner)),
    "}",
  ];
}

/** A loop of a phase. With bounds that differ between lanes it goes on while any lane does, under the mask of those that do. */
function laneLoopLines(loop: Extract<Statement, { kind: "for" }>, scope: Scope): string[] {
  const { variable: shape, divergent } = loopShape(loop, scope);
  if (!divergent) return loopLines(loop, scope, (inner) => laneLines(loop.body, inner));
  const name = cName(loop.variable);
  const mask = scope.freshMask();
  const inner: Scope = { ...blockOf(scope), mask, depth: scope.depth + 1 };
  inner.locals.set(loop.variable, shape);
  const goesOn: Expr = {
    kind: "binary",
    type: { scalar: "bool", width: 1 },
    op: "lt",
    left: variable(loop.variable),
    right: loop.to,
  };
  const condition = maskText(goesOn, { ...inner, ...(scope.mask === undefined ? {} : { mask: scope.mask }) });
  const active = `const i32x${scope.width} ${mask} = ${scope.mask === undefined ? condition : `(${condition}) & ${scope.mask}`};`;
  const [type, start] =
    shape.kind === "varying"
      ? [`i32x${scope.width}`, vectorText(loop.from, scope)]
      : ["int32_t", scalarText(loop.from, scope)];
  return [
    `for (${type} ${name} = ${start};; ${name} += ${loop.step}) {`,
    ...indent([active, `if (!any_x${scope.width}(${mask})) break;`, ...laneLines(loop.body, inner)]),
    "}",
  ];
}

function laneBranchLines(statement: Extract<Statement, { kind: "if" }>, scope: Scope): string[] {
  if (isUniform(statement.condition, scope)) {
    return branchLines(
      statement.condition,
      laneLines(statement.then, blockOf(scope)),
      laneLines(statement.else, blockOf(scope)),
      scope,
    );
  }
  const condition = maskText(statement.condition, scope);
  const define = (value: string): readonly [name: string, line: string] => {
    const name = scope.freshMask();
    return [name, `const i32x${scope.width} ${name} = ${value};`];
  };
  const within = (holds: string): string => (scope.mask === undefined ? holds : `(${holds}) & ${scope.mask}`);
  const side = (mask: string, body: readonly Statement[]): string[] =>
    body.length === 0
      ? []
      : [
          `if (any_x${scope.width}(${mask})) {`,
          ...indent(laneLines(body, { ...blockOf(scope), mask, depth: scope.depth + 1 })),
          "}",
        ];
  // Both masks are known before either side changes what the condition depends on.
  const [then, thenLine] = define(within(condition));
  if (statement.else.length === 0) return [thenLine, ...side(then, statement.then)];
  const [otherwise, otherwiseLine] = define(within(`~${then}`));
  return [thenLine, otherwiseLine, ...side(then, statement.then), ...side(otherwise, statement.else)];
}

function branchLines(condition: Expr, then: readonly string[], otherwise: readonly string[], scope: Scope): string[] {
  if (then.length + otherwise.length === 0) return [];
  const head = `if (${scalarText(condition, scope)}) {`;
  if (otherwise.length === 0) return [head, ...indent(then), "}"];
  return [head, ...indent(then), "} else {", ...indent(otherwise), "}"];
}

/**
 * A loop over as many rows as a vector has lanes, whose stores lie side by side from row to row while those of the lanes lie apart: a square of numbers is transposed. It
 * is collected row by row and stored column by column, by shuffles instead of one number at a time.
 */
function transposition(loop: Extract<Statement, { kind: "for" }>, scope: Scope): string[] | undefined {
  const { width } = scope;
  const last = loop.body.at(-1);
  if (
    width === 1 ||
    scope.mask !== undefined ||
    loop.step !== 1 ||
    loop.from.kind !== "literal" ||
    loop.from.value !== 0
  )
    return undefined;
  if (
    loop.to.kind !== "literal" ||
    loop.to.value !== width ||
    last?.kind !== "store" ||
    last.value.type.width !== 1 ||
    (last.value.type.scalar !== "f32" && last.value.type.scalar !== "u32")
  )
    return undefined;
  const own = new Set<string>();
  for (const statement of loop.body.slice(0, -1)) {
    if (statement.kind !== "let") return undefined;
    own.add(statement.name);
  }
  let depends = false;
  visitExpr(last.index, (part) => (depends ||= part.kind === "variable" && own.has(part.name)));
  const form = linear(last.index);
  const row = variable(loop.variable);
  const shape = shapeOf(last.index, {
    ...scope,
    locals: new Map(scope.locals).set(loop.variable, { kind: "uniform", multiple: 1 }),
  });
  if (depends || form.terms.get(keyOf(row))?.by !== 1 || shape.kind !== "linear" || shape.stride < width)
    return undefined;
  const start = toExpr(plus(form, times(plus(linear(row), constant(0)), -1)));
  let elsewhere = false;
  visitExpr(start, (part) => (elsewhere ||= part.kind === "variable" && part.name === loop.variable));
  if (elsewhere) return undefined;
  const inner = blockOf(scope);
  inner.locals.set(loop.variable, { kind: "uniform", multiple: 1 });
  const name = cName(loop.variable);
  // Shuffles move words as well as numbers.
  const words = last.value.type.scalar === "u32";
  const lets = laneLines(loop.body.slice(0, -1), inner);
  return [
    "{",
    ...indent([
      `f32x${width} rows[${width}];`,
      `for (int32_t ${name} = ${scalarText(i32(0), scope)}; ${name} < ${width}; ${name}++) {`,
      ...indent([
        ...lets,
        `rows[${name}] = ${words ? `(f32x${width})(${vectorText(last.value, inner)})` : vectorText(last.value, inner)};`,
      ]),
      "}",
      `store_columns_x${width}(${words ? "(float *)" : ""}&${cName(last.array)}[${scalarText(start, scope)}], ${shape.stride}, rows);`,
    ]),
    "}",
  ];
}
