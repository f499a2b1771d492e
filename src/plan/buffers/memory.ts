/**
 * @file Shared memory for activations. A device tracks use per whole buffer, so tensors share whole buffers over time, never ranges of one: the
 * largest tensors choose first, each takes the smallest buffer that is free for all its life. Lives include the dispatches at both ends:
 * a kernel's input and output are never one buffer.
 */
import type { BufferDraft } from "./allocation.ts";

export interface Lifetime<T> {
  readonly tensor: T;
  readonly bytes: number;
  /** First dispatch that writes it, last that reads it. */
  readonly from: number;
  readonly to: number;
}

/** A buffer with the lives it has been given to. */
export interface Shared<T> {
  readonly buffer: BufferDraft;
  readonly lives: Lifetime<T>[];
}

/** Assigns every tensor a buffer; `pool` holds buffers that may be used (with no lives in this program) and receives the new ones. */
export function shareBuffers<T>(
  lifetimes: readonly Lifetime<T>[],
  pool: BufferDraft[],
  create: (bytes: number) => BufferDraft,
): Map<T, BufferDraft> {
  const shared: Shared<T>[] = pool.map((buffer) => ({ buffer, lives: [] }));
  const placed = new Map<T, BufferDraft>();
  const bySize = [...lifetimes].toSorted((a, b) => b.bytes - a.bytes || a.from - b.from);
  for (const life of bySize) {
    const fitting = shared.filter(
      (s) => s.buffer.bytes >= life.bytes && s.lives.every((l) => l.to < life.from || life.to < l.from),
    );
    const best = fitting.reduce<Shared<T> | undefined>(
      (a, b) => (a && a.buffer.bytes <= b.buffer.bytes ? a : b),
      undefined,
    );
    const chosen = best ?? { buffer: create(life.bytes), lives: [] };
    if (!best) {
      shared.push(chosen);
      pool.push(chosen.buffer);
    }
    chosen.lives.push(life);
    placed.set(life.tensor, chosen.buffer);
  }
  return placed;
}

export interface Peak<T> {
  readonly bytes: number;
  readonly alive: readonly Lifetime<T>[];
}

/** Where most is alive, and what: largest first. */
export function peakOf<T>(lifetimes: readonly Lifetime<T>[]): Peak<T> {
  const change = new Map<number, number>();
  const add = (at: number, bytes: number): void => void change.set(at, (change.get(at) ?? 0) + bytes);
  for (const { from, to, bytes } of lifetimes) {
    add(from, bytes);
    add(to + 1, -bytes);
  }
  let [now, most, where] = [0, 0, 0];
  for (const at of [...change.keys()].toSorted((a, b) => a - b)) {
    now += change.get(at) ?? 0;
    if (now > most) [most, where] = [now, at];
  }
  const alive = lifetimes.filter((l) => l.from <= where && where <= l.to).toSorted((a, b) => b.bytes - a.bytes);
  return { bytes: most, alive };
}
