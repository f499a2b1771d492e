/** @file What the checker of fields reports: sections that say something the schema does not allow. */
import { error, warning } from "./entry.ts";

interface OfField {
  /** As written in the section: `budget`, `checkpoint.every`. */
  readonly field: string;
}

export const fieldCodes = {
  "field/unknown": error(
    ({ owner, what, field }: OfField & { readonly owner: string; readonly what: "field" | "option" }) =>
      `\`${owner}\` has no ${what} \`${field}\``,
    "The section does not know a field of this name, or the step of curation no such option. Nothing is ignored silently: a misspelt option would otherwise train with a default. The generated list of fields names every field with its type, unit and default.",
  ),
  "field/duplicate": error(
    ({ field }: OfField) => `\`${field}\` is given twice`,
    "A field may stand once in its section; the second label shows the first one. Where several are meant, as with `source`, each has a name of its own.",
  ),
  "field/missing": error(
    ({ owner, field }: OfField & { readonly owner: string }) => `\`${owner}\` needs \`${field}\``,
    "The section cannot work without this field, and no default would be right for everybody.",
  ),
  "field/form": error(
    ({ field, form }: OfField & { readonly form: string }) => `\`${field}\` must be written as ${form}`,
    "A field takes a value after a colon, `batch: 32 sequences`, or is a group of fields in braces, `checkpoint { every: 500 steps }`. `=` computes sizes and tensors and stands only in `dims`, ops and blocks.",
  ),
  "field/label": error(
    ({ field, wrong }: OfField & { readonly wrong: string }) => `\`${field}\` ${wrong}`,
    "Some groups carry a name between their keyword and the brace, such as `source tales { … }` or `group vectors { … }`; others, such as `checkpoint { … }`, do not.",
  ),
  "field/type": error(
    ({ field, expected, found }: OfField & { readonly expected: string; readonly found: string }) =>
      `\`${field}\` takes ${expected}, not ${found}`,
    "The value is of another sort than the field takes.",
  ),
  "field/choice": error(
    ({ field, choices, found }: OfField & { readonly choices: string; readonly found: string }) =>
      `\`${field}\` is ${choices}, not ${found}`,
    "The field takes one of a few words.",
  ),
  "field/unit": error(
    ({ field, problem }: OfField & { readonly problem: string }) => `\`${field}\` ${problem}`,
    "A quantity says what it counts or measures, so that `budget: 5000` cannot mean steps to one reader and tokens to another. Counted nouns follow a space (`20M tokens`), units touch their number (`2GiB`, `2h`, `10%`).",
  ),
  "field/range": error(
    ({ field, range, found }: OfField & { readonly range: string; readonly found: string }) =>
      `\`${field}\` must be ${range}, not ${found}`,
    "The number is outside of what makes sense for this field.",
  ),
  "field/conflict": error(
    ({ problem }: { readonly problem: string }) => problem,
    "Two fields of one group say different things about the same matter, or one of them needs the other.",
  ),
  "field/weights": error(
    ({ when, sum }: { readonly when: string; readonly sum: string }) => `the weights add up to ${sum}${when}, not 100%`,
    "The weights of a data mix are shares of what is trained on, so they add up to 100% at the start of the run and at its end, when weights are ramps. One or several sources may have `weight: rest` and share what the others leave.",
  ),
  "field/split": error(
    ({ sum }: { readonly sum: string }) => `the parts of the split add up to ${sum}, not 100%`,
    "Every document belongs to exactly one part of the split, so the parts add up to 100%.",
  ),
  "size/decimal": warning(
    ({
      name,
      written,
      value,
      binary,
      meant,
    }: {
      readonly name: string;
      readonly written: string;
      readonly value: number;
      readonly binary: string;
      readonly meant: number;
    }) => `${name} = ${written} is ${value}; did you mean \`${binary}\` = ${meant}?`,
    "Suffixes `k`, `M` and `B` are decimal: `32k` is 32000. Sizes of axes are usually multiples of a power of two, since the kernels work on tiles; `32Ki` is 32768. A size that is meant to be decimal is written out.",
  ),
};
