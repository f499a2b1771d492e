/**
 * @file Checks the fields of a section against its schema and makes a plain typed object of them. It needs no other
 * declaration: names that refer to some are kept as names.
 */
import { report } from "../../src/diagnostics/codes.ts";
import type { Diagnostic, Fix } from "../../src/diagnostics/diagnostic.ts";
import { unreachable } from "../../src/util/invariant.ts";
import { joinSpans, type Span } from "../../src/diagnostics/source.ts";
import { suggest } from "../../src/util/suggest.ts";
import type { Body, Field, Name, Section } from "../syntax/ast.ts";
import { oneOf } from "./describe.ts";
import type {
  AnyField,
  CheckedGroup,
  ConfigOf,
  DimEquation,
  EquationsField,
  GroupField,
  GroupsField,
  Schema,
  ValueField,
} from "./field.ts";

export interface FieldsResult<S extends Schema> {
  /** Absent where a required field is missing or cannot be read: then an error says so. */
  readonly value?: ConfigOf<S>;
  readonly diagnostics: readonly Diagnostic[];
}

/** The typed configuration that a section's fields describe, with its defaults. */
export function checkFields<S extends Schema>(
  section: Pick<Section, "keyword" | "name" | "body">,
  schema: S,
): FieldsResult<S> {
  const diagnostics: Diagnostic[] = [];
  const place: FieldOwner = {
    owner: section.keyword,
    what: "field",
    prefix: "",
    name: section.name.span,
    problem: (diagnostic) => diagnostics.push(diagnostic),
  };
  const value = readGroup(section.body, schema, place) as ConfigOf<S> | undefined;
  return { ...(value ? { value } : {}), diagnostics };
}

/** The same for the options of a call. */
export function checkOptions<S extends Schema>(
  owner: string,
  body: Body,
  schema: S,
  name: Span,
  problem: (diagnostic: Diagnostic) => void,
): ConfigOf<S> | undefined {
  return readGroup(body, schema, { owner, what: "option", prefix: `${owner}.`, name, problem }) as
    ConfigOf<S> | undefined;
}

/** The group that is being read. */
interface FieldOwner {
  /** For messages: `train`, `checkpoint`. */
  readonly owner: string;
  readonly what: "field" | "option";
  /** Before the names of its fields: "" or "checkpoint.". */
  readonly prefix: string;
  /** What to point at when a field is missing. */
  readonly name: Span;
  readonly problem: (diagnostic: Diagnostic) => void;
}

function readGroup(
  body: Body,
  schema: Schema,
  place: FieldOwner,
  label?: CheckedGroup["label"],
): CheckedGroup | undefined {
  const written = new Map<string, Field[]>();
  const rest: Field[] = [];
  for (const field of body.fields) {
    const key = keyOf(field, schema);
    if (key === undefined) {
      if (schema.open) rest.push(field);
      else {
        // What is nearly the name of a field is read as that field, so that nothing seems to be missing.
        const near = unknownField(field, schema, place);
        if (
          near !== undefined &&
          (schema.fields[near]?.kind === "groups" || !body.fields.some(({ path }) => path[0]?.text === near))
        )
          written.set(near, [...(written.get(near) ?? []), field]);
      }
    } else written.set(key, [...(written.get(key) ?? []), field]);
  }
  let whole = true;
  const values: Record<string, unknown> = {};
  const spans: Record<string, Span> = {};
  for (const [key, spec] of Object.entries(schema.fields)) {
    const fields = written.get(key) ?? [];
    const first = fields[0];
    if (first) spans[key] = valueSpan(first);
    const read = readField(key, spec, fields, place);
    if (read === unreadable) whole = false;
    else values[key] = read;
  }
  if (!whole) return undefined;
  const group = { span: body.span, spans, rest, ...(label ? { label } : {}), ...values };
  schema.check?.(group, place.problem);
  return group;
}

/** Stands for a value that a message explains. */
const unreadable = Symbol("unreadable");

