/** @file All that can be said about a file's fields without looking at other declarations: every section, and sizes with decimal suffixes. Declarations with a syntax error are passed over. */
import { report } from "../src/diagnostics/codes.ts";
import type { Diagnostic } from "../src/diagnostics/diagnostic.ts";
import { joinSpans, spanText } from "../src/diagnostics/source.ts";
import type { Expression, Field, File } from "./syntax/ast.ts";
import { checkFields, exchangeMark } from "./schema/fields.ts";
import { schemas } from "./schema.ts";
import { scaled } from "./syntax/units.ts";

/** Diagnostics of every section of the file, in the order of the text. */
export function checkFileFields(file: File): readonly Diagnostic[] {
  const diagnostics = file.declarations.flatMap((declaration) => {
    if (declaration.broken) return [];
    switch (declaration.kind) {
      case "section":
        return [
          ...checkFields(declaration, schemas[declaration.keyword]).diagnostics,
          ...(declaration.keyword === "model"
            ? [
                ...decimalSizes(declaration.body.fields),
                ...equations(
                  declaration.body.fields.filter(
                    ({ path }) => !Object.hasOwn(schemas.model.fields, path[0]?.text ?? ""),
                  ),
                ),
                ...repeated(
                  declaration.body.fields.filter(
                    ({ path }) => !Object.hasOwn(schemas.model.fields, path[0]?.text ?? ""),
                  ),
                ),
              ]
            : []),
        ];
      case "variant":
        return [
          ...decimalSizes(declaration.body.fields),
          ...equations(declaration.body.fields.filter(({ path }) => path[0]?.text !== "dims")),
          ...repeated(declaration.body.fields),
        ];
      default:
        return declaration.kind === "import"
          ? []
          : declaration.body.flatMap((statement) =>
              statement.kind === "dims"
                ? statement.entries.flatMap((entry) => decimalSize(entry.name.text, entry.value))
                : [],
            );
    }
  });
  return diagnostics.toSorted((a, b) => a.primary.span.start - b.primary.span.start);
}

/** Fields that no schema lists, by their whole paths: of two for one path only the later would count. */
function repeated(fields: readonly Field[]): readonly Diagnostic[] {
  const first = new Map<string, Field>();
  const visit = (field: Field, before: string): readonly Diagnostic[] => {
    const { content } = field;
    const label = content.kind === "group" && content.label ? ` ${content.label.text}` : "";
    const path = `${before}${field.path.map((name) => name.text).join(".")}${label}`;
    if (content.kind === "group") return content.body.fields.flatMap((inner) => visit(inner, `${path}.`));
    const known = first.get(path);
    if (!known) {
      first.set(path, field);
      return [];
    }
    return [
      report(
        "field/duplicate",
        { field: path },
        { primary: { span: field.span, text: "" }, related: [{ span: known.span, text: "given here first" }] },
      ),
    ];
  };
  return fields.flatMap((field) => visit(field, ""));
}

/** `layers = …` in a model: a field is no equation. */
function equations(fields: readonly Field[]): readonly Diagnostic[] {
  return fields.flatMap((field): readonly Diagnostic[] => {
    const name = field.path.map(({ text }) => text).join(".");
    const [first, last] = [field.path[0], field.path.at(-1)];
    if (field.content.kind !== "equation" || !first || !last) return [];
    return [
      report(
        "field/form",
        { field: name, form: `a value after a colon: \`${name}: …\`` },
        { primary: { span: joinSpans(first.span, last.span), text: "" }, fixes: exchangeMark(field, "=", ":") },
      ),
    ];
  });
}

/** In `dims { T = 32k }` and in `dims.T: 32k`. */
function decimalSizes(fields: readonly Field[]): readonly Diagnostic[] {
  return fields.flatMap(({ path, content }) => {
    if (path[0]?.text !== "dims") return [];
    const name = path[1]?.text;
    if (content.kind === "group")
      return content.body.fields.flatMap((entry) =>
        entry.content.kind === "group" ? [] : decimalSize(entry.path[0]?.text ?? "", entry.content.value),
      );
    return name === undefined ? [] : decimalSize(name, content.value);
  });
}

const binaryOf = { k: "Ki", M: "Mi", B: "Gi" } as const;

function decimalSize(name: string, value: Expression): readonly Diagnostic[] {
  if (value.kind !== "number") return [];
  const { suffix } = value;
  if (suffix !== "k" && suffix !== "M" && suffix !== "B") return [];
  const written = spanText(value.span);
  const binarySuffix = binaryOf[suffix];
  const number = value.value / scaled(1, suffix);
  const binary = `${number}${binarySuffix}`;
  const params = { name, written, value: value.value, binary, meant: scaled(number, binarySuffix) };
  return [
    report("size/decimal", params, {
      primary: { span: value.span, text: "" },
      fixes: [{ title: `write \`${binary}\``, edits: [{ span: value.span, text: binary }] }],
      help: `write \`${value.value}\` if that is meant`,
    }),
  ];
}
