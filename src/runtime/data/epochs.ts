/** @file How often a run passes over each source, and whether that is within the caps. */
import { RuntimeFailure } from "../util/failure.ts";
import { sharesAt, type Weight } from "./mixture.ts";

/** A source with its tokens for training. */
export interface MixedSource {
  readonly name: string;
  readonly weight: Weight;
  readonly tokens: number;
  /** The most passes. */
  readonly epochs?: number;
}

/** What a run takes of a source. */
export interface Passes {
  readonly name: string;
  /** Of the whole run: a ramp's mean. */
  readonly share: number;
  readonly tokens: number;
  readonly epochs: number;
}

/** Up to here repeated text is worth nearly as much as new text (Muennighoff et al. 2023). */
const worthwhileEpochs = 4;

/** `total` is the number of tokens of the run. */
export function passesOver(sources: readonly MixedSource[], total: number): readonly Passes[] {
  // Shares are linear over the run.
  const shares = sharesAt(
    sources.map(({ weight }) => weight),
    0.5,
  );
  return sources.map(({ name, tokens }, i) => {
    const share = shares[i] as number;
    return { name, share, tokens, epochs: share === 0 ? 0 : (share * total) / tokens };
  });
}

/** A sentence for each source that is passed over too often to learn much more from it. */
export function repetitionWarnings(passes: readonly Passes[]): readonly string[] {
  return passes
    .filter(({ epochs }) => epochs > worthwhileEpochs)
    .map(
      ({ name, epochs }) =>
        `source \`${name}\` is passed over ${rounded(epochs)} times in this run; beyond ${worthwhileEpochs} times repeated text teaches less and less`,
    );
}

/** Where the weights ask for more passes than sources allow: by how much, and the weights and the budget that come nearest. */
export function beyondCaps(
  sources: readonly MixedSource[],
  passes: readonly Passes[],
  total: number,
): RuntimeFailure | undefined {
  const over = sources.flatMap(({ name, epochs: cap }, i) => {
    const { epochs, tokens, share } = passes[i] as Passes;
    // A run is cut into whole sequences.
    return cap === undefined || epochs <= cap * (1 + 1e-3) ? [] : [{ name, cap, epochs, tokens, share }];
  });
  if (over.length === 0) return undefined;
  const each = over.map(
    ({ name, cap, epochs, tokens, share }) =>
      `source \`${name}\` would be passed over ${rounded(epochs)} times, and its cap is ${cap}: ${count(share * total - cap * tokens)} tokens too many`,
  );
  const budget = Math.min(...over.map(({ cap, tokens, share }) => (cap * tokens) / share));
  const nearest = nearestShares(
    sources,
    passes.map(({ share }) => share),
    total,
  );
  const lower = `lower the budget to ${count(budget)} tokens`;
  const most = sources.reduce((sum, { epochs = Infinity, tokens }) => sum + epochs * tokens, 0);
  const help = nearest
    ? `the nearest weights within the caps are ${sources.map(({ name }, i) => `${name} ${(nearest[i] as number) / 10}%`).join(", ")}; or ${lower}`
    : `no weights help: within the caps the sources give ${count(most)} tokens, and the run takes ${count(total)}; ${lower}`;
  return new RuntimeFailure("data/weights", each.join("; "), help);
}

/** In tenths of a percent that add up to the whole. */
function nearestShares(
  sources: readonly MixedSource[],
  shares: readonly number[],
  total: number,
): readonly number[] | undefined {
  const { given, capped } = keptWithin(sources, shares, total) ?? {};
  if (!given || !capped) return undefined;
  const tenths = given.map((share) => Math.floor(share * 1000));
  const largest = given.reduce(
    (best, share, i) => (capped.has(i) || (best >= 0 && share <= (given[best] as number)) ? best : i),
    -1,
  );
  return tenths.map((share, i) =>
    i === largest ? 1000 - tenths.reduce((sum, other, j) => (j === i ? sum : sum + other), 0) : share,
  );
}

/** What a capped source loses goes to the others in proportion to their shares; nothing if all of them are at their caps. */
function keptWithin(
  sources: readonly MixedSource[],
  shares: readonly number[],
  total: number,
): { readonly given: readonly number[]; readonly capped: ReadonlySet<number> } | undefined {
  const most = sources.map(({ epochs = Infinity, tokens }) => (epochs * tokens) / total);
  const capped = new Set<number>();
  for (;;) {
    const free = sources.map((_, i) => i).filter((i) => !capped.has(i) && (shares[i] as number) > 0);
    const left = 1 - [...capped].reduce((sum, i) => sum + (most[i] as number), 0);
    const asked = free.reduce((sum, i) => sum + (shares[i] as number), 0);
    if (free.length === 0) return undefined;
    const given = shares.map((share, i) => (capped.has(i) ? (most[i] as number) : (share * left) / asked));
    const beyond = free.filter((i) => (given[i] as number) > (most[i] as number));
    if (beyond.length === 0) return { given, capped };
    for (const i of beyond) capped.add(i);
  }
}

const rounded = (value: number): string => (value < 100 ? value.toFixed(1) : Math.round(value).toString());
const count = (tokens: number): string =>
  Math.floor(tokens)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, " ");