/** The field of the schema that a written field belongs to: `checkpoint.every: …` belongs to the group `checkpoint`. */
function keyOf(field: Field, schema: Schema): string | undefined {
  const head = field.path[0]?.text ?? "";
  if (!Object.hasOwn(schema.fields, head)) return undefined;
  const kind = schema.fields[head]?.kind;
  return field.path.length === 1 || kind === "group" || kind === "equations" ? head : undefined;
}

function valueSpan(field: Field): Span {
  return field.content.kind === "group" ? field.span : field.content.value.span;
}

function pathSpan(path: readonly Name[]): Span {
  const [first, last] = [path[0], path.at(-1)];
  return joinSpans((first as Name).span, (last as Name).span);
}

/** Reports a field, and gives the one that is meant if that can be told. */
function unknownField(field: Field, schema: Schema, place: FieldOwner): string | undefined {
  const written = field.path.map((name) => name.text).join(".");
  const head = field.path[0] as Name;
  const known = Object.keys(schema.fields);
  const near = field.path.length === 1 ? suggest(head.text, known) : undefined;
  const group = Object.entries(schema.fields).find(
    ([, spec]) => (spec.kind === "group" || spec.kind === "groups") && Object.hasOwn(spec.schema.fields, head.text),
  );
  const help =
    known.length === 0
      ? `\`${place.owner}\` takes no ${place.what}s`
      : group
        ? `\`${head.text}\` is a field of \`${group[0]} { … }\``
        : `${place.what}s of \`${place.owner}\` are ${listed(known)}`;
  place.problem(
    report(
      "field/unknown",
      { owner: place.owner, what: place.what, field: written },
      {
        primary: { span: pathSpan(field.path), text: "" },
        ...(near && !group
          ? { fixes: [{ title: `write \`${near}\``, edits: [{ span: head.span, text: near }] }] }
          : { help }),
      },
    ),
  );
  return group ? undefined : near;
}

function listed(words: readonly string[]): string {
  return oneOf(words).replace(/ or (?=`[^`]*`$)/, " and ");
}

function readField(key: string, spec: AnyField, fields: readonly Field[], place: FieldOwner): unknown {
  switch (spec.kind) {
    case "value":
      return readValue(key, spec, fields, place);
    case "group":
      return readOneGroup(key, spec, fields, place);
    case "groups":
      return readGroups(key, spec, fields, place);
    case "equations":
      return readEquations(key, spec, fields, place);
    default:
      return unreachable(spec);
  }
}

function onlyOnce(field: string, fields: readonly Field[], place: FieldOwner): void {
  const [first, ...more] = fields;
  for (const again of more) {
    place.problem(
      report(
        "field/duplicate",
        { field },
        {
          primary: { span: again.span, text: "" },
          related: first ? [{ span: first.span, text: "given here first" }] : [],
        },
      ),
    );
  }
}

function wrongForm(name: string, field: Field, form: string, place: FieldOwner, fixes: readonly Fix[] = []): void {
  place.problem(
    report("field/form", { field: name, form }, { primary: { span: pathSpan(field.path), text: "" }, fixes }),
  );
}

/** The mend for `=` instead of `:`, or the other way round. */
export function exchangeMark(field: Field, from: string, to: string): readonly Fix[] {
  if (field.content.kind === "group") return [];
  const { file, end } = pathSpan(field.path);
  const start = file.text.indexOf(from, end);
  if (start < 0 || start > field.content.value.span.start) return [];
  const text = to === "=" ? " =" : to;
  return [{ title: `write \`${to}\``, edits: [{ span: { file, start: end, end: start + from.length }, text }] }];
}

function readValue(key: string, spec: ValueField<unknown>, fields: readonly Field[], place: FieldOwner): unknown {
  const name = place.prefix + key;
  const [field] = fields;
  onlyOnce(name, fields, place);
  if (!field) {
    const { fallback } = spec;
    if (fallback.kind === "default") return fallback.value;
    if (fallback.kind === "absent") return undefined;
    place.problem(
      report(
        "field/missing",
        { owner: place.owner, field: key },
        { primary: { span: place.name, text: "" }, help: `add \`${fallback.example}\`` },
      ),
    );
    return unreadable;
  }
  const { content } = field;
  if (content.kind === "group") {
    wrongForm(name, field, `a value: \`${key}: …\``, place);
    return unreadable;
  }
  if (content.kind === "equation")
    wrongForm(name, field, `a value after a colon: \`${key}: …\``, place, exchangeMark(field, "=", ":"));
  const value = spec.type.read(content.value, { field: name, problem: place.problem });
  return value === undefined ? unreadable : value;
}

