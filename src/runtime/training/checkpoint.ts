/**
 * @file Checkpoints: all that a run needs to go on as if it had not stopped. Parameters under their paths, states as `state/<name>/<path>`, and
 * in the metadata the step, the seed, the tokenizer, and what the run was made from; data order and random numbers are functions of those. Every tensor
 * has a SHA-256, and so has the header, so that a bit that changed on the disk is noticed. Where the bytes go is the caller's.
 */
import { parameterArena, slotOf } from "../session/arenas.ts";
import { type TokenizerData } from "../data/tokenizer/tokenizer.ts";
import { tokenizerData } from "../data/tokens.ts";
import type { Session } from "../session/device.ts";
import { Digest, digestOf, pieceBytes } from "../util/digest.ts";
import { RuntimeFailure } from "../util/failure.ts";
import type { Plan } from "../../abi/plan.ts";
import type { ByteSource, TensorEntry, TensorFile } from "./safetensors.ts";
import { encodeHeader, readHeader } from "./safetensors.ts";
import { type SpecFacts, specFacts } from "../session/spec-facts.ts";

export interface CheckpointInfo {
  readonly model: string;
  readonly parametersHash: string;
  /** Steps done. */
  readonly step: number;
  readonly seed: number;
  /** Training sequences read: where the data goes on. */
  readonly sequences: number;
  readonly tokenizer: TokenizerData;
  /** Hash of the plan: it changes with the device and the compiler, too. */
  readonly plan: string;
  /** Hash of the text as tokens, both for training and for validation. */
  readonly data: string;
  readonly spec: SpecFacts;
}

/** What the run knows; the rest is the plan's. */
export type CheckpointOfRun = Omit<CheckpointInfo, "model" | "parametersHash" | "plan">;

export interface Checkpoint {
  readonly info: CheckpointInfo;
  readonly source: ByteSource;
  readonly file: TensorFile;
}

const format = "llmc-checkpoint-2";
const noHash = "0".repeat(64);
/** What stands in the header before its own hash, which is computed with zeros in its place. */
const beforeHash = `{"__metadata__":{"format":"${format}","header":"`;

/** The file in pieces, in order. The session must not run meanwhile. Fails before the first piece if a number is not finite. */
export async function* encodeCheckpoint(session: Session, info: CheckpointOfRun): AsyncGenerator<Uint8Array> {
  const { plan } = session;
  const hashes: Record<string, string> = {};
  for await (const { name, bytes } of tensorsIn(session)) {
    requireFinite(name, bytes, info.step);
    hashes[name] = await digestOf(bytes);
  }
  const metadata = {
    format,
    header: noHash,
    model: plan.model,
    parametersHash: plan.parametersHash,
    plan: plan.hash,
    step: String(info.step),
    seed: String(info.seed),
    sequences: String(info.sequences),
    tokenizer: JSON.stringify(info.tokenizer),
    data: info.data,
    spec: JSON.stringify(info.spec),
    sha256: JSON.stringify(hashes),
  };
  const tensors = tensorsOf(plan);
  const header = await digestOf(encodeHeader(tensors, metadata));
  yield encodeHeader(tensors, { ...metadata, header });
  for await (const { bytes } of tensorsIn(session)) yield bytes;
}

/** Every parameter and state in the order of the file, one arena at a time. */
async function* tensorsIn(session: Session): AsyncGenerator<{ readonly name: string; readonly bytes: Uint8Array }> {
  for (const { buffer, prefix } of arenasOf(session.plan)) {
    const arena = await session.read(buffer);
    for (const parameter of session.plan.parameters) {
      const slot = slotOf(arena, parameter);
      yield { name: prefix + parameter.path, bytes: new Uint8Array(slot.buffer, slot.byteOffset, slot.byteLength) };
    }
  }
}

function requireFinite(name: string, bytes: Uint8Array, step: number): void {
  const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  // Whatever is not finite makes a NaN of the sum of differences; a finite number makes 0.
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] as number) - (values[i] as number);
  if (sum === 0) return;
  throw new RuntimeFailure(
    "train/not-finite",
    `after step ${step}, \`${name}\` holds numbers that are not finite: they are not saved, and the checkpoints before are untouched`,
    "lower the learning rate, lengthen the warm-up or clip gradients, then go on with --resume",
  );
}

