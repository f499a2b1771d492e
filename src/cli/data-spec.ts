/** @file A data declaration as the runtime loads it: sources with their files, `from` replaced by the sources of the declaration it names. */
import { checkFields } from "../../grammar/fields.ts";
import { schemas, type DataConfig } from "../../grammar/schema.ts";
import type { SourceSpec } from "../runtime/data/corpus.ts";
import type { DataSpec } from "../runtime/data/data.ts";
import type { Weight } from "../runtime/data/mixture.ts";
import type { Scope } from "../semantics/scope.ts";
import type { DataText } from "../semantics/texts.ts";
import { filePatterns } from "./curation-plan.ts";

/** Paths are written relative to `folder`, with `/`. */
export function dataSpec(data: DataText, cwd: string, folder: string): DataSpec {
  const { split } = data.config;
  const sources = sourcesOf(data.config, data.scope, data.section.span.file.path, { cwd, folder, inside: [data.name] });
  return { name: data.name, sources, split: { by: split.by === "hash" ? "document" : "tail", validation: split.val } };
}

interface Place {
  readonly cwd: string;
  readonly folder: string;
  /** Declarations being expanded, so that a cycle ends. */
  readonly inside: readonly string[];
}

function sourcesOf(config: DataConfig, scope: Scope, path: string, place: Place): readonly SourceSpec[] {
  return config.source.flatMap((source): readonly SourceSpec[] => {
    const name = source.label?.text ?? "text";
    const cap = source.epochs === undefined ? {} : { epochs: source.epochs };
    const weight: Weight = source.weight.kind === "rest" ? "rest" : source.weight.from === source.weight.to ? source.weight.from : { from: source.weight.from, to: source.weight.to };
    if (source.files) {
      return [{ name, files: filePatterns(source, path, place.cwd, place.folder), weight, ...cap, ...(source.separator === undefined ? {} : { separator: source.separator }) }];
    }
    const found = source.from && !place.inside.includes(source.from.text) ? scope.lookup(source.from.text) : undefined;
    if (found?.declaration.kind !== "section" || found.declaration.keyword !== "data") return [];
    const { declaration } = found;
    const inner = checkFields(declaration, schemas.data).value;
    if (!inner) return [];
    const sources = sourcesOf(inner, found.scope, declaration.span.file.path, { ...place, inside: [...place.inside, declaration.name.text] });
    // All files of the other declaration, as one source with this one's weight.
    return [{ name, files: sources.flatMap((s) => s.files), weight, ...cap }];
  });
}
