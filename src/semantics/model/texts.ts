/** @file The text that a name stands for, and how it becomes tokens. */
import type { Name, Section } from "../../../grammar/syntax/ast.ts";
import { checkFields } from "../../../grammar/schema/fields.ts";
import { bpeSettings, schemas, type BpeSettings, type DataConfig } from "../../../grammar/schema.ts";
import type { Scope } from "../load/scope.ts";

/** A data declaration. */
export interface DataText {
  readonly name: string;
  readonly config: DataConfig;
  readonly section: Section;
  readonly scope: Scope;
}

/** Where a tokenizer comes from. */
export type TokenizerUse =
  | { readonly kind: "bytes" | "characters" }
  | { readonly kind: "trained"; readonly name: string; readonly settings: BpeSettings; readonly on: DataText }
  /** The section says what the path is relative to. */
  | { readonly kind: "file"; readonly path: string; readonly section: Section };

/** The data declaration of a name; nothing where there is none or its fields are wrong, which is reported elsewhere. */
export function dataText(name: Name, scope: Scope): DataText | undefined {
  return textOf(name, scope, []);
}

function textOf(name: Name, scope: Scope, inside: readonly Section[]): DataText | undefined {
  const found = scope.lookup(name.text);
  if (found?.declaration.kind !== "section" || found.declaration.keyword !== "data") return undefined;
  const section = found.declaration;
  const config = inside.includes(section) ? undefined : checkFields(section, schemas.data).value;
  return (
    config && {
      name: section.name.text,
      config: withMix(config, found.scope, [...inside, section]),
      section,
      scope: found.scope,
    }
  );
}

/** Sources with what they have from the declared mix. */
function withMix(config: DataConfig, scope: Scope, inside: readonly Section[]): DataConfig {
  const mix = config.mix && textOf(config.mix, scope, inside);
  if (!mix) return config;
  const source = config.source.map((own) => {
    const like = mix.config.source.find(({ label }) => label?.text === own.label?.text);
    if (!like) return own;
    return {
      ...own,
      weight: own.spans["weight"] ? own.weight : like.weight,
      epochs: own.epochs ?? like.epochs,
      licence: own.licence ?? like.licence,
      provenance: own.provenance ?? like.provenance,
    };
  });
  return { ...config, source };
}

/** The tokenizer of a data declaration. */
export function tokenizerUse(text: DataText): TokenizerUse | undefined {
  const { tokenizer } = text.config;
  switch (tokenizer.kind) {
    case "bytes":
    case "characters":
      return { kind: tokenizer.kind };
    case "bpe":
      return { kind: "trained", name: text.name, settings: tokenizer.settings, on: text };
    case "declared":
      return declaredTokenizer(tokenizer.name, text.scope);
  }
}

/** The tokenizer declaration of a name. */
export function declaredTokenizer(name: Name, scope: Scope): TokenizerUse | undefined {
  const found = scope.lookup(name.text);
  if (found?.declaration.kind !== "section" || found.declaration.keyword !== "tokenizer") return undefined;
  const section = found.declaration;
  const config = checkFields(section, schemas.tokenizer).value;
  if (!config) return undefined;
  if (config.kind !== "bpe") return { kind: config.kind };
  if (config.file !== undefined) return { kind: "file", path: config.file, section };
  const on = config.from && dataText(config.from, found.scope);
  return on && { kind: "trained", name: section.name.text, settings: bpeSettings(config), on };
}
