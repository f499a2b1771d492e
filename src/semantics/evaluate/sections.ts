/** @file What a model may ask of a data or tokenizer declaration: the size of its vocabulary. */
import type { Name, Section } from "../../../grammar/syntax/ast.ts";
import { checkFields } from "../../../grammar/schema/fields.ts";
import { schemas } from "../../../grammar/schema.ts";
import { failIn, type Environment } from "../values/frame.ts";
import { nearest } from "../../diagnostics/nearest-name.ts";
import type { Scope } from "../load/scope.ts";
import type { Vocabulary } from "../values/session.ts";
import { atom } from "../values/size.ts";
import type { SectionValue, Value } from "../values/value.ts";

/** Of a tokenizer that only the text or a file decides. Until that was read, models are checked with this. */
const provisionalVocabulary = 256;

/** `Stories.vocab`. */
export function sectionMember(value: SectionValue, name: Name, env: Environment): Value {
  const { section, scope } = value;
  if (name.text !== "vocab" || (section.keyword !== "data" && section.keyword !== "tokenizer")) {
    const known = section.keyword === "data" || section.keyword === "tokenizer" ? ["vocab"] : [];
    const near = nearest(name.text, known, name.span);
    const help =
      near.fixes || near.help || known.length === 0
        ? near
        : { help: `it has \`${known.join("`, `")}\`, the number of its tokens` };
    return failIn(
      env,
      "names/no-member",
      { name: name.text, of: `the ${section.keyword} \`${section.name.text}\`` },
      name.span,
      help,
    );
  }
  const vocab = vocabularyOf(section, scope, env.frame.session.vocabulary);
  return vocab === undefined
    ? { kind: "poison" }
    : { kind: "number", value: vocab, exact: atom(`${section.name.text}.vocab`) };
}

/** The number of tokens a section's tokenizer has, if `known` does not know better; nothing where its fields are wrong, which is reported elsewhere. */
export function vocabularyOf(section: Section, scope: Scope, known?: Vocabulary): number | undefined {
  const read = known?.(section);
  if (read !== undefined) return read;
  if (section.keyword === "tokenizer") {
    const config = checkFields(section, schemas.tokenizer).value;
    return config && (config.vocab ?? sizeOfKind(config.kind));
  }
  const tokenizer = checkFields(section, schemas.data).value?.tokenizer;
  switch (tokenizer?.kind) {
    case undefined:
      return undefined;
    case "bpe":
      return tokenizer.settings.vocab;
    case "bytes":
    case "characters":
      return sizeOfKind(tokenizer.kind);
    case "declared": {
      const found = scope.lookup(tokenizer.name.text);
      return found?.declaration.kind === "section" && found.declaration.keyword === "tokenizer"
        ? vocabularyOf(found.declaration, found.scope, known)
        : undefined;
    }
  }
}

function sizeOfKind(kind: string): number {
  return kind === "bytes" ? 256 : provisionalVocabulary;
}
