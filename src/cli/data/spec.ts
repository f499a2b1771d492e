/** @file A data declaration as the runtime loads it: sources with their files, `from` replaced by the sources of the declaration it names. */
import type { SourceConfig } from "../../../grammar/schema.ts";
import type { SourceSpec } from "../../runtime/data/corpus.ts";
import type { DataSpec } from "../../runtime/data/data.ts";
import { dataText, type DataText } from "../../semantics/model/texts.ts";
import { filePatterns } from "./curation-plan.ts";

/** Paths are written relative to `folder`, with `/`. */
export function dataSpec(data: DataText, cwd: string, folder: string): DataSpec {
  const { split } = data.config;
  return {
    name: data.name,
    sources: sourcesOf(data, cwd, folder),
    split: { by: split.by === "hash" ? "document" : "tail", validation: split.val },
  };
}

function sourcesOf({ config, scope, section }: DataText, cwd: string, folder: string): readonly SourceSpec[] {
  return config.source.flatMap((source): readonly SourceSpec[] => {
    const { name, ...share } = sourceShare(source);
    if (source.files) {
      const files = filePatterns(source, section.span.file.path, cwd, folder);
      return [{ name, files, ...share, ...(source.separator === undefined ? {} : { separator: source.separator }) }];
    }
    const from = source.from && dataText(source.from, scope);
    // All files of the other declaration, as one source with this one's weight.
    return from ? [{ name, files: sourcesOf(from, cwd, folder).flatMap((s) => s.files), ...share }] : [];
  });
}

/** A source's part of the mix. */
export function sourceShare({ label, weight, epochs }: SourceConfig): Pick<SourceSpec, "name" | "weight" | "epochs"> {
  const share =
    weight.kind === "rest" ? "rest" : weight.from === weight.to ? weight.from : { from: weight.from, to: weight.to };
  return { name: label?.text ?? "text", weight: share, ...(epochs === undefined ? {} : { epochs }) };
}
