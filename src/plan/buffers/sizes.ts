/** @file Bytes of tensors, and where bindings may start. */
import type { Node } from "../../ir/graph.ts";
import { elementCount } from "../../ir/node.ts";

/** Bindings start at multiples of this many bytes. */
export const alignment = 256;

export const aligned = (bytes: number): number => Math.ceil(bytes / alignment) * alignment;

/** Booleans take a word, as everything does. */
export const bytesOf = (node: Node): number => 4 * elementCount(node.axes);
