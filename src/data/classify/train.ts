/**
 * @file Training of the quality classifier: logistic regression on hashed words and pairs of words, as fastText's classifiers that
 * GPT-3, LLaMA and DCLM chose their web text with. It is deterministic: the order of examples is a function of their number alone.
 */
import { mix } from "../../abi/random.ts";
import { featuresOf } from "./features.ts";

export interface TrainOptions {
  /** Places for hashed features, a power of two; a model takes four bytes for each. */
  readonly places: number;
  /** Features of a document at most. */
  readonly features: number;
  readonly epochs: number;
  readonly rate: number;
  /** Of how many documents one is held out, to measure accuracy. */
  readonly holdOut: number;
  /** Documents of each side at most, the first ones. Training takes four bytes a feature of each. */
  readonly examples: number;
}
export const trainDefaults: TrainOptions = {
  places: 2 ** 20,
  features: 4096,
  epochs: 5,
  rate: 0.2,
  holdOut: 10,
  examples: 200_000,
};

/** Plain data: it can be stored, and sent to workers. */
export interface QualityModel {
  readonly weights: Float32Array;
  readonly bias: number;
  readonly features: number;
  /** Of the documents held out: how many there were of each side, how many were told right, and the share of right ones. */
  readonly heldOut: { readonly good: number; readonly bad: number; readonly right: number; readonly accuracy: number };
}

/** Probability that a document is good. */
export const scoreQuality = (model: QualityModel, text: string): number =>
  logistic(margin(model.weights, model.bias, featuresOf(text, model.weights.length, model.features)));

const logistic = (x: number): number => 1 / (1 + Math.exp(-x));

/** The sum of weights, scaled so that long and short documents weigh alike. */
function margin(weights: Float32Array, bias: number, features: Int32Array): number {
  let sum = 0;
  for (const feature of features) sum += weights[feature] ?? 0;
  return bias + sum / Math.sqrt(features.length || 1);
}

interface Example {
  readonly features: Int32Array;
  readonly good: 0 | 1;
}
type Texts = Iterable<string> | AsyncIterable<string>;

export async function trainQuality(
  good: Texts,
  bad: Texts,
  options: Partial<TrainOptions> = {},
): Promise<QualityModel> {
  const o = { ...trainDefaults, ...options };
  const train: Example[] = [];
  const held: Example[] = [];
  for (const [texts, label] of [
    [good, 1],
    [bad, 0],
  ] as const) {
    let count = 0;
    for await (const text of texts) {
      if (count === o.examples) break;
      (++count % o.holdOut === 0 ? held : train).push({
        features: featuresOf(text, o.places, o.features),
        good: label,
      });
    }
  }
  const { weights, bias } = fit(train, o);
  const right = held.filter(
    ({ features, good: label }) => margin(weights, bias, features) > 0 === (label === 1),
  ).length;
  const goodHeld = held.filter((example) => example.good === 1).length;
  return {
    weights,
    bias,
    features: o.features,
    heldOut: { good: goodHeld, bad: held.length - goodHeld, right, accuracy: right / held.length },
  };
}

/** Stochastic gradient descent with AdaGrad's rate for each weight; both sides weigh alike, however many examples they have. */
function fit(
  examples: readonly Example[],
  { places, epochs, rate }: TrainOptions,
): { readonly weights: Float32Array; readonly bias: number } {
  const weights = new Float32Array(places);
  const squares = new Float32Array(places);
  const goods = examples.filter(({ good }) => good === 1).length;
  const weightOf = [
    examples.length / 2 / Math.max(1, examples.length - goods),
    examples.length / 2 / Math.max(1, goods),
  ] as const;
  let [bias, biasSquares] = [0, 0];
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (const i of shuffled(examples.length, epoch)) {
      const example = examples[i];
      if (example === undefined) continue;
      const { features, good } = example;
      const error = (logistic(margin(weights, bias, features)) - good) * weightOf[good];
      const gradient = error / Math.sqrt(features.length || 1);
      for (const feature of features) {
        const square = (squares[feature] ?? 0) + gradient * gradient;
        squares[feature] = square;
        weights[feature] = (weights[feature] ?? 0) - (rate * gradient) / (Math.sqrt(square) + 1e-8);
      }
      biasSquares += error * error;
      bias -= (rate * error) / (Math.sqrt(biasSquares) + 1e-8);
    }
  }
  return { weights, bias };
}

function shuffled(count: number, epoch: number): Int32Array {
  const order = Int32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const other = mix((i ^ Math.imul(epoch + 1, 0x9e3779b9)) >>> 0) % (i + 1);
    [order[i], order[other]] = [order[other] ?? 0, order[i] ?? 0];
  }
  return order;
}
