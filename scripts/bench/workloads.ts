/** @file The models whose training is timed: which file, which batch, and the same for PyTorch. */

export interface Workload {
  readonly name: string;
  /** In scripts/bench/models. */
  readonly file: string;
  readonly model: string;
  readonly batch: number;
  readonly family: "gpt" | "llama";
  /** Whether positions are learned: a table that is looked up, not multiplied with. */
  readonly positions: boolean;
}

const gpt = { file: "gpt.llm", family: "gpt", positions: true } as const;

export const workloads: readonly Workload[] = [
  { ...gpt, name: "shakespeare-char, B 8", model: "ShakespeareChar", batch: 8 },
  { ...gpt, name: "shakespeare-char, B 64", model: "ShakespeareChar", batch: 64 },
  { ...gpt, name: "GPT-2 124M, T 1024, B 1", model: "GPT2", batch: 1 },
  { ...gpt, name: "GPT-2 124M, T 1024, B 4", model: "GPT2", batch: 4 },
  { name: "Llama 114M, T 1024, B 1", file: "gpt.llm", model: "Llama", batch: 1, family: "llama", positions: false },
];

/** The sizes of a model, as its source gives them. */
export interface Sizes {
  readonly layers: number;
  readonly heads: number;
  readonly groups: number;
  readonly width: number;
  readonly inner: number;
  readonly context: number;
  readonly vocabulary: number;
}

export function sizesOf(dims: Readonly<Record<string, number>>): Sizes {
  const { L = 0, H = 0, G = H, D = 0, F = 0, T = 0, V = 0 } = dims;
  return { layers: L, heads: H, groups: G, width: D, inner: F, context: T, vocabulary: V };
}

/**
 * Floating-point operations of one trained token: six a weight that is multiplied with, and those of causal attention, which is half of the full one: of each
 * layer 2 T D forward and twice as many backward.
 */
export function flopsOfToken(parameters: number, { layers, width, context }: Sizes, positions: boolean): number {
  return 6 * (parameters - (positions ? context * width : 0)) + 6 * layers * context * width;
}