/** The bodies of a group: what stands in its braces, and single fields given by path. */
function bodiesOf(key: string, fields: readonly Field[], place: FieldOwner): Body | undefined {
  const braces = fields.filter((field) => field.path.length === 1);
  onlyOnce(place.prefix + key, braces, place);
  const inner: Field[] = [];
  let span: Span | undefined;
  for (const field of fields) {
    if (field.path.length > 1) inner.push({ ...field, path: field.path.slice(1) });
    else if (field.content.kind !== "group") {
      wrongForm(place.prefix + key, field, `a group: \`${key} { … }\``, place);
      return undefined;
    } else if (field === braces[0]) inner.push(...field.content.body.fields);
    span ??= field.span;
  }
  return { fields: inner, span: span ?? place.name };
}

function readOneGroup(
  key: string,
  spec: GroupField<Schema, "undefined" | "defaults">,
  fields: readonly Field[],
  place: FieldOwner,
): unknown {
  if (fields.length === 0 && spec.whenAbsent === "undefined") return undefined;
  const body = bodiesOf(key, fields, place);
  if (!body) return unreadable;
  const content = fields[0]?.content;
  if (content?.kind === "group" && content.label)
    labelProblem(place.prefix + key, "has no name", content.label.span, place);
  const name = fields[0]?.path[0]?.span ?? place.name;
  return readGroup(body, spec.schema, { ...place, owner: key, prefix: `${place.prefix}${key}.`, name }) ?? unreadable;
}

function labelProblem(field: string, wrong: string, span: Span, place: FieldOwner): void {
  place.problem(report("field/label", { field, wrong }, { primary: { span, text: "" } }));
}

function readGroups(key: string, spec: GroupsField<Schema>, fields: readonly Field[], place: FieldOwner): unknown {
  const name = place.prefix + key;
  const read: unknown[] = [];
  const labels = new Map<string, Field[]>();
  for (const field of fields) {
    const { content } = field;
    if (content.kind !== "group") {
      wrongForm(name, field, `a group: \`${key}${spec.label === "required" ? " name" : ""} { … }\``, place);
      read.push(unreadable);
      continue;
    }
    const { label } = content;
    if (!label && spec.label === "required")
      labelProblem(name, `needs ${spec.labelDoc}`, (field.path[0] as Name).span, place);
    if (label) {
      labels.set(label.text, [...(labels.get(label.text) ?? []), field]);
      spec.checkLabel?.(label, { field: name, problem: place.problem });
    }
    const span = label?.span ?? (field.path[0] as Name).span;
    read.push(
      readGroup(content.body, spec.schema, { ...place, owner: key, prefix: `${name}.`, name: span }, label) ??
        unreadable,
    );
  }
  for (const [label, same] of labels) onlyOnce(`${key} ${label}`, same, place);
  return read.includes(unreadable) ? unreadable : read;
}

function readEquations(key: string, _spec: EquationsField, fields: readonly Field[], place: FieldOwner): unknown {
  const body = bodiesOf(key, fields, place);
  if (!body) return unreadable;
  const equations: DimEquation[] = [];
  const names = new Map<string, Field[]>();
  for (const field of body.fields) {
    const [name, ...deeper] = field.path;
    if (!name || field.content.kind === "group" || deeper.length > 0) {
      wrongForm(field.path.map((part) => part.text).join("."), field, "a size: `D = 192`", place);
      continue;
    }
    const braced = !fields.some((outer) => outer.path.length > 1 && outer.span === field.span);
    if (field.content.kind === "value" && braced)
      wrongForm(name.text, field, `a size: \`${name.text} = …\``, place, exchangeMark(field, ":", "="));
    names.set(name.text, [...(names.get(name.text) ?? []), field]);
    equations.push({ name, value: field.content.value, span: field.span });
  }
  for (const [name, same] of names) onlyOnce(name, same, place);
  return equations;
}
