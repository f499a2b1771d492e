/** @file Decoders: the bytes of text that each token stands for. Text that was there before a token is taken as given, so that text can go on after a prompt. */
import { bytesOfToken } from "../bpe/byte-letters.ts";
import { membersOf, type Part } from "./part.ts";
import { finderOf } from "./pattern.ts";

export interface TokenBytes {
  readonly bytesOf: (token: string) => Uint8Array;
  /** Whether tokens are written in letters for bytes. */
  readonly letters: boolean;
  /** Whether a blank was put before the text, so that the first one of a whole text is none of it. */
  readonly blankFirst: boolean;
}

const encoder = new TextEncoder();

/** Without decoders, tokens stand as they are written, with blanks between them. */
export function decoderOf(part: Part): TokenBytes {
  const all = membersOf(part, "decoders");
  if (all.length === 0) return { bytesOf: (token) => encoder.encode(` ${token}`), letters: false, blankFirst: true };
  const steps = all.map(step);
  const bytes = all.some((one) => one.type() === "ByteFallback");
  const letters = all.some((one) => one.type() === "ByteLevel");
  return {
    bytesOf: (token) => {
      const byte = bytes ? /^<0x([0-9A-Fa-f]{2})>$/.exec(token)?.[1] : undefined;
      if (byte !== undefined) return Uint8Array.of(Number.parseInt(byte, 16));
      const text = steps.reduce((so, next) => next(so), token);
      return (letters ? bytesOfToken(text) : undefined) ?? encoder.encode(text);
    },
    letters,
    blankFirst: all.some(takesFirstBlank),
  };
}

function takesFirstBlank(part: Part): boolean {
  switch (part.type()) {
    case "Strip":
      return part.at("content").text() === " " && part.at("start").number(0) > 0;
    case "Metaspace":
      return part.at("prepend_scheme").text(part.at("add_prefix_space").flag(true) ? "always" : "never") !== "never";
    case "WordPiece":
      return true;
    default:
      return false;
  }
}

function step(part: Part): (token: string) => string {
  switch (part.type()) {
    // A blank that was put before the text is left to who knows where the text begins; bytes are told apart before.
    case "Strip":
    case "Fuse":
    case "ByteFallback":
    case "ByteLevel":
      return (token) => token;
    case "Metaspace": {
      const blank = part.at("replacement").text("▁");
      return (token) => token.replaceAll(blank, " ");
    }
    case "Replace": {
      const find = finderOf(part.at("pattern"));
      const content = part.at("content").text();
      return (token) => {
        const found = find(token);
        let made = token;
        for (let i = found.length - 2; i >= 0; i -= 2)
          made = made.slice(0, found[i]) + content + made.slice(found[i + 1]);
        return made;
      };
    }
    case "BPEDecoder": {
      const suffix = part.at("suffix").text("</w>");
      return (token) => (suffix === "" ? token : token.replaceAll(suffix, " "));
    }
    case "WordPiece": {
      const prefix = part.at("prefix").text("##");
      const cleans = part.at("cleanup").flag(true);
      return (token) => {
        const text = token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`;
        return cleans ? cleaned(text) : text;
      };
    }
    default:
      throw part.unknownType("decoder");
  }
}

const cleanings: readonly (readonly [string, string])[] = [
  [" .", "."],
  [" ?", "?"],
  [" !", "!"],
  [" ,", ","],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [" do not", " don't"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
];

function cleaned(text: string): string {
  return cleanings.reduce((so, [what, by]) => so.replaceAll(what, by), text);
}
