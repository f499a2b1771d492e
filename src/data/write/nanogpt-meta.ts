/**
 * @file nanoGPT's `meta.pkl`: a pickle of `{"vocab_size": V, "itos": {id: text}, "stoi": {text: id}}`, as its `data/shakespeare_char/prepare.py` writes it. Its `train.py`
 * makes a model of that many tokens, and its `sample.py` joins the texts of tokens and looks up prompts a character at a time. Only the opcodes of protocol 2 for
 * dictionaries, texts and whole numbers are in it.
 */

/** The bytes of the file; `texts[id]` is what a token stands for. Of tokens with the same text the first is found by it. */
export function nanogptMeta(texts: readonly string[]): Uint8Array {
  const first = new Map<string, number>();
  for (const [id, token] of texts.entries()) if (!first.has(token)) first.set(token, id);
  const itos = table(texts.map((token, id) => [number(id), text(token)]));
  const stoi = table([...first].map(([token, id]) => [text(token), number(id)]));
  const meta = table([
    [text("vocab_size"), number(texts.length)],
    [text("itos"), itos],
    [text("stoi"), stoi],
  ]);
  return Buffer.concat([Buffer.from([0x80, 2]), meta, Buffer.from(".")]);
}

/** EMPTY_DICT, MARK, the rows, SETITEMS. */
function table(rows: readonly (readonly [Buffer, Buffer])[]): Buffer {
  return Buffer.concat([Buffer.from("}("), ...rows.flat(), Buffer.from("u")]);
}

/** BINUNICODE: the length of its UTF-8 as 32 bits before it. */
function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  const head = Buffer.from("X\0\0\0\0");
  head.writeUInt32LE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

/** BININT: 32 bits. */
function number(value: number): Buffer {
  const bytes = Buffer.from("J\0\0\0\0");
  bytes.writeInt32LE(value, 1);
  return bytes;
}
