/**
 * @file JavaScript for the interpreter: a function that runs one group, phase by phase, each a loop over the lanes. Every operation becomes a constant of its own
 * (vectors one a component), rounded as the device rounds: f32 with Math.fround, integers to 32 bits. Both sides of a select are evaluated, as on devices.
 */
import { unreachable } from "../../util/invariant.ts";
import type { Placed } from "../barriers.ts";
import { binaryCode, convertCode, unaryCode } from "./interpret-operators.ts";
import type { Expr, Kernel, Statement, ValueType } from "../ir.ts";

/** The body of `runtime => () => void`. */
export function interpreterCode(kernel: Kernel, body: readonly Placed[]): string {
  const compiler = new Compiler(kernel);
  compiler.uniform(body);
  const arrays = [...kernel.bindings, ...kernel.shared, ...kernel.registers].map(({ name }) => {
    const id = identifier(name);
    const key = JSON.stringify(name);
    return `const data_${id} = runtime.data[${key}], read_${id} = runtime.shadows[${key}].read, write_${id} = runtime.shadows[${key}].write;`;
  });
  return `"use strict";
const { at } = runtime, { bf16, erf, bitsOf, streamKey, roundEven, bits, pair, low, high } = runtime.math, fround = Math.fround, imul = Math.imul;
${arrays.join("\n")}
return () => {
${compiler.lines.join("\n")}
};`;
}

/** Components of a value: JavaScript names or literals. */
type Parts = readonly string[];

class Compiler {
  readonly lines: string[] = [];
  readonly #registers: ReadonlySet<string>;
  readonly #lanes: number;
  #count = 0;
  #phases = 0;

  constructor(kernel: Kernel) {
    this.#registers = new Set(kernel.registers.map((register) => register.name));
    this.#lanes = kernel.lanes;
  }

  uniform(body: readonly Placed[]): void {
    for (const statement of body) {
      switch (statement.kind) {
        case "barrier":
          if (statement.shared) this.lines.push("at.sharedInterval++;");
          if (statement.storage) this.lines.push("at.storageInterval++;");
          break;
        case "phase":
          this.lines.push(`at.phase = ${JSON.stringify(statement.name ?? `#${this.#phases}`)};`);
          this.#phases++;
          this.lines.push(`for (let lane = 0; lane < ${this.#lanes}; lane++) {`, "at.lane = lane;");
          this.#statements(statement.body);
          this.lines.push("}");
          break;
        case "for":
          this.#loop(statement, () => this.uniform(statement.body));
          break;
        case "if":
          this.#branch(
            statement.condition,
            () => this.uniform(statement.then),
            () => this.uniform(statement.else),
          );
          break;
        default:
          unreachable(statement);
      }
    }
  }

