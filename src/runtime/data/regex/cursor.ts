/** @file A place in the text of a regular expression. */
import { RegexProblem } from "./syntax.ts";

export class Cursor {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get done(): boolean {
    return this.#at >= this.#text.length;
  }

  sees(what: string): boolean {
    return this.#text.startsWith(what, this.#at);
  }

  take(what: string): boolean {
    const is = this.sees(what);
    if (is) this.#at += what.length;
    return is;
  }

  skip(length: number): void {
    this.#at += length;
  }

  /** `regex` is sticky. */
  match(regex: RegExp): RegExpExecArray | undefined {
    regex.lastIndex = this.#at;
    return regex.exec(this.#text) ?? undefined;
  }

  next(): number {
    const codePoint = this.#text.codePointAt(this.#at);
    if (codePoint === undefined) throw new RegexProblem("it ends too early");
    this.#at += codePoint > 0xffff ? 2 : 1;
    return codePoint;
  }

  until(...ends: readonly string[]): string {
    const found = ends.map((end) => this.#text.indexOf(end, this.#at)).filter((at) => at >= 0);
    if (found.length === 0) throw new RegexProblem(`a \`${ends[0]}\` is missing`);
    const from = this.#at;
    const to = Math.min(...found);
    this.#at = to + 1;
    return this.#text.slice(from, to);
  }

  rest(length: number): string {
    return this.#text.slice(this.#at, this.#at + length);
  }

  /** White space and comments, which an extended expression may have. */
  skipBlank(): boolean {
    const [blank] = this.match(/\s+|#[^\n]*/y) ?? [""];
    this.#at += blank.length;
    return blank !== "";
  }
}