/** Reads what a checkpoint says of itself; its tensors stay where they are. Fails if a bit of that has changed since it was written. */
export async function openCheckpoint(source: ByteSource): Promise<Checkpoint> {
  const file = await readHeader(source);
  const { metadata } = file;
  const number = (key: string): number => {
    const value = Number(metadata[key]);
    if (metadata[key] === undefined || !Number.isSafeInteger(value)) throw notOurs(source.name, `it has no ${key}`);
    return value;
  };
  if (metadata["format"] === "llmc-checkpoint-1")
    throw notOurs(source.name, "it was written by an earlier version, which kept no hashes");
  if (metadata["format"] !== format) throw notOurs(source.name, "it was not written by a training program");
  await requireSoundHeader(file, source);
  const spec = specFacts(parsed(metadata["spec"]));
  if (spec === undefined) throw notOurs(source.name, "it has no spec");
  const info: CheckpointInfo = {
    model: metadata["model"] ?? "",
    parametersHash: metadata["parametersHash"] ?? "",
    plan: metadata["plan"] ?? "",
    step: number("step"),
    seed: number("seed"),
    sequences: number("sequences"),
    tokenizer: tokenizerOf(metadata["tokenizer"], source.name),
    data: metadata["data"] ?? "",
    spec,
  };
  return { info, source, file };
}

async function requireSoundHeader({ header, tensors }: TensorFile, source: ByteSource): Promise<void> {
  const at = 8 + beforeHash.length;
  const [before, written] = [header.subarray(8, at), header.subarray(at, at + noHash.length)].map((bytes) =>
    new TextDecoder().decode(bytes),
  );
  const unsigned = header.slice();
  unsigned.set(new TextEncoder().encode(noHash), at);
  if (before !== beforeHash || (await digestOf(unsigned)) !== written) throw changed(source.name, "its header");
  const end = [...tensors.values()].reduce((at, { from, bytes }) => Math.max(at, from + bytes), header.length);
  if (end !== source.size) throw changed(source.name, `its length (${source.size} bytes, not ${end})`);
}

/** Reads every tensor and compares it with its hash. */
export async function verifyCheckpoint({ source, file }: Checkpoint): Promise<void> {
  const hashes = parsed(file.metadata["sha256"]) as Readonly<Record<string, string>> | undefined;
  for (const { name, from, bytes } of file.tensors.values()) {
    const digest = new Digest();
    for (let at = 0; at < bytes; at += pieceBytes)
      await digest.add(await source.read(from + at, Math.min(pieceBytes, bytes - at)));
    if ((await digest.end()) !== hashes?.[name]) throw changed(source.name, `\`${name}\``);
  }
}

function changed(name: string, what: string): RuntimeFailure {
  return new RuntimeFailure(
    "checkpoint/corrupt",
    `${name} is damaged: ${what} is not as it was written`,
    "use an earlier checkpoint",
  );
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

/** Fails if its tensors are not those of the plan, naming the first that differs. */
export function requireSameModel(plan: Plan, { info, source, file }: Checkpoint): void {
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
    if (found.shape.join() !== shape.join())
      throw mismatch(`\`${name}\` is [${found.shape.join(", ")}] there and [${shape.join(", ")}] here`);
  }
  const known = new Set(wanted.map((tensor) => tensor.name));
  for (const name of file.tensors.keys()) if (!known.has(name)) throw mismatch(`it has \`${name}\` in addition`);
  if (info.parametersHash !== plan.parametersHash) throw mismatch("the order of its parameters or states is another");
}

interface Arena {
  readonly buffer: number;
  /** Before the path of a parameter. */
  readonly prefix: string;
}

function arenasOf(plan: Plan): readonly Arena[] {
  return [
    { buffer: parameterArena(plan), prefix: "" },
    ...plan.states.map((state) => ({ buffer: state.buffer, prefix: `state/${state.name}/` })),
  ];
}

function tensorsOf(plan: Plan): readonly TensorEntry[] {
  return arenasOf(plan).flatMap(({ prefix }) =>
    plan.parameters.map(({ path, shape }) => ({ name: prefix + path, shape })),
  );
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}

function tokenizerOf(text: string | undefined, name: string): TokenizerData {
  const data = tokenizerData(parsed(text));
  if (data === undefined) throw notOurs(name, "it has no tokenizer");
  return data;
}

function notOurs(name: string, why: string): RuntimeFailure {
  return new RuntimeFailure("checkpoint/corrupt", `${name} is not a checkpoint of a training program: ${why}`);
}
