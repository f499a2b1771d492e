/** @file What the names of a file mean: its own declarations first, then its imports, then the standard library. */
import type { Callable, File, Section, Variant } from "../../grammar/ast.ts";
import type { SourceFile } from "../diagnostics/source.ts";

export type Declared = Callable | Section | Variant;

export interface Found {
  readonly declaration: Declared;
  /** Where the declaration's own names are looked up. */
  readonly scope: Scope;
}

export interface Scope {
  /** Empty for the standard library, whose declarations are parsed one by one when they are asked for. */
  readonly file: File;
  /** True in the standard library. */
  readonly std: boolean;
  /** The sections of one sort. */
  readonly sections: (keyword: Section["keyword"]) => readonly Section[];
  readonly lookup: (name: string) => Found | undefined;
  /** Names whose import failed: that was reported, so they stay silent. */
  readonly failed: ReadonlySet<string>;
  /** Every name that `lookup` knows, for suggestions. */
  readonly names: () => readonly string[];
}

const library = new WeakSet<SourceFile>();

/** Marks a file as part of the standard library. */
export function markLibrary(file: SourceFile): void {
  library.add(file);
}

export function isLibrary(file: SourceFile): boolean {
  return library.has(file);
}

/** The declarations of a file that give a name. `train Tiny` and `eval Tiny` speak of a model named elsewhere. */
export function declarationsOf(file: File): readonly Declared[] {
  return file.declarations.flatMap((d): readonly Declared[] => {
    if (d.kind === "import" || (d.kind === "section" && (d.keyword === "train" || d.keyword === "eval"))) return [];
    return d.name.text === "" ? [] : [d];
  });
}
