/**
 * @file Checks that a kernel is well formed: declarations, names and their scopes, access modes, uniformity. A failure is a bug of the compiler, so it throws,
 * naming the kernel and the statement. Types of expressions are checked in `check-expr.ts`; what depends on values (bounds, races) is the interpreter's.
 */
import { invariant } from "../../util/invariant.ts";
import { checkExpr } from "./check-expr.ts";
import type { Scope } from "./check-expr.ts";
import { i32Type, sameType } from "../expr.ts";
import type { Array_, Binding, Expr, Kernel, Statement, UniformStatement, ValueType } from "../ir.ts";
import { printStatements, printType } from "../print.ts";
import { visitExpr } from "../walk.ts";

/** Throws when the kernel is malformed. */
export function checkKernel(kernel: Kernel): void {
  const declared = new Set<string>();
  for (const array of [...kernel.bindings, ...kernel.shared, ...kernel.registers]) {
    invariant(!declared.has(array.name), `${kernel.name} declares ${array.name} twice`);
    invariant(
      Number.isInteger(array.length) && array.length > 0,
      `${kernel.name}: ${array.name} has ${array.length} elements`,
    );
    declared.add(array.name);
  }
  for (const binding of kernel.bindings)
    invariant(binding.element.scalar !== "bool", `${kernel.name}: storage of booleans, ${binding.name}`);
  invariant(Number.isInteger(kernel.lanes) && kernel.lanes > 0, `${kernel.name} has ${kernel.lanes} lanes`);
  invariant(Number.isInteger(kernel.groups) && kernel.groups > 0, `${kernel.name} has ${kernel.groups} groups`);
  const arrays = new Map<string, Array_ | Binding>(
    [...kernel.bindings, ...kernel.shared].map((array) => [array.name, array]),
  );
  const registers = new Map(kernel.registers.map((register) => [register.name, register]));
  const checker: Checker = { kernel, arrays, registers, declared };
  checkUniform(kernel.body, new Map(), checker);
}

interface Checker {
  readonly kernel: Kernel;
  readonly arrays: ReadonlyMap<string, Array_ | Binding>;
  readonly registers: ReadonlyMap<string, Array_>;
  /** Names of arrays and registers, which no local may take. */
  readonly declared: ReadonlySet<string>;
}

interface Local {
  readonly type: ValueType;
  readonly mutable: boolean;
}
type Locals = ReadonlyMap<string, Local>;

function fail(checker: Checker, statement: Statement | UniformStatement, message: string): never {
  throw new Error(
    `internal: ${checker.kernel.name}: ${message}, in\n  ${printStatements([statement]).slice(0, 4).join("\n  ")}`,
  );
}

function checkUniform(body: readonly UniformStatement[], outer: Locals, checker: Checker): void {
  for (const statement of body) {
    switch (statement.kind) {
      case "for":
        checkUniformExpr(statement.from, statement, outer, checker);
        checkUniformExpr(statement.to, statement, outer, checker);
        checkUniform(statement.body, withLoopVariable(statement, outer, checker), checker);
        break;
      case "if":
        checkUniformExpr(statement.condition, statement, outer, checker);
        demand(
          sameType(statement.condition.type, { scalar: "bool", width: 1 }),
          statement,
          "a condition that is not a boolean",
          checker,
        );
        checkUniform(statement.then, outer, checker);
        checkUniform(statement.else, outer, checker);
        break;
      case "phase":
        checkLane(statement.body, outer, checker);
        break;
      case "reduce": {
        const register = checker.registers.get(statement.register);
        const scratch = checker.arrays.get(statement.scratch);
        const width = statement.width ?? checker.kernel.lanes;
        demand(register?.length === 1, statement, `${statement.register} is no register of length 1`, checker);
        demand(
          scratch !== undefined && !("access" in scratch),
          statement,
          `${statement.scratch} is no shared array`,
          checker,
        );
        demand(
          register !== undefined && scratch !== undefined && sameType(register.element, scratch.element),
          statement,
          "register and scratch differ in type",
          checker,
        );
        demand(
          scratch !== undefined && scratch.length >= checker.kernel.lanes,
          statement,
          `${statement.scratch} is smaller than the lanes`,
          checker,
        );
        demand(
          width > 0 && checker.kernel.lanes % width === 0,
          statement,
          `runs of ${width} do not divide ${checker.kernel.lanes} lanes`,
          checker,
        );
        break;
      }
    }
  }
}

