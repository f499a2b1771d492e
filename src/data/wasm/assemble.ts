/**
 * @file A small assembler of WebAssembly, for the few loops over 64-bit integers: JavaScript has no fast ones. A function is a list of
 * instructions; expressions are built inside out, `i64.mul(a, b)` being the code of a, of b, then the instruction.
 */

/** Bytes of code. */
export type Code = readonly number[];

const unsigned = (value: number): Code => (value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)]);
function signed(value: bigint): Code {
  const low = Number(value & 0x7fn);
  const rest = value >> 7n;
  return (rest === 0n && (low & 0x40) === 0) || (rest === -1n && (low & 0x40) !== 0)
    ? [low]
    : [low | 0x80, ...signed(rest)];
}
const vector = (items: readonly Code[]): Code => [...unsigned(items.length), ...items.flat()];
const section = (id: number, body: Code): Code => [id, ...unsigned(body.length), ...body];
const name = (text: string): Code => vector([...text].map((c) => [c.charCodeAt(0)]));

const I32 = 0x7f;
const I64 = 0x7e;
export type Type = "i32" | "i64";
const typeCode = (type: Type): number => (type === "i32" ? I32 : I64);

const binary =
  (opcode: number) =>
  (a: Code, b: Code): Code => [...a, ...b, opcode];
const unary =
  (opcode: number) =>
  (a: Code): Code => [...a, opcode];
const load =
  (opcode: number, align: number) =>
  (address: Code, offset = 0): Code => [...address, opcode, align, ...unsigned(offset)];

export const i32 = {
  const: (value: number): Code => [0x41, ...signed(BigInt(value | 0))],
  add: binary(0x6a),
  sub: binary(0x6b),
  mul: binary(0x6c),
  and: binary(0x71),
  shl: binary(0x74),
  shrU: binary(0x76),
  eq: binary(0x46),
  ltU: binary(0x49),
  gtU: binary(0x4b),
  leU: binary(0x4d),
  geU: binary(0x4f),
  load: load(0x28, 2),
  load8: load(0x2d, 0),
};

export const i64 = {
  const: (value: bigint): Code => [0x42, ...signed(BigInt.asIntN(64, value))],
  add: binary(0x7c),
  sub: binary(0x7d),
  mul: binary(0x7e),
  and: binary(0x83),
  xor: binary(0x85),
  shrU: binary(0x88),
  rotl: binary(0x89),
  ltU: binary(0x54),
  geU: binary(0x5a),
  extend: unary(0xad),
  load: load(0x29, 0),
  load32: load(0x35, 0),
  load8: load(0x31, 0),
  store: (address: Code, value: Code, offset = 0): Code => [...address, ...value, 0x37, 0, ...unsigned(offset)],
};

export const i32store = (address: Code, value: Code, offset = 0): Code => [
  ...address,
  ...value,
  0x36,
  2,
  ...unsigned(offset),
];
export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number, value: Code): Code => [...value, 0x21, ...unsigned(local)];
/** `condition ? yes : no`, both evaluated. */
export const select = (yes: Code, no: Code, condition: Code): Code => [...yes, ...no, ...condition, 0x1b];
export const when = (condition: Code, ...body: readonly Code[]): Code => [
  ...condition,
  0x04,
  0x40,
  ...body.flat(),
  0x0b,
];
export const loopWhile = (condition: Code, ...body: readonly Code[]): Code => [
  0x02,
  0x40,
  0x03,
  0x40,
  ...condition,
  0x45,
  0x0d,
  1,
  ...body.flat(),
  0x0c,
  0,
  0x0b,
  0x0b,
];
export const call = (index: number, ...args: readonly Code[]): Code => [...args.flat(), 0x10, ...unsigned(index)];

export interface WasmFunction {
  readonly name: string;
  readonly parameters: readonly Type[];
  readonly result?: Type;
  /** Locals after the parameters. */
  readonly locals: readonly Type[];
  readonly body: readonly Code[];
}

/** A module that imports its memory as `env.memory` and exports its functions; functions call each other by their place in the list. */
export function assemble(functions: readonly WasmFunction[]): Uint8Array<ArrayBuffer> {
  const types = functions.map((f) => [
    0x60,
    ...vector(f.parameters.map((t) => [typeCode(t)])),
    ...vector(f.result ? [[typeCode(f.result)]] : []),
  ]);
  const bodies = functions.map((f) => {
    const body = [...vector(f.locals.map((t) => [1, typeCode(t)])), ...f.body.flat(), 0x0b];
    return [...unsigned(body.length), ...body];
  });
  return Uint8Array.from([
    0,
    0x61,
    0x73,
    0x6d,
    1,
    0,
    0,
    0,
    ...section(1, vector(types)),
    ...section(2, vector([[...name("env"), ...name("memory"), 2, 0, 1]])),
    ...section(3, vector(functions.map((_, i) => unsigned(i)))),
    ...section(7, vector(functions.map((f, i) => [...name(f.name), 0, ...unsigned(i)]))),
    ...section(10, vector(bodies)),
  ]);
}
