/** @file The loss on validation text: a mean over whole batches, the same ones every time. */
import type { ValidationBatches } from "../data/data.ts";
import type { Replay, Scalars, Session } from "../session/device.ts";
import { tokenInputs } from "../session/inputs.ts";

export interface Evaluation {
  /** Nats per token. */
  readonly loss: number;
  readonly perplexity: number;
  /** Comparable between tokenizers. */
  readonly bitsPerByte: number;
  readonly tokens: number;
}

/** What of an evaluation is shown. */
export type MetricName = "loss" | "perplexity" | "bits_per_byte";

/** As shown: `loss 1.2345, 1.7810 bits per byte`. */
export function describeEvaluation(
  { loss, perplexity, bitsPerByte }: Evaluation,
  metrics: readonly MetricName[] = ["loss", "perplexity", "bits_per_byte"],
): string {
  const shown = {
    loss: `loss ${loss.toFixed(4)}`,
    perplexity: `perplexity ${perplexity.toFixed(2)}`,
    bits_per_byte: `${bitsPerByte.toFixed(4)} bits per byte`,
  };
  return metrics.map((metric) => shown[metric]).join(", ");
}

export async function evaluate(session: Session, data: ValidationBatches, scalars: Scalars): Promise<Evaluation> {
  const replay = session.replay("evaluate");
  const { inputs, targets } = tokenInputs(session, "evaluate");
  let total = 0;
  let bytes = 0;
  for (let batch = 0; batch < data.count; batch++) {
    data.fill(batch, inputs, targets);
    for (const target of targets) bytes += data.tokenizer.byteLength(target);
    await replay.run(scalars);
    total += sumOfLosses(replay);
  }
  await replay.flush();
  total += sumOfLosses(replay);
  const loss = total / data.count;
  const tokens = data.count * targets.length;
  return { loss, perplexity: Math.exp(loss), bitsPerByte: (loss * tokens) / (Math.LN2 * bytes), tokens };
}

function sumOfLosses(replay: Replay): number {
  let sum = 0;
  for (const result of replay.finished()) sum += result.outputs["loss"]?.[0] ?? Number.NaN;
  return sum;
}