/** Literals, `group` and uniform loop variables only: `outer` holds nothing else at this level. */
function checkUniformExpr(expr: Expr, statement: UniformStatement, outer: Locals, checker: Checker): void {
  visitExpr(expr, (part) => {
    const varies =
      part.kind === "load" ||
      part.kind === "element" ||
      part.kind === "random" ||
      (part.kind === "builtin" && part.name === "lane");
    demand(
      !varies && !(part.kind === "variable" && !outer.has(part.name)),
      statement,
      "an expression that lanes may see differently",
      checker,
    );
  });
  check(expr, statement, outer, checker);
}

function checkLane(body: readonly Statement[], outer: Locals, checker: Checker): void {
  const locals = new Map(outer);
  const declare = (name: string, local: Local, statement: Statement): void => {
    demand(!locals.has(name) && !checker.declared.has(name), statement, `${name} is declared already`, checker);
    locals.set(name, local);
  };
  for (const statement of body) {
    switch (statement.kind) {
      case "let":
      case "var":
        check(statement.value, statement, locals, checker);
        declare(statement.name, { type: statement.value.type, mutable: statement.kind === "var" }, statement);
        break;
      case "set": {
        if (statement.index) checkIndex(statement.index, statement, locals, checker);
        check(statement.value, statement, locals, checker);
        const register = checker.registers.get(statement.target);
        const local = locals.get(statement.target);
        demand(
          register !== undefined || local?.mutable === true,
          statement,
          `${statement.target} cannot be assigned`,
          checker,
        );
        demand(
          (statement.index !== undefined) === (register !== undefined && register.length > 1),
          statement,
          `${statement.target} is assigned as what it is not`,
          checker,
        );
        const type = register?.element ?? (local as Local).type;
        demand(
          sameType(type, statement.value.type),
          statement,
          `${printType(statement.value.type)} assigned to ${printType(type)}`,
          checker,
        );
        break;
      }
      case "store": {
        checkIndex(statement.index, statement, locals, checker);
        check(statement.value, statement, locals, checker);
        const array = checker.arrays.get(statement.array);
        if (!array) return fail(checker, statement, `there is no array ${statement.array}`);
        demand(!("access" in array) || array.access !== "read", statement, `${statement.array} is only read`, checker);
        demand(
          sameType(array.element, statement.value.type),
          statement,
          `${printType(statement.value.type)} stored to ${printType(array.element)}`,
          checker,
        );
        break;
      }
      case "for":
        checkIndex(statement.from, statement, locals, checker);
        checkIndex(statement.to, statement, locals, checker);
        checkLane(statement.body, withLoopVariable(statement, locals, checker), checker);
        break;
      case "if":
        check(statement.condition, statement, locals, checker);
        demand(
          sameType(statement.condition.type, { scalar: "bool", width: 1 }),
          statement,
          "a condition that is not a boolean",
          checker,
        );
        checkLane(statement.then, locals, checker);
        checkLane(statement.else, locals, checker);
        break;
    }
  }
}

type Loop = Extract<Statement | UniformStatement, { kind: "for" }>;

function withLoopVariable(loop: Loop, outer: Locals, checker: Checker): Locals {
  demand(Number.isInteger(loop.step) && loop.step > 0, loop, `a step of ${loop.step}`, checker);
  demand(
    sameType(loop.from.type, i32Type) && sameType(loop.to.type, i32Type),
    loop,
    "loop bounds that are not i32",
    checker,
  );
  demand(
    !outer.has(loop.variable) && !checker.declared.has(loop.variable),
    loop,
    `${loop.variable} is declared already`,
    checker,
  );
  return new Map(outer).set(loop.variable, { type: i32Type, mutable: false });
}

function checkIndex(expr: Expr, statement: Statement, locals: Locals, checker: Checker): void {
  check(expr, statement, locals, checker);
  demand(sameType(expr.type, i32Type), statement, `an index of type ${printType(expr.type)}`, checker);
}

function check(expr: Expr, statement: Statement | UniformStatement, locals: Locals, checker: Checker): void {
  const scope: Scope = {
    variable(name) {
      const register = checker.registers.get(name);
      return register ? (register.length === 1 ? register.element : undefined) : locals.get(name)?.type;
    },
    register(name) {
      const array = checker.registers.get(name);
      return array && array.length > 1 ? array.element : undefined;
    },
    loaded(name) {
      const array = checker.arrays.get(name);
      return array && "access" in array && array.access === "write" ? undefined : array?.element;
    },
  };
  const problem = checkExpr(expr, scope);
  if (problem !== undefined) fail(checker, statement, problem);
}

function demand(
  condition: boolean,
  statement: Statement | UniformStatement,
  message: string,
  checker: Checker,
): asserts condition {
  if (!condition) fail(checker, statement, message);
}
