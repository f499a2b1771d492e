/** @file The tokenizer of a compiled program: a file of its own, for a vocabulary may be many megabytes. */
import { type TokenizerData } from "./data/tokenizer/tokenizer.ts";
import { tokenizerData } from "./data/tokens.ts";
import type { CompiledProgram } from "./session/device.ts";
import { RuntimeFailure } from "./util/failure.ts";

export const tokenizerFile = "tokenizer-data.json";

export async function loadTokenizer(program: CompiledProgram): Promise<TokenizerData> {
  const text = await program.kernel(tokenizerFile);
  const data = tokenizerData(parsed(text));
  if (data === undefined)
    throw new RuntimeFailure("program/invalid", `${tokenizerFile} holds no tokenizer`, "compile the model again");
  return data;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
