/** @file Loads a file, what it imports, and the standard library; says what every name means. Files come from the host. */
import type { File, Import, Section } from "../../../grammar/syntax/ast.ts";
import { parseFile } from "../../../grammar/parse.ts";
import { report } from "../../diagnostics/codes.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import type { Span } from "../../diagnostics/source.ts";
import { nearest } from "../../diagnostics/nearest-name.ts";
import { namesOfDeclaration } from "./walk.ts";
import { standardLibrary, type LibraryTexts } from "./library.ts";
import { declarationsOf, type Declared, type FoundDeclaration, type Scope } from "./scope.ts";

/** Where text comes from. Paths use `/`. */
export interface Host {
  /** Nothing if there is no such file. */
  readonly readFile: (path: string) => string | undefined;
  /** The standard library: name (`norms.llm`) and text. */
  readonly stdlib: LibraryTexts;
}

export interface Program {
  /** The file that was asked for. */
  readonly entry: Scope;
  /** It and everything it imports, the entry first. */
  readonly scopes: readonly Scope[];
  readonly std: Scope;
  /** Of parsing and imports. */
  readonly diagnostics: readonly Diagnostic[];
}

interface Loading {
  readonly host: Host;
  readonly std: Scope;
  readonly scopes: Map<string, Scope>;
  readonly diagnostics: Diagnostic[];
}

/** Reads and links everything reachable from `path`. */
export function loadProgram(path: string, host: Host): Program {
  const std = standardLibrary(host.stdlib);
  const loading: Loading = { host, std, scopes: new Map(), diagnostics: [] };
  const text = host.readFile(path);
  const entry = loadFile(normalise(path), text ?? "", [], loading);
  if (text === undefined)
    loading.diagnostics.push(report("names/missing-file", { path }, { primary: { span: entry.file.span, text: "" } }));
  return { entry, scopes: [...loading.scopes.values()], std, diagnostics: loading.diagnostics };
}

function loadFile(path: string, text: string, importing: readonly string[], loading: Loading): Scope {
  const parsed = parseFile({ path, text });
  loading.diagnostics.push(...parsed.diagnostics);
  const own = new Map<string, FoundDeclaration>();
  const imported = new Map<string, FoundDeclaration>();
  const failed = new Set<string>(parsed.lost);
  const scope: Scope = {
    file: parsed.file,
    std: false,
    sections: (keyword) =>
      parsed.file.declarations.filter((d): d is Section => d.kind === "section" && d.keyword === keyword),
    failed,
    lookup: (name) => own.get(name) ?? imported.get(name) ?? loading.std.lookup(name),
    names: () => [...own.keys(), ...imported.keys(), ...loading.std.names()],
  };
  loading.scopes.set(path, scope);
  const first = new Map<string, Declared>();
  // `train Tiny` and `eval Tiny` stand beside the model of that name, but each once.
  const sections = new Map<string, Section>();
  for (const declaration of parsed.file.declarations) {
    if (
      declaration.kind !== "section" ||
      (declaration.keyword !== "train" && declaration.keyword !== "eval") ||
      declaration.name.text === ""
    )
      continue;
    const name = `${declaration.keyword} ${declaration.name.text}`;
    const before = sections.get(name);
    if (before) loading.diagnostics.push(duplicate(name, declaration.name.span, before.name.span));
    else sections.set(name, declaration);
  }
  for (const declaration of declarationsOf(parsed.file)) {
    const { name } = declaration;
    const before = first.get(name.text);
    if (before) loading.diagnostics.push(duplicate(name.text, name.span, before.name.span));
    else {
      first.set(name.text, declaration);
      own.set(name.text, { declaration, scope });
    }
  }
  for (const declaration of parsed.file.declarations) {
    if (declaration.kind === "import")
      link(declaration, path, [...importing, path], { file: parsed.file, own, imported, failed }, loading);
  }
  return scope;
}

function duplicate(name: string, span: Span, first: Span): Diagnostic {
  return report("names/duplicate", { name }, { primary: { span, text: "" }, related: [related(first)] });
}

interface Tables {
  readonly file: File;
  readonly own: ReadonlyMap<string, FoundDeclaration>;
  readonly imported: Map<string, FoundDeclaration>;
  readonly failed: Set<string>;
}

function link(
  statement: Import,
  path: string,
  importing: readonly string[],
  { file, own, imported, failed }: Tables,
  loading: Loading,
): void {
  const source = statement.from.kind === "std" ? loading.std : importedFile(statement, path, importing, loading);
  if (!source) {
    for (const { text } of statement.names) failed.add(text);
    return;
  }
  const exported = source.std ? source.names() : declarationsOf(source.file).map((d) => d.name.text);
  for (const { text, span } of statement.names) {
    const clash = own.get(text) ?? imported.get(text);
    if (clash)
      loading.diagnostics.push(
        report(
          "names/duplicate",
          { name: text },
          { primary: { span, text: "" }, related: [related(clash.declaration.name.span)] },
        ),
      );
    const found = exported.includes(text) ? source.lookup(text) : undefined;
    if (!found) failed.add(text);
    if (found) imported.set(text, found);
    else
      loading.diagnostics.push(
        report(
          "names/not-exported",
          { name: text, from: source.std ? "the standard library" : `\`${statement.from.text}\`` },
          { primary: { span, text: "" }, ...nearestEverywhere(text, exported, span, file) },
        ),
      );
  }
}

/** As `nearest`, and the mend renames every use in the file. */
function nearestEverywhere(name: string, known: readonly string[], span: Span, file: File): ReturnType<typeof nearest> {
  const near = nearest(name, known, span);
  const uses = file.declarations.flatMap(namesOfDeclaration).filter((n) => n.text === name);
  const fixes = near.fixes?.map((fix) => ({
    ...fix,
    edits: [...fix.edits, ...uses.map((use) => ({ span: use.span, text: fix.edits[0]?.text ?? name }))],
  }));
  return { ...near, ...(fixes && { fixes }) };
}

function related(span: Span): { readonly span: Span; readonly text: string } {
  return { span, text: "declared here first" };
}

function importedFile(
  statement: Import,
  path: string,
  importing: readonly string[],
  loading: Loading,
): Scope | undefined {
  const { text, span, kind } = statement.from;
  if (kind !== "path" || text === "") return undefined;
  const target = resolvePath(path, text);
  const at = importing.indexOf(target);
  if (at >= 0) {
    const cycle = [...importing.slice(at), target].map((p) => p.split("/").at(-1)).join(" → ");
    loading.diagnostics.push(report("names/import-cycle", { cycle }, { primary: { span, text: "" } }));
    return undefined;
  }
  const known = loading.scopes.get(target);
  if (known) return known;
  const content = loading.host.readFile(target);
  if (content !== undefined) return loadFile(target, content, importing, loading);
  loading.diagnostics.push(report("names/missing-file", { path: text }, { primary: { span, text: "" } }));
  return undefined;
}

/** A path relative to the directory of the file that says it. */
function resolvePath(from: string, path: string): string {
  return path.startsWith("/")
    ? normalise(path)
    : normalise(`${from.includes("/") ? from.slice(0, from.lastIndexOf("/") + 1) : ""}${path}`);
}

function normalise(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "." || (part === "" && parts.length > 0)) continue;
    if (part === ".." && parts.length > 0 && parts.at(-1) !== ".." && parts.at(-1) !== "") parts.pop();
    else parts.push(part);
  }
  return parts.join("/");
}
