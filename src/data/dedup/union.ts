/** @file Sets of documents that are joined pair by pair: union by size, where of equal sizes the first stays the root. */

export interface Union {
  readonly join: (a: number, b: number) => void;
  readonly root: (a: number) => number;
  /** All that was ever joined, by root, members ascending. */
  readonly sets: () => ReadonlyMap<number, readonly number[]>;
}

export function createUnion(): Union {
  let parents = new Int32Array(1024).fill(-1);
  const sizes = new Map<number, number>();
  const root = (a: number): number => {
    let top = a;
    for (let up = parents[top] ?? -1; up >= 0 && up !== top; up = parents[top] ?? -1) top = up;
    for (let at = a; at !== top;) {
      const up = parents[at] ?? top;
      parents[at] = top;
      at = up;
    }
    return top;
  };
  return {
    root: (a) => (a < parents.length ? root(a) : a),
    join: (a, b) => {
      const needed = Math.max(a, b) + 1;
      if (needed > parents.length) {
        const grown = new Int32Array(Math.max(needed, 2 * parents.length)).fill(-1);
        grown.set(parents);
        parents = grown;
      }
      for (const node of [a, b]) if (parents[node] === -1) parents[node] = node;
      let [x, y] = [root(a), root(b)];
      if (x === y) return;
      const [sizeX, sizeY] = [sizes.get(x) ?? 1, sizes.get(y) ?? 1];
      if (sizeX < sizeY) [x, y] = [y, x];
      parents[y] = x;
      sizes.set(x, sizeX + sizeY);
      sizes.delete(y);
    },
    sets: () => {
      const sets = new Map<number, number[]>();
      for (let node = 0; node < parents.length; node++) {
        if (parents[node] === -1) continue;
        const top = root(node);
        const members = sets.get(top);
        if (members) members.push(node);
        else sets.set(top, [node]);
      }
      return sets;
    },
  };
}
