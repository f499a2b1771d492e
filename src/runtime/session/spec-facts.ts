/**
 * @file What a spec decides about a run's numbers, as facts with names: a run that goes on must have them as the checkpoint has. How long to train, when to
 * save, evaluate and sample, comments and layout are not among them.
 */
import { RuntimeFailure } from "../util/failure.ts";

export interface SpecFact {
  /** As written, for people. */
  readonly text: string;
  /** What is compared: equal where the meaning is. */
  readonly hash: string;
}

export type SpecFacts = Readonly<Record<string, SpecFact>>;

export interface SpecDifference {
  readonly name: string;
  readonly message: string;
}

/** What differs between a checkpoint's facts and a program's. */
export function specDifferences(before: SpecFacts, after: SpecFacts): readonly SpecDifference[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted().flatMap((name): SpecDifference[] => {
    const [was, is] = [before[name], after[name]];
    if (was?.hash === is?.hash) return [];
    if (was === undefined || is === undefined)
      return [
        { name, message: was === undefined ? `\`${name}: ${is?.text}\` is new` : `\`${name}: ${was.text}\` is gone` },
      ];
    return [
      {
        name,
        message:
          was.text === is.text
            ? `what \`${name}\` is made of has changed`
            : `\`${name}\` was ${was.text}, and is ${is.text}`,
      },
    ];
  });
}

/** Fails on a difference that `force` does not name. */
export function requireSameSpec(
  checkpoint: string,
  before: SpecFacts,
  after: SpecFacts,
  force: readonly string[],
): void {
  const differences = specDifferences(before, after).filter(({ name }) => !force.includes(name));
  if (differences.length === 0) return;
  throw new RuntimeFailure(
    "checkpoint/mismatch",
    `the spec has changed since ${checkpoint}: ${differences.map(({ message }) => message).join("; ")}`,
    `go on all the same with --force ${differences.map(({ name }) => name).join(",")}, undo the change, or train anew with another --out`,
  );
}

/** Reads facts that were written as JSON; `undefined` if these are none. */
export function specFacts(value: unknown): SpecFacts | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return Object.values(value).every(isFact) ? (value as SpecFacts) : undefined;
}

const isFact = (fact: unknown): fact is SpecFact =>
  typeof fact === "object" &&
  fact !== null &&
  "text" in fact &&
  typeof fact.text === "string" &&
  "hash" in fact &&
  typeof fact.hash === "string";
