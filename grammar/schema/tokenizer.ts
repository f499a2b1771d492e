/** @file How text becomes tokens: the fields of `tokenizer`, and the tokenizer of a data declaration, by name or made in place. */
import { report } from "../../src/diagnostics/codes.ts";
import type { Span } from "../../src/diagnostics/source.ts";
import { suggest } from "../../src/util/suggest.ts";
import type { Argument, CallExpression, Name } from "../syntax/ast.ts";
import { describe } from "./describe.ts";
import { closed, type ConfigOf, optional, type ReadContext, type ValueType, withDefault } from "./field.ts";
import { choice, integer, listOf, reference, someText, wrongType } from "./types.ts";

export const patterns = ["gpt2", "gpt4", "llama3", "qwen2", "o200k"] as const;

/** How a byte-pair tokenizer is trained. */
export interface BpeSettings {
  readonly vocab: number;
  readonly pattern: (typeof patterns)[number];
  readonly specials: readonly string[];
  readonly minFrequency: number;
}

/** How the tokenizer of a data declaration is given. */
export type TokenizerRef =
  | { readonly kind: "bytes" | "characters" }
  | { readonly kind: "declared"; readonly name: Name }
  | { readonly kind: "bpe"; readonly settings: BpeSettings };

/** Every byte has a token, so that any text can be written. */
const byteTokens = 256;

const pattern = choice(patterns);
const specials = listOf(someText, 'a text in `"` quotes, or a list of them');
const frequency = integer({ min: 1 });
const vocabulary = integer({ min: byteTokens + 1, max: 2 ** 24 });
const defaults = { pattern: "gpt4", specials: [], minFrequency: 1 } as const;

const kinds = ["bytes", "characters", "bpe"] as const;
const plain = ["bytes", "characters"] as const;
const refWhat = "`bytes`, `characters`, `bpe(vocab: 4Ki)` or the name of a tokenizer declaration";

export const tokenizerRef: ValueType<TokenizerRef> = {
  what: refWhat,
  words: plain,
  read: (value, at) => {
    if (value.kind === "call" && value.of.kind === "name" && value.of.text === "bpe") return trainedHere(value, at);
    if (value.kind !== "name") return wrongType(value, refWhat, at);
    if (value.text === "bpe")
      return wrongType(value, "`bpe` with the number of its tokens, such as `bpe(vocab: 4Ki)`", at);
    const kind = plain.find((word) => word === value.text);
    return kind ? { kind } : { kind: "declared", name: { text: value.text, span: value.span } };
  },
};

/** `bpe(vocab: 4Ki, pattern: gpt2)`: trained on the text of the data declaration itself. */
function trainedHere(call: CallExpression, at: ReadContext): TokenizerRef | undefined {
  const argument = <T>(name: string, type: ValueType<T>, otherwise: T): T | undefined => {
    const given = call.arguments.find((a) => a.name?.text === name);
    return given ? type.read(given.value, { ...at, field: `${at.field}: bpe(${name})` }) : otherwise;
  };
  const known = ["vocab", "pattern", "specials", "min_frequency"];
  const strange = call.arguments.find((a) => !known.includes(a.name?.text ?? ""));
  if (strange) return strangeArgument(strange, known, at);
  if (!call.arguments.some((a) => a.name?.text === "vocab"))
    return wrongType(call, "`bpe` with the number of its tokens, such as `bpe(vocab: 4Ki)`", at);
  const settings = {
    vocab: argument("vocab", vocabulary, 0),
    pattern: argument("pattern", pattern, defaults.pattern),
    specials: argument("specials", specials, defaults.specials),
    minFrequency: argument("min_frequency", frequency, defaults.minFrequency),
  };
  const { vocab, minFrequency } = settings;
  if (
    vocab === undefined ||
    settings.pattern === undefined ||
    settings.specials === undefined ||
    minFrequency === undefined
  )
    return undefined;
  const problem = problemWith({ vocab, specials: settings.specials });
  if (problem) return conflict(problem.text, call.span, at.problem);
  return { kind: "bpe", settings: { vocab, pattern: settings.pattern, specials: settings.specials, minFrequency } };
}

