/**
 * @file Straight-line code under construction: a list of statements, and the lets in it that later code may use again. A block inside a loop or a branch
 * is a child: it sees the lets of its parents, they do not see its own.
 */
import type { Expr, Statement } from "../../kernel/ir.ts";
import { define } from "../../kernel/statements.ts";
import { variable } from "../../kernel/expr.ts";
import { keyOf } from "./linear.ts";
import type { Names } from "./names.ts";

export class Block {
  readonly statements: Statement[] = [];
  readonly names: Names;
  readonly #parent: Block | undefined;
  readonly #shared = new Map<string, Expr>();

  constructor(names: Names, parent?: Block) {
    this.names = names;
    this.#parent = parent;
  }

  child(): Block {
    return new Block(this.names, this);
  }

  push(...statements: readonly Statement[]): void {
    this.statements.push(...statements);
  }

  /** A let with this value; the value itself when it is a name or a literal already. */
  define(hint: string, value: Expr): Expr {
    if (value.kind === "variable" || value.kind === "literal" || value.kind === "builtin") return value;
    const name = this.names.fresh(hint);
    this.statements.push(define(name, value));
    return variable(name, value.type);
  }

  /** As `define`, but equal values (of pure index arithmetic) share one let. */
  share(hint: string, value: Expr): Expr {
    const key = keyOf(value);
    const known = this.#lookup(key);
    if (known) return known;
    const made = this.define(hint, value);
    this.#shared.set(key, made);
    return made;
  }

  #lookup(key: string): Expr | undefined {
    const here = this.#shared.get(key);
    return here ?? (this.#parent === undefined ? undefined : this.#parent.#lookup(key));
  }
}
