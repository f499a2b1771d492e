/**
 * @file The standard library as a scope. A file uses a handful of its declarations, so the texts are only cut into declarations at first, by their keywords in
 * column 0, and each declaration is parsed when it is looked up.
 */
import { sectionKeywords, type Section } from "../../../grammar/syntax/ast.ts";
import { parseFile } from "../../../grammar/parse.ts";
import { invariant } from "../../util/invariant.ts";
import type { SourceFile } from "../../diagnostics/source.ts";
import { markLibrary, type Declared, type FoundDeclaration, type Scope } from "./scope.ts";

export type LibraryTexts = readonly { readonly name: string; readonly text: string }[];

interface LibraryEntry {
  readonly keyword: string;
  readonly name: string;
  readonly source: SourceFile;
  readonly start: number;
  readonly end: number;
}

const libraries = new WeakMap<LibraryTexts, Scope>();

/** One scope over all files; made once for each list of texts. */
export function standardLibrary(texts: LibraryTexts): Scope {
  const known = libraries.get(texts);
  if (known) return known;
  const entries = texts.flatMap(({ name, text }) => {
    const source: SourceFile = { path: `std/${name}`, text };
    markLibrary(source);
    return cut(source);
  });
  const parsed = new Map<LibraryEntry, Declared>();
  const declarationOf = (entry: LibraryEntry): Declared => {
    const before = parsed.get(entry);
    if (before) return before;
    const { file, diagnostics } = parseFile(entry.source, entry);
    const [declaration] = file.declarations;
    invariant(
      declaration && declaration.kind !== "import" && diagnostics.length === 0,
      `${entry.name} of the standard library parses`,
    );
    parsed.set(entry, declaration);
    return declaration;
  };
  // `train` and `eval` speak of a model named elsewhere.
  const named = new Map(entries.filter((e) => e.keyword !== "train" && e.keyword !== "eval").map((e) => [e.name, e]));
  const found = new Map<string, FoundDeclaration>();
  const scope: Scope = {
    file: { kind: "file", doc: "", declarations: [], span: { file: { path: "std", text: "" }, start: 0, end: 0 } },
    std: true,
    failed: new Set(),
    sections: (keyword) => entries.filter((e) => e.keyword === keyword).map((e) => declarationOf(e) as Section),
    names: () => [...named.keys()],
    lookup: (name) => {
      const entry = named.get(name);
      if (entry && !found.has(name)) found.set(name, { declaration: declarationOf(entry), scope });
      return found.get(name);
    },
  };
  libraries.set(texts, scope);
  return scope;
}

const beginning = new RegExp(`^(op|block|${sectionKeywords.join("|")}|variant) +([A-Za-z_][A-Za-z0-9_]*)`, "gm");

/** Each declaration with the doc comment above it. */
function cut(source: SourceFile): readonly LibraryEntry[] {
  const { text } = source;
  const starts = [...text.matchAll(beginning)].map((match) => ({
    keyword: match[1] ?? "",
    name: match[2] ?? "",
    start: docStart(text, match.index),
  }));
  return starts.map((entry, i) => ({ ...entry, source, end: starts[i + 1]?.start ?? text.length }));
}

/** Where the comment lines directly above an offset begin. */
function docStart(text: string, offset: number): number {
  let start = offset;
  for (;;) {
    const previous = text.lastIndexOf("\n", start - 2) + 1;
    if (start === 0 || !text.startsWith("///", previous)) return start;
    start = previous;
  }
}
