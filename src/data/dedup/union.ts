/** @file Sets of documents that are joined pair by pair: union by size, where of equal sizes the first stays the root. */

export interface Union {
  readonly join: (a: number, b: number) => void;
  /** The root of the set of a document, or -1 if it was never joined. */
  readonly root: (a: number) => number;
}

export function createUnion(documents: number): Union {
  /** What is above a document; for a root, the size of its set below zero. */
  const above = new Int32Array(documents).fill(-1);
  const at = (node: number): number => above[node] ?? -1;
  const root = (a: number): number => {
    let top = a;
    while (at(top) >= 0) top = at(top);
    for (let node = a; node !== top;) {
      const up = at(node);
      above[node] = top;
      node = up;
    }
    return top;
  };
  return {
    root: (a) => (at(a) === -1 ? -1 : root(a)),
    join: (a, b) => {
      let [x, y] = [root(a), root(b)];
      if (x === y) return;
      if (at(x) > at(y)) [x, y] = [y, x];
      above[x] = at(x) + at(y);
      above[y] = x;
    },
  };
}
