/**
 * @file Arithmetic as a plan writes it, which is how JavaScript does: `1 - 0.9 ** step`. It is parsed and computed here, never handed to JavaScript, so that a plan from
 * elsewhere can compute numbers and do nothing else. Comparisons give 1 or 0.
 */

/** From the values of the names, in their order. */
export type Formula = (values: ArrayLike<number>) => number;

interface ParsedFormula {
  readonly run: Formula;
  /** Of the tree: what is computed by recursion must end before the stack does. */
  readonly depth: number;
}

const functions: ReadonlyMap<string, (...given: number[]) => number> = new Map(
  Object.entries({
    "Math.sqrt": Math.sqrt,
    "Math.exp": Math.exp,
    "Math.log": Math.log,
    "Math.sin": Math.sin,
    "Math.cos": Math.cos,
    "Math.tanh": Math.tanh,
    "Math.abs": Math.abs,
    "Math.sign": Math.sign,
    "Math.floor": Math.floor,
    "Math.ceil": Math.ceil,
    "Math.trunc": Math.trunc,
    "Math.min": Math.min,
    "Math.max": Math.max,
    Number: (x: number) => x,
    "Number.isFinite": (x: number) => Number(Number.isFinite(x)),
  }),
);

const constants: ReadonlyMap<string, number> = new Map([
  ["Math.PI", Math.PI],
  ["Infinity", Infinity],
  ["NaN", NaN],
  ["true", 1],
  ["false", 0],
]);

/** Between two operands, weakest first. `**` is apart: it binds to the right, and more than signs do. */
const operators: readonly ReadonlyMap<string, (a: number, b: number) => number>[] = [
  new Map([["||", (a, b) => (a !== 0 && !Number.isNaN(a) ? a : b)]]),
  new Map([["&&", (a, b) => (a !== 0 && !Number.isNaN(a) ? b : a)]]),
  new Map([
    ["===", (a, b) => Number(a === b)],
    ["!==", (a, b) => Number(a !== b)],
  ]),
  new Map([
    ["<=", (a, b) => Number(a <= b)],
    ["<", (a, b) => Number(a < b)],
  ]),
  new Map([
    ["+", (a, b) => a + b],
    ["-", (a, b) => a - b],
  ]),
  new Map([
    ["*", (a, b) => a * b],
    ["/", (a, b) => a / b],
  ]),
];

const word =
  /\s*(?:(\d+(?:\.\d+)?(?:e[+-]?\d+)?)|([A-Za-z_$][\w$]*(?:\.[A-Za-z]+)?)|(\*\*|\|\||&&|===|!==|<=|[-+*/<!?:(),]))/y;

/** Of signs and parentheses, each of which is a dozen calls; and of the tree, where a call is a level. */
const [deepestText, deepestTree] = [400, 2000];

/** The formula that a text means; `undefined` if it is not arithmetic over these names. */
export function parseArithmetic(text: string, names: readonly string[]): Formula | undefined {
  const words = wordsOf(text);
  if (words === undefined) return undefined;
  try {
    return new Parser(words, names).whole().run;
  } catch (error) {
    if (error instanceof NotArithmetic) return undefined;
    throw error;
  }
}

class NotArithmetic extends Error {}

function wordsOf(text: string): readonly string[] | undefined {
  const words: string[] = [];
  const trimmed = text.trimEnd();
  word.lastIndex = 0;
  while (word.lastIndex < trimmed.length) {
    const match = word.exec(trimmed);
    if (match === null) return undefined;
    words.push(match[1] ?? match[2] ?? match[3] ?? "");
  }
  return words;
}

class Parser {
  readonly #words: readonly string[];
  readonly #names: readonly string[];
  #at = 0;
  #open = 0;

  constructor(words: readonly string[], names: readonly string[]) {
    this.#words = words;
    this.#names = names;
  }

  whole(): ParsedFormula {
    const part = this.#conditional();
    if (this.#at < this.#words.length) throw new NotArithmetic();
    return part;
  }

  #conditional(): ParsedFormula {
    if (++this.#open > deepestText) throw new NotArithmetic();
    const condition = this.#binary(0);
    let made = condition;
    if (this.#take("?")) {
      const yes = this.#conditional();
      this.#need(":");
      const no = this.#conditional();
      made = node((values) => (truth(condition.run(values)) ? yes.run(values) : no.run(values)), condition, yes, no);
    }
    this.#open--;
    return made;
  }

  #binary(level: number): ParsedFormula {
    const known = operators[level];
    if (known === undefined) return this.#prefix();
    let left = this.#binary(level + 1);
    for (;;) {
      const apply = known.get(this.#words[this.#at] ?? "");
      if (apply === undefined) return left;
      this.#at++;
      const [a, b] = [left, this.#binary(level + 1)];
      left = node((values) => apply(a.run(values), b.run(values)), a, b);
    }
  }

  #prefix(): ParsedFormula {
    const sign = this.#take("-") ? "-" : this.#take("!") ? "!" : undefined;
    if (sign === undefined) return this.#power();
    if (++this.#open > deepestText) throw new NotArithmetic();
    const signed = ["-", "!"].includes(this.#words[this.#at] ?? "");
    const of = signed ? this.#prefix() : this.#atom();
    this.#open--;
    // JavaScript refuses it: is it (-a) ** b, or -(a ** b)?
    if (this.#words[this.#at] === "**") throw new NotArithmetic();
    return node(sign === "-" ? (values) => -of.run(values) : (values) => Number(!truth(of.run(values))), of);
  }

  #power(): ParsedFormula {
    const base = this.#atom();
    if (!this.#take("**")) return base;
    if (++this.#open > deepestText) throw new NotArithmetic();
    const exponent = this.#prefix();
    this.#open--;
    return node((values) => base.run(values) ** exponent.run(values), base, exponent);
  }

  #atom(): ParsedFormula {
    const text = this.#words[this.#at++] ?? "";
    if (text === "(") {
      const inner = this.#conditional();
      this.#need(")");
      return inner;
    }
    if (/^\d/.test(text)) {
      const value = Number(text);
      return node(() => value);
    }
    // A name of the program's comes first, as a parameter would.
    const index = this.#names.lastIndexOf(text);
    if (index >= 0) return node((values) => values[index] as number);
    const constant = constants.get(text);
    if (constant !== undefined) return node(() => constant);
    const apply = functions.get(text);
    if (apply === undefined) throw new NotArithmetic();
    return this.#call(apply);
  }

  #call(apply: (...given: number[]) => number): ParsedFormula {
    this.#need("(");
    const parts = [this.#conditional()];
    while (this.#take(",")) parts.push(this.#conditional());
    this.#need(")");
    return node((values) => apply(...parts.map((part) => part.run(values))), ...parts);
  }

  #take(text: string): boolean {
    const found = this.#words[this.#at] === text;
    if (found) this.#at++;
    return found;
  }

  #need(text: string): void {
    if (!this.#take(text)) throw new NotArithmetic();
  }
}

const truth = (value: number): boolean => value !== 0 && !Number.isNaN(value);

function node(run: Formula, ...of: readonly ParsedFormula[]): ParsedFormula {
  const depth = 1 + of.reduce((most, part) => Math.max(most, part.depth), 0);
  if (depth > deepestTree) throw new NotArithmetic();
  return { run, depth };
}
