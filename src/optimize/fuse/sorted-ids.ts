/** @file The inputs that the host derives from token ids, so that bins find their points side by side. */
import type { Leaf } from "../../ir/graph.ts";
import { leaf } from "../../ir/node.ts";

export interface SortedIds {
  readonly ids: Leaf;
  readonly order: Leaf;
  readonly offsets: Leaf;
}

/** The order and offsets of each input that bins need, made once each. */
export function sortedIds(): (ids: Leaf) => SortedIds {
  const made = new Map<Leaf, SortedIds>();
  return (ids) => {
    const known = made.get(ids);
    if (known) return known;
    const points = { name: "P", size: ids.axes.reduce((n, a) => n * a.size, 1) };
    const below = ids.below ?? 0;
    const order = leaf("input", `${ids.name}.order`, [points], "i32", { below: points.size });
    const offsets = leaf("input", `${ids.name}.offsets`, [{ name: "V", size: below + 1 }], "i32", {
      below: points.size + 1,
    });
    const sorted = { ids, order, offsets };
    made.set(ids, sorted);
    return sorted;
  };
}
