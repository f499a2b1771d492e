/**
 * @file Three loops in WebAssembly: xxHash64 of bytes, xxHash64 of every run of n words of a text, and the smallest value of each
 * MinHash permutation over hashed runs. Bit-equal to xxHash's specification and to datatrove's arithmetic in numpy's uint64.
 */
import {
  assemble,
  call,
  get,
  i32,
  i32store,
  i64,
  loopWhile,
  select,
  set,
  when,
  type Code,
  type WasmFunction,
} from "./assemble.ts";

const P1 = 0x9e3779b185ebca87n;
const P2 = 0xc2b2ae3d27d4eb4fn;
const P3 = 0x165667b19e3779f9n;
const P4 = 0x85ebca77c2b2ae63n;
const P5 = 0x27d4eb2f165667c5n;
const k = i64.const;
const rotl = (value: Code, bits: number): Code => i64.rotl(value, k(BigInt(bits)));
const round = (accumulator: Code, input: Code): Code =>
  i64.mul(rotl(i64.add(accumulator, i64.mul(input, k(P2))), 31), k(P1));
const mergeRound = (hash: Code, accumulator: Code): Code =>
  i64.add(i64.mul(i64.xor(hash, round(k(0n), accumulator)), k(P1)), k(P4));
const shiftXor = (value: Code, local: number, bits: number): Code => [
  ...set(local, value),
  ...set(local, i64.xor(get(local), i64.shrU(get(local), k(BigInt(bits))))),
];

/** xxh64(at, length): the hash with seed 0. Locals: 2 end, 3 hash, 4-7 accumulators. */
const [AT, LENGTH, END, HASH, V1] = [0, 1, 2, 3, 4];
const accumulators = [V1, V1 + 1, V1 + 2, V1 + 3];
const step = (bytes: number): Code => set(AT, i32.add(get(AT), i32.const(bytes)));
const room = (bytes: number): Code => i32.leU(i32.add(get(AT), i32.const(bytes)), get(END));
const xxh64: WasmFunction = {
  name: "xxh64",
  parameters: ["i32", "i32"],
  result: "i64",
  locals: ["i32", "i64", "i64", "i64", "i64", "i64"],
  body: [
    set(END, i32.add(get(AT), get(LENGTH))),
    set(HASH, k(P5)),
    when(
      i32.geU(get(LENGTH), i32.const(32)),
      ...accumulators.map((v, i) => set(v, k([P1 + P2, P2, 0n, -P1][i] ?? 0n))),
      loopWhile(room(32), ...accumulators.map((v, i) => set(v, round(get(v), i64.load(get(AT), 8 * i)))), step(32)),
      set(
        HASH,
        accumulators.map((v, i) => rotl(get(v), [1, 7, 12, 18][i] ?? 0)).reduce((a, b) => i64.add(a, b)),
      ),
      ...accumulators.map((v) => set(HASH, mergeRound(get(HASH), get(v)))),
    ),
    set(HASH, i64.add(get(HASH), i64.extend(get(LENGTH)))),
    loopWhile(
      room(8),
      set(HASH, i64.add(i64.mul(rotl(i64.xor(get(HASH), round(k(0n), i64.load(get(AT)))), 27), k(P1)), k(P4))),
      step(8),
    ),
    when(
      room(4),
      set(HASH, i64.add(i64.mul(rotl(i64.xor(get(HASH), i64.mul(i64.load32(get(AT)), k(P1))), 23), k(P2)), k(P3))),
      step(4),
    ),
    loopWhile(
      room(1),
      set(HASH, i64.mul(rotl(i64.xor(get(HASH), i64.mul(i64.load8(get(AT)), k(P5))), 11), k(P1))),
      step(1),
    ),
    shiftXor(get(HASH), HASH, 33),
    shiftXor(i64.mul(get(HASH), k(P2)), HASH, 29),
    shiftXor(i64.mul(get(HASH), k(P3)), HASH, 32),
    get(HASH),
  ],
};

/**
 * runs(at, length, n, starts, out): hashes of all runs of n words of a text whose words are separated by one space each; returns how
 * many. `starts` is room for n i32, a ring of where the last n words began. Locals: 5 end, 6 word, 7 position of the ring, 8 count.
 */
const runs: WasmFunction = {
  name: "runs",
  parameters: ["i32", "i32", "i32", "i32", "i32"],
  result: "i32",
  locals: ["i32", "i32", "i32", "i32"],
  body: [
    set(5, i32.add(get(0), get(1))),
    set(6, get(0)),
    loopWhile(
      i32.leU(get(0), get(5)),
      when(
        [
          ...i32.eq(get(0), get(5)),
          0x04,
          0x7f,
          ...i32.const(1),
          0x05,
          ...i32.eq(i32.load8(get(0)), i32.const(0x20)),
          0x0b,
        ],
        i32store(i32.add(get(3), i32.shl(get(7), i32.const(2))), get(6)),
        set(7, i32.add(get(7), i32.const(1))),
        when(i32.eq(get(7), get(2)), set(7, i32.const(0))),
        set(8, i32.add(get(8), i32.const(1))),
        when(
          i32.geU(get(8), get(2)),
          set(6, i32.load(i32.add(get(3), i32.shl(get(7), i32.const(2))))),
          i64.store(
            i32.add(get(4), i32.shl(i32.sub(get(8), get(2)), i32.const(3))),
            call(0, get(6), i32.sub(get(0), get(6))),
          ),
        ),
        set(6, i32.add(get(0), i32.const(1))),
      ),
      set(0, i32.add(get(0), i32.const(1))),
    ),
    select(i32.add(i32.sub(get(8), get(2)), i32.const(1)), i32.const(0), i32.geU(get(8), get(2))),
  ],
};

