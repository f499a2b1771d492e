/**
 * @file Checkpoints: all that a run needs to go on as if it had not stopped. Parameters under their paths, states as `state/<name>/<path>`, and
 * in the metadata the step, the seed and the tokenizer; data order and random numbers are functions of those. Where the bytes go is the caller's.
 */
import { parameterArena, slotOf } from "./arenas.ts";
import { type TokenizerData, tokenizerData } from "./data/tokens.ts";
import type { Session } from "./device.ts";
import { RuntimeFailure } from "./failure.ts";
import type { Plan } from "./plan.ts";
import type { ByteSource, TensorEntry, TensorFile } from "./safetensors.ts";
import { encodeHeader, readHeader } from "./safetensors.ts";

/** What is read of a tensor at once: weights are in memory once, and little beside them. */
const pieceBytes = 16 << 20;

export interface CheckpointInfo {
  readonly model: string;
  readonly parametersHash: string;
  /** Steps done. */
  readonly step: number;
  readonly seed: number;
  /** Training sequences read: where the data goes on. */
  readonly sequences: number;
  readonly tokenizer: TokenizerData;
}

export interface Checkpoint {
  readonly info: CheckpointInfo;
  readonly source: ByteSource;
  readonly file: TensorFile;
}

/** The file in pieces, in order. The session must not run meanwhile. */
export async function* encodeCheckpoint(session: Session, info: Omit<CheckpointInfo, "model" | "parametersHash">): AsyncGenerator<Uint8Array> {
  const { plan } = session;
  yield encodeHeader(tensorsOf(plan), {
    format: "llmc-checkpoint-1",
    model: plan.model,
    parametersHash: plan.parametersHash,
    step: String(info.step),
    seed: String(info.seed),
    sequences: String(info.sequences),
    tokenizer: JSON.stringify(info.tokenizer),
  });
  for (const { buffer } of arenasOf(plan)) {
    const arena = await session.read(buffer);
    for (const parameter of plan.parameters) {
      const slot = slotOf(arena, parameter);
      yield new Uint8Array(slot.buffer, slot.byteOffset, slot.byteLength);
    }
  }
}

/** Reads what a checkpoint says of itself; its tensors stay where they are. */
export async function openCheckpoint(source: ByteSource): Promise<Checkpoint> {
  const file = await readHeader(source);
  const { metadata } = file;
  const number = (key: string): number => {
    const value = Number(metadata[key]);
    if (metadata[key] === undefined || !Number.isSafeInteger(value)) throw notOurs(source.name, `it has no ${key}`);
    return value;
  };
  if (metadata["format"] !== "llmc-checkpoint-1") throw notOurs(source.name, "it was not written by a training program");
  const info: CheckpointInfo = {
    model: metadata["model"] ?? "",
    parametersHash: metadata["parametersHash"] ?? "",
    step: number("step"),
    seed: number("seed"),
    sequences: number("sequences"),
    tokenizer: tokenizerOf(metadata["tokenizer"], source.name),
  };
  return { info, source, file };
}

/** Loads every parameter, and every state that the session has memory for. Fails if the checkpoint is of another model, naming the first tensor that differs. */
export async function restoreCheckpoint(session: Session, checkpoint: Checkpoint): Promise<void> {
  const { plan } = session;
  requireSameModel(plan, checkpoint);
  for (const { buffer, prefix } of arenasOf(plan)) {
    if (plan.buffers[buffer]?.bytes === 0) continue;
    for (const { path, offset } of plan.parameters) {
      const place = checkpoint.file.tensors.get(prefix + path);
      if (place === undefined) continue;
      for (let at = 0; at < place.bytes; at += pieceBytes) {
        // Copied, because bytes of a file need not be aligned to four.
        const bytes = (await checkpoint.source.read(place.from + at, Math.min(pieceBytes, place.bytes - at))).slice();
        session.write(buffer, new Float32Array(bytes.buffer), offset + at);
      }
    }
  }
}

/** Fails if the checkpoint was trained with another tokenizer. */
export function requireTokenizer(checkpoint: Checkpoint, tokenizer: TokenizerData): void {
  if (JSON.stringify(checkpoint.info.tokenizer) === JSON.stringify(tokenizer)) return;
  throw new RuntimeFailure(
    "checkpoint/mismatch",
    `${checkpoint.source.name} was trained with another tokenizer (${checkpoint.info.tokenizer.kind}) than the program's (${tokenizer.kind})`,
    "the corpus has changed since: compile and train anew",
  );
}

function requireSameModel(plan: Plan, { info, source, file }: Checkpoint): void {
  const wanted = tensorsOf(plan);
  const mismatch = (difference: string): RuntimeFailure =>
    new RuntimeFailure(
      "checkpoint/mismatch",
      `${source.name} holds \`${info.model}\`, which does not fit \`${plan.model}\`: ${difference}`,
      "choose a checkpoint of this model, or another folder with --out to train anew",
    );
  for (const { name, shape } of wanted) {
    const found = file.tensors.get(name);
    if (found === undefined) throw mismatch(`it has no \`${name}\``);
    if (found.shape.join() !== shape.join()) throw mismatch(`\`${name}\` is [${found.shape.join(", ")}] there and [${shape.join(", ")}] here`);
  }
  const known = new Set(wanted.map((tensor) => tensor.name));
  for (const name of file.tensors.keys()) if (!known.has(name)) throw mismatch(`it has \`${name}\` in addition`);
}

interface Arena {
  readonly buffer: number;
  /** Before the path of a parameter. */
  readonly prefix: string;
}

function arenasOf(plan: Plan): readonly Arena[] {
  return [{ buffer: parameterArena(plan), prefix: "" }, ...plan.states.map((state) => ({ buffer: state.buffer, prefix: `state/${state.name}/` }))];
}

function tensorsOf(plan: Plan): readonly TensorEntry[] {
  return arenasOf(plan).flatMap(({ prefix }) => plan.parameters.map(({ path, shape }) => ({ name: prefix + path, shape })));
}

function tokenizerOf(text: string | undefined, name: string): TokenizerData {
  let value: unknown;
  try {
    value = JSON.parse(text ?? "");
  } catch {
    // Told below.
  }
  const data = tokenizerData(value);
  if (data === undefined) throw notOurs(name, "it has no tokenizer");
  return data;
}

function notOurs(name: string, why: string): RuntimeFailure {
  return new RuntimeFailure("checkpoint/corrupt", `${name} is not a checkpoint of a training program: ${why}`);
}
