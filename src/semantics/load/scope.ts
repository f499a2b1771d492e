/** @file What the names of a file mean: its own declarations first, then its imports, then the standard library. */
import type { Callable, Declaration, File, Section, Variant } from "../../../grammar/syntax/ast.ts";
import type { SourceFile, Span } from "../../diagnostics/source.ts";

export type Declared = Callable | Section | Variant;

export interface FoundDeclaration {
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
  readonly lookup: (name: string) => FoundDeclaration | undefined;
  /** Names whose import failed, or whose declaration could not be read: that was reported, so they stay silent. */
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

/** The declaration in which a span lies. Declarations stand in the order of the text. */
export function declarationAt({ declarations }: File, { start, end }: Span): Declaration | undefined {
  let [low, high] = [0, declarations.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((declarations[middle]?.span.start ?? 0) <= start) low = middle;
    else high = middle - 1;
  }
  const found = declarations[low];
  return found && found.span.start <= start && end <= found.span.end ? found : undefined;
}

/** The declarations of a file that give a name. `train Tiny` and `eval Tiny` speak of a model named elsewhere. */
export function declarationsOf(file: File): readonly Declared[] {
  return file.declarations.flatMap((d): readonly Declared[] => {
    if (d.kind === "import" || (d.kind === "section" && (d.keyword === "train" || d.keyword === "eval"))) return [];
    return d.name.text === "" ? [] : [d];
  });
}