  #statements(body: readonly Statement[]): void {
    for (const statement of body) {
      switch (statement.kind) {
        case "let":
        case "var": {
          const keyword = statement.kind === "let" ? "const" : "let";
          this.#expr(statement.value).forEach((part, index) =>
            this.lines.push(`${keyword} ${local(statement.name, index)} = ${part};`),
          );
          break;
        }
        case "set": {
          const index = statement.index ? this.#scalar(statement.index) : "0";
          const value = this.#expr(statement.value);
          if (this.#registers.has(statement.target)) this.#store(statement.target, index, value);
          else value.forEach((part, component) => this.lines.push(`${local(statement.target, component)} = ${part};`));
          break;
        }
        case "store":
          this.#store(statement.array, this.#scalar(statement.index), this.#expr(statement.value));
          break;
        case "for":
          this.#loop(statement, () => this.#statements(statement.body));
          break;
        case "if":
          this.#branch(
            statement.condition,
            () => this.#statements(statement.then),
            () => this.#statements(statement.else),
          );
          break;
        default:
          unreachable(statement);
      }
    }
  }

  #loop(
    loop: { readonly variable: string; readonly from: Expr; readonly to: Expr; readonly step: number },
    body: () => void,
  ): void {
    const name = local(loop.variable, 0);
    this.lines.push("{", `let ${name} = ${this.#scalar(loop.from)};`, "for (;;) {");
    this.lines.push(`if (!(${name} < ${this.#scalar(loop.to)})) break;`);
    body();
    this.lines.push(`${name} = ${name} + ${loop.step} | 0;`, "}", "}");
  }

  #branch(condition: Expr, then: () => void, otherwise: () => void): void {
    this.lines.push(`if (${this.#scalar(condition)}) {`);
    then();
    this.lines.push("} else {");
    otherwise();
    this.lines.push("}");
  }

  #store(array: string, index: string, value: Parts): void {
    const cell = this.#constant(`write_${identifier(array)}(${index})`);
    const stores = value.map(
      (part, component) => `data_${identifier(array)}[${place(cell, component, value.length)}] = ${part};`,
    );
    this.lines.push(`if (${cell} >= 0) { ${stores.join(" ")} }`);
  }

  #load(array: string, index: string, type: ValueType): Parts {
    const cell = this.#constant(`read_${identifier(array)}(${index})`);
    return range(type.width).map((component) => {
      const value = `data_${identifier(array)}[${place(cell, component, type.width)}]`;
      return this.#constant(type.scalar === "bool" ? `${cell} >= 0 && ${value} !== 0` : `${cell} >= 0 ? ${value} : 0`);
    });
  }

  #scalar(expr: Expr): string {
    return this.#expr(expr)[0] as string;
  }

  #constant(code: string): string {
    const name = `t${this.#count++}`;
    this.lines.push(`const ${name} = ${code};`);
    return name;
  }

  #expr(expr: Expr): Parts {
    const each = (code: (component: number) => string): Parts =>
      range(expr.type.width).map((component) => this.#constant(code(component)));
    switch (expr.kind) {
      case "literal": {
        const text =
          expr.type.scalar === "bool" ? `${expr.value !== 0}` : Object.is(expr.value, -0) ? "-0" : `${expr.value}`;
        return range(expr.type.width).map(() => text);
      }
      case "variable":
        if (this.#registers.has(expr.name)) return this.#load(expr.name, "0", expr.type);
        // A var may change before the value is used.
        return each((component) => local(expr.name, component));
      case "element":
        return this.#load(expr.name, this.#scalar(expr.index), expr.type);
      case "load":
        return this.#load(expr.array, this.#scalar(expr.index), expr.type);
      case "builtin":
        return [expr.name === "lane" ? "lane" : "at.group"];
      case "unary": {
        const of = this.#expr(expr.of);
        return each((component) => unaryCode(expr.op, expr.of.type.scalar, of[component] as string));
      }
      case "binary": {
        const [left, right] = [this.#expr(expr.left), this.#expr(expr.right)];
        return each((component) =>
          binaryCode(expr.op, expr.left.type.scalar, left[component] as string, right[component] as string),
        );
      }
      case "select": {
        const [condition, then, otherwise] = [this.#expr(expr.condition), this.#expr(expr.then), this.#expr(expr.else)];
        return each(
          (component) =>
            `${condition[condition.length === 1 ? 0 : component]} ? ${then[component]} : ${otherwise[component]}`,
        );
      }
      case "fma": {
        const [a, b, c] = [this.#expr(expr.a), this.#expr(expr.b), this.#expr(expr.c)];
        return each((component) => `fround(${a[component]} * ${b[component]} + ${c[component]})`);
      }
      case "dot": {
        const [a, b, c] = [expr.a, expr.b, expr.c].map((part) => this.#scalar(part));
        const product = (half: string): string => `${half}(${a}) * ${half}(${b})`;
        return [this.#constant(`fround(${product("low")} + fround(${product("high")} + ${c}))`)];
      }
      case "convert": {
        const of = this.#expr(expr.of);
        return each((component) => convertCode(expr.of.type.scalar, expr.type.scalar, of[component] as string));
      }
      case "bitcast": {
        const of = this.#expr(expr.of);
        return each((component) => `(bits.${expr.of.type.scalar}[0] = ${of[component]}, bits.${expr.type.scalar}[0])`);
      }
      case "splat": {
        const [of] = this.#expr(expr.of);
        return range(expr.type.width).map(() => of as string);
      }
      case "vector":
        return expr.of.map((part) => this.#scalar(part));
      case "component":
        return [this.#expr(expr.of)[expr.index] as string];
      case "random": {
        const [seed, step, stream, counter] = [expr.seed, expr.step, expr.stream, expr.counter].map((part) =>
          this.#scalar(part),
        );
        return [this.#constant(`bitsOf(streamKey(${seed}, ${step}, ${stream}), ${counter})`)];
      }
      default:
        return unreachable(expr);
    }
  }
}

const range = (length: number): number[] => Array.from({ length }, (_, index) => index);

const identifier = (name: string): string =>
  name.replace(/[^A-Za-z0-9_]/g, (character) => `$${character.charCodeAt(0)}`);

const local = (name: string, component: number): string => `v_${identifier(name)}_${component}`;

const place = (cell: string, component: number, width: number): string =>
  width === 1 ? cell : `${cell} * ${width} + ${component}`;
