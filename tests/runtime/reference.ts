/** @file The bigram model of `bigram.ts` in plain f64 JavaScript: what its kernels are compared with. */

export interface ReferenceStep {
  readonly tokens: Int32Array;
  readonly targets: Int32Array;
  readonly lr: number;
}

/** Losses of training steps from a start, by momentum with bias correction. */
export function referenceLosses(V: number, table: Float32Array, steps: readonly ReferenceStep[]): readonly number[] {
  const w = Float64Array.from([...table, ...new Float32Array(V)]);
  const momentum = new Float64Array(w.length);
  return steps.map(({ tokens, targets, lr }, s) => {
    const gradient = new Float64Array(w.length);
    let loss = 0;
    tokens.forEach((token, p) => {
      const logits = Array.from({ length: V }, (_, c) => (w[token * V + c] as number) + (w[V * V + c] as number));
      const lse = Math.log(logits.reduce((sum, x) => sum + Math.exp(x), 0));
      const target = targets[p] as number;
      loss += (lse - (logits[target] as number)) / tokens.length;
      logits.forEach((x, c) => {
        const d = (Math.exp(x - lse) - (c === target ? 1 : 0)) / tokens.length;
        for (const k of [token * V + c, V * V + c]) gradient[k] = (gradient[k] as number) + d;
      });
    });
    for (let k = 0; k < w.length; k++) {
      momentum[k] = 0.9 * (momentum[k] as number) + 0.1 * (gradient[k] as number);
      w[k] = (w[k] as number) - (lr * (momentum[k] as number)) / (1 - 0.9 ** (s + 1));
    }
    return loss;
  });
}