const PRIME = (1n << 61n) - 1n;
const LANES = 4;
/**
 * minima(hashes, count, ab, permutations, out): out[p] = min over hashes h of v mod P, v = (h·a[p] + b[p]) mod 2^64, P = 2^61 − 1.
 * `ab` is all a, then all b. The remainder is v's low 61 bits plus its high three, less P if that is reached. So it can only be below
 * the least so far if (v + 8) mod 2^61 is below the least plus 8, which takes four instructions to see and seldom holds.
 * Four permutations at once; their number is a multiple of four. Locals: 5 end, 6 at, 7 h, 8 remainder, then a, b + 8, least, bound and v + 8 by lane.
 */
const REMAINDER = 8;
const [A, B, LEAST, BOUND, X] = [9, 9 + LANES, 9 + 2 * LANES, 9 + 3 * LANES, 9 + 4 * LANES];
const lanes = (code: (i: number) => Code): Code => Array.from({ length: LANES }, (_, i) => code(i)).flat();
const minima: WasmFunction = {
  name: "minima",
  parameters: ["i32", "i32", "i32", "i32", "i32"],
  locals: ["i32", "i32", "i64", "i64", ...Array.from({ length: 5 * LANES }, () => "i64" as const)],
  body: [
    set(5, i32.add(get(0), i32.shl(get(1), i32.const(3)))),
    set(1, i32.shl(get(3), i32.const(3))),
    loopWhile(
      i32.gtU(get(3), i32.const(0)),
      lanes((i) => [
        ...set(A + i, i64.load(get(2), 8 * i)),
        ...set(B + i, i64.add(i64.load(i32.add(get(2), get(1)), 8 * i), k(8n))),
        ...set(LEAST + i, k(-1n)),
        ...set(BOUND + i, k(-1n)),
      ]),
      set(6, get(0)),
      loopWhile(
        i32.ltU(get(6), get(5)),
        set(7, i64.load(get(6))),
        lanes((i) => set(X + i, i64.add(i64.mul(get(7), get(A + i)), get(B + i)))),
        lanes((i) =>
          when(
            i64.ltU(i64.and(get(X + i), k(PRIME)), get(BOUND + i)),
            set(X + i, i64.sub(get(X + i), k(8n))),
            set(REMAINDER, i64.add(i64.and(get(X + i), k(PRIME)), i64.shrU(get(X + i), k(61n)))),
            when(i64.geU(get(REMAINDER), k(PRIME)), set(REMAINDER, i64.sub(get(REMAINDER), k(PRIME)))),
            when(
              i64.ltU(get(REMAINDER), get(LEAST + i)),
              set(LEAST + i, get(REMAINDER)),
              set(BOUND + i, i64.add(get(REMAINDER), k(8n))),
            ),
          ),
        ),
        set(6, i32.add(get(6), i32.const(8))),
      ),
      lanes((i) => i64.store(get(4), get(LEAST + i), 8 * i)),
      set(2, i32.add(get(2), i32.const(8 * LANES))),
      set(4, i32.add(get(4), i32.const(8 * LANES))),
      set(3, i32.sub(get(3), i32.const(LANES))),
    ),
  ],
};

/** hash(at, length, out): xxHash64 as eight bytes. */
const hash: WasmFunction = {
  name: "hash",
  parameters: ["i32", "i32", "i32"],
  locals: [],
  body: [i64.store(get(2), call(0, get(0), get(1)))],
};

/** What is used of the platform's WebAssembly, which the types of the language alone do not have. */
interface Platform {
  readonly Memory: new (size: { readonly initial: number }) => WasmMemory;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
}
interface WasmMemory {
  readonly buffer: ArrayBuffer;
  readonly grow: (pages: number) => number;
}

export interface Kernels {
  readonly memory: WasmMemory;
  readonly hash: (at: number, length: number, out: number) => void;
  readonly runs: (at: number, length: number, n: number, starts: number, out: number) => number;
  readonly minima: (hashes: number, count: number, ab: number, permutations: number, out: number) => void;
}

/** The loops over a memory of their own. */
export function createKernels(): Kernels {
  const { WebAssembly: wasm } = globalThis as unknown as { readonly WebAssembly: Platform };
  const memory = new wasm.Memory({ initial: 1 });
  const { exports } = new wasm.Instance(new wasm.Module(assemble([xxh64, runs, minima, hash])), { env: { memory } });
  return { memory, ...(exports as Omit<Kernels, "memory">) };
}

const page = 65536;
/** Bytes of a memory, grown to at least a size; the view is new after a growth. */
export function bytesOf(memory: WasmMemory, size: number): Uint8Array {
  if (memory.buffer.byteLength < size) memory.grow(Math.ceil((size - memory.buffer.byteLength) / page));
  return new Uint8Array(memory.buffer);
}
