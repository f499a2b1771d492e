/** @file What is wrong with the files that a program's sources and tests name: looked for and asked for their size, never read. */
import { accessSync, constants, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Section } from "../../../grammar/syntax/ast.ts";
import { checkFields } from "../../../grammar/schema/fields.ts";
import { schemas, type ReadingConfig } from "../../../grammar/schema.ts";
import { report } from "../../diagnostics/codes.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import type { Span } from "../../diagnostics/source.ts";
import { isFailure, messageOf, systemCode } from "../../runtime/util/failure.ts";
import { expand, type Named } from "../../runtime/node/files.ts";
import { filePatterns } from "../data/curation-plan.ts";

/** Looks at the files of a source or test that `section` declares; each is looked at once. */
export type LookAt = (reading: ReadingConfig, section: Section) => Promise<FilesSeen>;

export interface FilesSeen {
  readonly files: readonly Named[];
  readonly problems: readonly Diagnostic[];
}

export function filesSeen(cwd: string): LookAt {
  const seen = new Map<number, Map<Section, Promise<FilesSeen>>>();
  return (reading, section) => {
    const at = reading.spans["files"]?.start ?? -1;
    const known = seen.get(at) ?? new Map<Section, Promise<FilesSeen>>();
    const answer = known.get(section) ?? look(reading, section, cwd);
    seen.set(at, known.set(section, answer));
    return answer;
  };
}

async function look(reading: ReadingConfig, section: Section, cwd: string): Promise<FilesSeen> {
  const written = reading.spans["files"];
  if (!reading.files || !written) return { files: [], problems: [] };
  const path = section.span.file.path;
  // Messages then say paths as the file does. Packages are looked for from the working directory, as training does.
  const folder = resolve(cwd, dirname(path));
  const name = reading.label?.text ?? "text";
  const patterns = filePatterns(reading, path, cwd, folder);
  const files = new Map<string, Named>();
  const problems: Diagnostic[] = [];
  for (const [i, pattern] of patterns.entries()) {
    const span = itemSpan(written, reading.files[i] ?? "");
    try {
      for (const file of await expand({ name, files: [pattern] }, reading.package === undefined ? folder : cwd))
        files.set(file.path, file);
    } catch (error) {
      problems.push(
        fileProblem(
          error,
          isFailure(error) && error.help?.startsWith("npm install") === true
            ? (reading.spans["package"] ?? span)
            : span,
        ),
      );
    }
  }
  const unreadable = firstUnreadable([...files.values()]);
  if (unreadable)
    problems.push(
      report(
        "data/unreadable",
        { problem: `cannot read ${unreadable.name}: ${unreadable.why}` },
        { primary: { span: written, text: "" } },
      ),
    );
  return { files: [...files.values()], problems };
}

/** Where a pattern stands in a list of them. */
function itemSpan(list: Span, pattern: string): Span {
  const text = JSON.stringify(pattern);
  const start = list.file.text.indexOf(text, list.start);
  return start < 0 || start + text.length > list.end ? list : { ...list, start, end: start + text.length };
}

function fileProblem(error: unknown, span: Span): Diagnostic {
  const details = {
    primary: { span, text: "" },
    ...(isFailure(error) && error.help !== undefined && { help: error.help }),
  };
  if (
    isFailure(error) &&
    (error.code === "data/missing" || error.code === "data/directory" || error.code === "data/unreadable")
  )
    return report(error.code, { problem: error.message }, details);
  if (systemCode(error) === undefined) throw error;
  return report(
    "data/unreadable",
    {
      problem: `cannot look for ${error instanceof Error && "path" in error && typeof error.path === "string" ? error.path : "the files"}: ${messageOf(error)}`,
    },
    details,
  );
}

/** As many are opened at most: what keeps one of a corpus from being read keeps most of them. */
const mostOpened = 200;

function firstUnreadable(files: readonly Named[]): { readonly name: string; readonly why: string } | undefined {
  for (const { name, path } of files.slice(0, mostOpened)) {
    try {
      accessSync(path, constants.R_OK);
    } catch (error) {
      return { name, why: systemCode(error) === "EACCES" ? "its permissions forbid it" : messageOf(error) };
    }
  }
  return undefined;
}

/** The bytes of all files; nothing where one is packed, or there are too many to ask quickly. */
export function bytesOf(files: readonly Named[]): readonly number[] | undefined {
  if (files.length > mostOpened || files.some(({ name }) => /\.(?:gz|zst|zstd|parquet)$/i.test(name))) return undefined;
  return files.map(({ path }) => statSync(path).size);
}

/** The sources and tests of data and evaluations that the program's own file declares. */
export function readingsOf(
  sections: readonly Section[],
): readonly { readonly reading: ReadingConfig; readonly section: Section }[] {
  return sections.flatMap((section) => {
    const readings =
      section.keyword === "data"
        ? checkFields(section, schemas.data).value?.source
        : section.keyword === "eval"
          ? checkFields(section, schemas.eval).value?.test
          : undefined;
    return (readings ?? []).map((reading) => ({ reading, section }));
  });
}
