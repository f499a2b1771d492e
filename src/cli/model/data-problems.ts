/** @file What can be known to be wrong with a program's data without reading it: files that are not there, and texts too short for the models that read them. */
import type { Section } from "../../../grammar/syntax/ast.ts";
import { checkFields } from "../../../grammar/schema/fields.ts";
import { schemas } from "../../../grammar/schema.ts";
import { report } from "../../diagnostics/codes.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { checkFile, type CheckedModel, type CheckResult } from "../../semantics/check/check.ts";
import type { Host as SourceHost } from "../../semantics/load/program.ts";
import { dataText } from "../../semantics/model/texts.ts";
import { filesSeen, readingsOf } from "./data-files.ts";
import { fitOf } from "./data-fit.ts";
import { vocabularyInFiles } from "../tokenizer/make-tokenizer.ts";

/** Problems of the data that the file declares and that its models read, in the order of the text, once each. */
export async function dataProblems(
  { program, models }: Pick<CheckResult, "program" | "models">,
  cwd: string,
): Promise<readonly Diagnostic[]> {
  const look = filesSeen(cwd);
  const declared = program.entry.file.declarations.filter((d): d is Section => d.kind === "section");
  const found: Diagnostic[] = [];
  const readings = readingsOf([...new Set([...declared, ...models.flatMap(dataOf)])]);
  for (const { problems } of await Promise.all(readings.map(({ reading, section }) => look(reading, section))))
    found.push(...problems);
  for (const model of models) found.push(...(await fitOf(model, look)));
  const byPlace = new Map(
    found.toReversed().map((d) => [`${d.code} ${d.primary.span.file.path} ${d.primary.span.start}`, d] as const),
  );
  return [...byPlace.values()].toSorted((a, b) => a.primary.span.start - b.primary.span.start);
}

/** The problems of one model's data, which keep it from being trained. */
export async function trainingProblems(model: CheckedModel, cwd: string): Promise<readonly Diagnostic[]> {
  const look = filesSeen(cwd);
  const found: Diagnostic[] = [];
  for (const { reading, section } of readingsOf(dataOf(model))) found.push(...(await look(reading, section)).problems);
  found.push(...(await fitOf(model, look)));
  return found.map((d) => ({ ...d, severity: "error" }));
}

/** The declaration that a model reads and those that it takes documents of. */
function dataOf({ elaboration: { data } }: CheckedModel): readonly Section[] {
  if (!data) return [];
  const from = (text: typeof data | NonNullable<ReturnType<typeof dataText>>): readonly Section[] => [
    text.section,
    ...text.config.source.flatMap((source) => {
      const other = source.from && dataText(source.from, text.scope);
      return other ? from(other) : [];
    }),
  ];
  return from(data);
}

/** Codes that compare with the size of a vocabulary. */
const ofVocabulary: ReadonlySet<string> = new Set(["model/vocabulary", "model/padding", "type/never"]);

/** Checks a file with the vocabularies that files of tokenizers hold; one that cannot be read is an error at the field that names it. */
export function checkWithTokenizers(path: string, sources: SourceHost, cwd: string): CheckResult {
  const unread: Diagnostic[] = [];
  const result = checkFile(
    path,
    sources,
    vocabularyInFiles(cwd, (section, { message, help }) => {
      const span = checkFields(section, schemas.tokenizer).value?.spans["file"] ?? section.name.span;
      unread.push(
        report(
          "tokenizer/unreadable",
          { problem: message },
          { primary: { span, text: "" }, ...(help !== undefined && { help }) },
        ),
      );
    }),
  );
  // What is said of sizes that no file told would be a guess.
  return unread.length === 0
    ? result
    : { ...result, diagnostics: [...unread, ...result.diagnostics.filter((d) => !ofVocabulary.has(d.code))] };
}
