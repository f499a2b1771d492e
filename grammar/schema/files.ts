/** @file How text is read from files: fields that a source of `data` and a test of `eval` share. */
import { report } from "../../src/diagnostics/codes.ts";
import type { Diagnostic, Label } from "../../src/diagnostics/diagnostic.ts";
import type { CheckedGroup, ConfigOf } from "./field.ts";
import { optional, withDefault } from "./field.ts";
import { choice, listOf, oneCharacter, someText, text } from "./types.ts";

export const readingFields = {
  files: optional(
    listOf(text, "one path or pattern, or a list of them"),
    "The files, by path or pattern relative to this file; what is packed by gzip or zstd is unpacked.",
  ),
  package: optional(text, "The npm package in which `files` are looked up."),
  format: withDefault(
    choice(["auto", "text", "jsonl", "json", "csv", "parquet", "html", "warc"] as const),
    "auto",
    "auto",
    "What the files are; `auto` goes by what they hold (Parquet, WARC and WET, JSON Lines, JSON, HTML) and by their names (`.csv`, `.tsv`), and all else is text.",
  ),
  field: withDefault(
    someText,
    "text",
    '"text"',
    "The field or column with the text, where documents are records; a path such as `meta.text` where it is in another.",
  ),
  id: optional(
    someText,
    "The field or column that names a document, or a path to it; of web archives a header such as `WARC-Target-URI`. Otherwise file and place name it.",
  ),
  separator: optional(someText, "The text that ends each document in a text file; without it a file is one document."),
  delimiter: optional(
    oneCharacter,
    "What separates the fields of a table; otherwise its line of names tells, of comma, tab, semicolon and `|`.",
  ),
  quoting: withDefault(
    choice(["double", "single", "none"] as const),
    "double",
    "double",
    "The quotes around fields of a table: `\"`, `'`, or none, so that quotes are text.",
  ),
  damaged: withDefault(
    choice(["error", "skip"] as const),
    "error",
    "error",
    "What cannot be read (a broken line, a record without the field, bytes that are no UTF-8) is an error, or is skipped and counted.",
  ),
};

export type ReadingConfig = ConfigOf<{ readonly fields: typeof readingFields; readonly open: false }>;

/** Says that fields of a group exclude or need each other. */
export function conflict(
  group: CheckedGroup,
  field: string,
  message: string,
  problem: (diagnostic: Diagnostic) => void,
  related: readonly Label[] = [],
): void {
  const span = group.spans[field] ?? group.label?.span ?? group.span;
  problem(report("field/conflict", { problem: message }, { primary: { span, text: "" }, related }));
}

/** What the fields of reading cannot see alone. */
export function checkReading(group: ReadingConfig, name: string, problem: (diagnostic: Diagnostic) => void): void {
  const written = (field: string): boolean => group.spans[field] !== undefined;
  if (group.package !== undefined && !group.files)
    conflict(group, "package", `${name} names a package but no \`files\` of it`, problem);
  if (group.format !== "auto" && group.format !== "text" && written("separator"))
    conflict(
      group,
      "separator",
      `${name} has a \`separator\`, which is for text files, and its \`format\` is \`${group.format}\``,
      problem,
    );
  if (group.format !== "auto" && group.format !== "csv") {
    for (const field of ["delimiter", "quoting"])
      if (written(field))
        conflict(
          group,
          field,
          `${name} has \`${field}\`, which is for tables, and its \`format\` is \`${group.format}\``,
          problem,
        );
  }
  if (group.format === "text") {
    for (const field of ["field", "id"])
      if (written(field))
        conflict(
          group,
          field,
          `${name} has \`${field}\`, which is for records, and its \`format\` is \`text\``,
          problem,
        );
  }
}
