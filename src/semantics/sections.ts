/** @file What a model may ask of a data or tokenizer declaration: the size of its vocabulary. */
import type { Name, Section } from "../../grammar/ast.ts";
import { checkFields } from "../../grammar/fields.ts";
import { schemas } from "../../grammar/schema.ts";
import { failIn, type Environment } from "./frame.ts";
import { nearest } from "./names.ts";
import type { Scope } from "./scope.ts";
import { atom } from "./size.ts";
import type { SectionValue, Value } from "./value.ts";

/** Of a tokenizer that makes one token of every character: the text decides. Until it was read, models are checked with this. */
const provisionalVocabulary = 256;

/** `Stories.vocab`. */
export function sectionMember(value: SectionValue, name: Name, env: Environment): Value {
  const { section, scope } = value;
  if (name.text !== "vocab" || (section.keyword !== "data" && section.keyword !== "tokenizer")) {
    const known = section.keyword === "data" || section.keyword === "tokenizer" ? ["vocab"] : [];
    return failIn(env, "names/no-member", { name: name.text, of: `the ${section.keyword} \`${section.name.text}\`` }, name.span, nearest(name.text, known, name.span));
  }
  const vocab = env.frame.session.vocabulary?.(section) ?? vocabularyOf(section, scope);
  return vocab === undefined ? { kind: "poison" } : { kind: "number", value: vocab, exact: atom(`${section.name.text}.vocab`) };
}

/** The number of tokens a section's tokenizer has; nothing where its fields are wrong, which is reported elsewhere. */
export function vocabularyOf(section: Section, scope: Scope): number | undefined {
  if (section.keyword === "tokenizer") {
    const config = checkFields(section, schemas.tokenizer).value;
    return config && sizeOfKind(config.kind);
  }
  const config = checkFields(section, schemas.data).value;
  if (!config) return undefined;
  if (config.tokenizer.kind !== "declared") return sizeOfKind(config.tokenizer.kind);
  const found = scope.lookup(config.tokenizer.name.text);
  return found?.declaration.kind === "section" && found.declaration.keyword === "tokenizer" ? vocabularyOf(found.declaration, found.scope) : undefined;
}

function sizeOfKind(kind: string): number {
  return kind === "bytes" ? 256 : provisionalVocabulary;
}
