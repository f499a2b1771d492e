/** @file SentencePiece's `.model`: the pieces, their scores and how text is prepared, as the pipeline of a `tokenizer.json` says it. */
import type { PipelineData } from "../../runtime/data/tokenizer/tokenizer.ts";
import { pipelineTokenizer } from "../../runtime/data/pipeline/tokenizer.ts";
import { RuntimeFailure } from "../../runtime/util/failure.ts";
import { fieldsOf, type Field } from "./protobuf.ts";

interface VocabularyPiece {
  readonly text: string;
  readonly score: number;
  readonly type: number;
}

/** Kinds of pieces. */
const [normal, unknown, control, userDefined] = [1, 2, 3, 4];
/** Kinds of models. */
const [unigram, bytePairs] = [1, 2];
const blank = "▁";

export function readSentencePiece(bytes: Uint8Array, name: string): PipelineData {
  const fields = fieldsOf(bytes);
  const pieces = fields?.filter(({ number }) => number === 1).map(pieceOf) ?? [];
  if (fields === undefined || pieces.length === 0 || pieces.some((piece) => piece === undefined)) {
    throw new RuntimeFailure("tokenizer/invalid", `${name} is no model of SentencePiece`, "get the file again");
  }
  const all = pieces as readonly VocabularyPiece[];
  const trainer = fieldsOf(fields.find(({ number }) => number === 2)?.bytes ?? new Uint8Array()) ?? [];
  const normalizer = fieldsOf(fields.find(({ number }) => number === 3)?.bytes ?? new Uint8Array()) ?? [];
  const type = numberOf(trainer, 3, unigram);
  if (type !== unigram && type !== bytePairs)
    throw unsupported(name, "a model of words or characters", "trainer_spec.model_type");
  if (numberOf(trainer, 24, 0) === 1)
    throw unsupported(name, "blanks behind words", "trainer_spec.treat_whitespace_as_suffix");
  const fallsBack = numberOf(trainer, 35, 0) === 1;
  const unk = all.findIndex((piece) => piece.type === unknown);
  const dummy = numberOf(normalizer, 3, 1) === 1;
  const definition = {
    added_tokens: all.flatMap(({ text, type: kind }, id) =>
      kind === unknown || kind === control || kind === userDefined
        ? [
            {
              id,
              content: text,
              single_word: false,
              lstrip: false,
              rstrip: false,
              normalized: kind === userDefined,
              special: kind !== userDefined,
              exact: true,
            },
          ]
        : [],
    ),
    normalizer: { type: "Sequence", normalizers: preparation(normalizer, dummy) },
    pre_tokenizer: {
      type: "Metaspace",
      replacement: blank,
      prepend_scheme: "never",
      split: !all.some(({ text, type: kind }) => kind === normal && text.lastIndexOf(blank) > 0),
    },
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: blank }, content: " " },
        { type: "ByteFallback" },
        { type: "Fuse" },
        ...(dummy ? [{ type: "Strip", content: " ", start: 1, stop: 0 }] : []),
      ],
    },
    model:
      type === unigram
        ? {
            type: "Unigram",
            unk_id: unk < 0 ? null : unk,
            vocab: all.map(({ text, score }) => [text, score]),
            byte_fallback: fallsBack,
            unmatched: all.flatMap(({ type: kind }, id) => (kind === normal ? [] : [id])),
          }
        : {
            type: "BPE",
            unk_token: all[unk]?.text ?? null,
            fuse_unk: true,
            byte_fallback: fallsBack,
            vocab: Object.fromEntries(all.map(({ text }, id) => [text, id])),
            merges: mergesOf(all),
          },
  };
  const data = { kind: "pipeline", definition: JSON.stringify(definition) } as const;
  pipelineTokenizer(data, name);
  return data;
}

function preparation(normalizer: readonly Field[], dummy: boolean): readonly object[] {
  const table = normalizer.find(({ number }) => number === 2)?.bytes;
  const trims = numberOf(normalizer, 4, 1) === 1;
  return [
    ...(table && table.length > 0 ? [{ type: "Precompiled", precompiled_charsmap: base64(table), longest: true }] : []),
    ...(trims
      ? [
          { type: "Replace", pattern: { Regex: String.raw`\A +` }, content: "" },
          { type: "Replace", pattern: { Regex: " {2,}" }, content: " " },
        ]
      : []),
    ...(dummy ? [{ type: "Prepend", prepend: " " }] : []),
    { type: "Replace", pattern: { String: " " }, content: blank },
    // At the end, marks that stood in the text itself go, too.
    ...(trims ? [{ type: "Replace", pattern: { Regex: String.raw`▁+\z` }, content: "" }] : []),
  ];
}

/** Any two pieces that make a third may be merged; the best score goes first. */
function mergesOf(pieces: readonly VocabularyPiece[]): readonly (readonly [string, string])[] {
  const known = new Map(pieces.map(({ text }, id) => [text, id]));
  const merges = pieces.flatMap(({ text, score, type }) => {
    if (type !== normal) return [];
    const local: { readonly left: string; readonly right: string; readonly score: number }[] = [];
    for (let at = 1; at < text.length; at++) {
      const [left, right] = [text.slice(0, at), text.slice(at)];
      if (known.has(left) && known.has(right)) local.push({ left, right, score });
    }
    return local.toSorted((a, b) => (known.get(a.left) ?? 0) - (known.get(b.left) ?? 0));
  });
  return merges
    .toSorted((a, b) => b.score - a.score || b.left.length - a.left.length || b.right.length - a.right.length)
    .map(({ left, right }) => [left, right] as const);
}

function pieceOf({ bytes }: Field): VocabularyPiece | undefined {
  const fields = bytes && fieldsOf(bytes);
  const text = fields?.find(({ number }) => number === 1)?.bytes;
  if (!fields || !text) return undefined;
  return {
    text: new TextDecoder("utf-8", { ignoreBOM: true }).decode(text),
    score: fields.find(({ number }) => number === 2)?.float ?? 0,
    type: numberOf(fields, 3, normal),
  };
}

function numberOf(fields: readonly Field[], number: number, otherwise: number): number {
  return fields.find((field) => field.number === number)?.value ?? otherwise;
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096));
  return btoa(text);
}

function unsupported(name: string, what: string, part: string): RuntimeFailure {
  return new RuntimeFailure(
    "tokenizer/unsupported",
    `${name}: ${what} cannot be read (\`${part}\`)`,
    "docs/tokenizers.md says what can be read",
  );
}
