/** @file Identifiers in the generated program: names of the user's that JavaScript or TypeScript reserves, or that the program uses itself, get an underscore. */

/** Reserved words, strict mode and modules included, and the global names that printed expressions use. */
const reserved = new Set(
  `arguments async await boolean break case catch class const continue debugger declare default delete do else enum eval export extends false finally for from function get if
  implements import in instanceof interface let new null number object of package private protected public return set static string super switch symbol this throw true try
  type typeof undefined var void while with yield
  Infinity Math NaN Number globalThis`.split(/\s+/),
);

/** Names that are in scope where initialisers stand: imports, parameters, constants of the expressions. */
const own = /^(bf16|erf|roundEven|uniform|gaussian|i|seed|step|stream\d*|x\d+)$/;

/** A name that no other of these has, as near to what is wanted as may be. */
export function freshIdentifier(wanted: string, taken: ReadonlySet<string>): string {
  const base = reserved.has(wanted) || own.test(wanted) ? `${wanted}_` : wanted;
  for (let n = 1; ; n++) {
    const name = n === 1 ? base : `${base}${n}`;
    if (!taken.has(name)) return name;
  }
}
