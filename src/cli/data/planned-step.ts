/** @file A step of curation as the language writes it, as the rules take it: only what is written, in their names. */
import type { CheckedGroup, StepConfig } from "../../../grammar/schema.ts";
import type { CurationPlan, FilesToRead, Step } from "../../data/steps/plan.ts";
import type { Name } from "../../../grammar/syntax/ast.ts";
import type { Bound } from "../../data/rules/signals.ts";
import { signalNames } from "../../../grammar/schema.ts";

/** What names in a step stand for. */
export interface Referred {
  readonly data: (name: Name) => CurationPlan;
  /** A text file at a path, of which every line is read. */
  readonly lines: (path: string) => FilesToRead;
  readonly tests: (name: Name) => readonly { readonly name: string; readonly files: FilesToRead }[];
}

export function plannedStep(step: StepConfig, name: string, refer: Referred): Step {
  switch (step.kind) {
    case "gopher_quality":
      return { name, kind: step.kind, options: written(step.options) };
    case "gopher_repetition":
      return { name, kind: step.kind, options: written(step.options) };
    case "c4":
      return { name, kind: step.kind, options: written(step.options) };
    case "c4_paragraphs":
      return { name, kind: step.kind, options: written(step.options) };
    case "fineweb":
      return { name, kind: step.kind, options: written(step.options) };
    case "banned_phrases":
      return { name, kind: step.kind, ...listed(written(step.options), refer) };
    case "listed_words":
      return { name, kind: step.kind, ...listed(written(step.options), refer) };
    case "language":
      return { name, kind: step.kind, options: written(step.options) };
    case "keep":
    case "drop": {
      const { where, missing } = step.options;
      return { name, kind: step.kind, options: { where, ...(step.options.spans["missing"] && { missing }) } };
    }
    case "resample": {
      const { by: _, ...options } = written(step.options);
      return { name, kind: step.kind, options: { ...options, by: step.options.by } };
    }
    case "exact_duplicates":
      return { name, kind: step.kind };
    case "duplicate_lines":
      return { name, kind: step.kind, options: written(step.options) };
    case "duplicate_paragraphs":
      return { name, kind: step.kind, options: written(step.options) };
    case "repeated_substrings":
      return { name, kind: step.kind, options: written(step.options) };
    case "redact":
      return { name, kind: step.kind, options: written(step.options) };
    case "near_duplicates": {
      const { hashes, ...options } = written(step.options);
      return {
        name,
        kind: step.kind,
        options: { ...options, ...(hashes === undefined ? {} : { hashesPerBucket: hashes }) },
      };
    }
    case "signals": {
      const bounds = signalNames.flatMap((signal): readonly Bound[] => {
        const bound = step.options[signal];
        return bound ? [{ signal, min: bound.min, ...(bound.max === Infinity ? {} : { max: bound.max }) }] : [];
      });
      return {
        name,
        kind: step.kind,
        bounds,
        words: step.options.split === "spacy_en" ? "spacy-en" : step.options.split,
      };
    }
    case "quality": {
      const { good, bad, keep } = step.options;
      const { good: _good, bad: _bad, keep: _keep, ...training } = written(step.options);
      return { name, kind: step.kind, good: refer.data(good), bad: refer.data(bad), training, keep };
    }
    case "decontaminate": {
      const { against: _, ...options } = written(step.options);
      return { name, kind: step.kind, against: step.options.against.flatMap(refer.tests), options };
    }
  }
}

/** Options of a list, with the file that a path among them names. */
function listed<O extends { readonly file?: string }>(
  { file, ...options }: O,
  { lines }: Referred,
): { readonly options: Omit<O, "file">; readonly file?: FilesToRead } {
  return { options, ...(file !== undefined && { file: lines(file) }) };
}

type CamelCase<S> = S extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<CamelCase<Tail>>}` : S & string;
type RuleValue<T> = "spacy_en" extends T ? Exclude<T, "spacy_en"> | "spacy-en" : T;
type Written<C extends CheckedGroup> = {
  readonly [K in Exclude<keyof C, keyof CheckedGroup> as CamelCase<K>]?: Exclude<RuleValue<C[K]>, undefined>;
};

/** The options that are written: those that are not have the defaults of the rule. */
function written<C extends CheckedGroup>(config: C): Written<C> {
  const given = Object.keys(config.spans).map((option) => {
    const value = config[option as keyof C];
    return [
      option.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      value === "spacy_en" ? "spacy-en" : value,
    ];
  });
  return Object.fromEntries(given) as Written<C>;
}