function strangeArgument(argument: Argument, known: readonly string[], at: ReadContext): undefined {
  const { name } = argument;
  const near = name && suggest(name.text, known);
  at.problem(
    report(
      "field/conflict",
      {
        problem: `\`bpe\` takes ${known.map((word) => `\`${word}:\``).join(", ")}, not ${name ? `\`${name.text}\`` : describe(argument.value)}`,
      },
      {
        primary: { span: name?.span ?? argument.span, text: "" },
        fixes: name && near ? [{ title: `write \`${near}\``, edits: [{ span: name.span, text: near }] }] : [],
      },
    ),
  );
  return undefined;
}

/** What no setting can see alone. */
function problemWith({
  vocab,
  specials: texts,
}: Pick<BpeSettings, "vocab" | "specials">): { readonly text: string; readonly of: "vocab" | "specials" } | undefined {
  const twice = texts.find((text, i) => texts.indexOf(text) !== i);
  if (twice !== undefined) return { text: `the special token ${JSON.stringify(twice)} is there twice`, of: "specials" };
  const least = byteTokens + texts.length;
  return vocab < least
    ? {
        text: `${vocab} tokens are fewer than ${byteTokens} bytes and ${texts.length} special tokens, ${least} in all`,
        of: "vocab",
      }
    : undefined;
}

function conflict(problem: string, span: Span, take: ReadContext["problem"]): undefined {
  take(report("field/conflict", { problem }, { primary: { span, text: "" } }));
  return undefined;
}

export const tokenizerSchema = closed(
  {
    kind: withDefault(
      choice(kinds),
      "bpe",
      "bpe",
      "`bytes` reads UTF-8 bytes, 256 tokens; `characters` gives every character of the training text a token; `bpe` joins bytes that often stand together.",
    ),
    vocab: optional(
      vocabulary,
      "The number of tokens of `bpe`: the special ones, 256 bytes, and what is joined of them.",
    ),
    from: optional(reference("the name of a data declaration"), "The data declaration on whose text `bpe` is trained."),
    pattern: optional(
      pattern,
      "How `bpe` cuts text into words, within which bytes are joined; `gpt4` unless it is written.",
    ),
    specials: optional(
      specials,
      'Tokens of their own, such as `"<|endoftext|>"`: ordinary text never becomes one, the `separator` of a source does.',
    ),
    min_frequency: optional(
      frequency,
      "How often a pair must stand in the text to be joined; once unless it is written.",
    ),
    file: optional(
      someText,
      "A `tokenizer.json`, a `.model` of SentencePiece, a `vocab.json` with its `merges.txt`, or ranks of tiktoken (which need a `pattern`), relative to this file, in place of training.",
    ),
  },
  (tokenizer, problem) => {
    const { spans } = tokenizer;
    const written = (["vocab", "from", "pattern", "specials", "min_frequency", "file"] as const).filter(
      (name) => spans[name] !== undefined,
    );
    const say = (text: string, at: (typeof written)[number] | undefined): void =>
      conflict(text, (at && spans[at]) ?? tokenizer.span, problem);
    if (tokenizer.kind !== "bpe") {
      if (written.length > 0)
        say(`\`${written[0]}\` is for \`kind: bpe\`, and this is \`${tokenizer.kind}\``, written[0]);
    } else if (tokenizer.file !== undefined) {
      // Rank files hold tokens alone; what else may say something says it itself.
      const other = written.find((field) => !["file", "pattern", "specials"].includes(field));
      if (other) say(`\`${other}\` is for training a tokenizer, and this one comes from a \`file\``, other);
    } else if (tokenizer.vocab === undefined || !tokenizer.from) {
      say(`the tokenizer needs \`vocab\` and \`from\` to be trained, or a \`file\``, undefined);
    } else {
      const found = problemWith({ vocab: tokenizer.vocab, specials: tokenizer.specials ?? [] });
      if (found) say(found.text, found.of);
    }
  },
);

export type TokenizerConfig = ConfigOf<typeof tokenizerSchema>;

/** The settings of a tokenizer that is trained. */
export function bpeSettings(config: TokenizerConfig): BpeSettings {
  return {
    vocab: config.vocab ?? 0,
    pattern: config.pattern ?? defaults.pattern,
    specials: config.specials ?? defaults.specials,
    minFrequency: config.min_frequency ?? defaults.minFrequency,
  };
}
