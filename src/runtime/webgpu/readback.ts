/**
 * @file Results without waiting: a ring of mappable buffers. A run copies its outputs into the next slot; the slot is mapped when the device gets there, some
 * runs later, and results are handed out in the order of the runs. When every slot is in flight the host waits, which bounds how far it runs ahead.
 */
import type { Scalars, StepResult } from "../session/device.ts";
import type { RuntimeFailure } from "../util/failure.ts";
import type { Program } from "../../abi/plan.ts";
import type { Health } from "./health.ts";

const depth = 3;

interface Slot {
  readonly buffer: GPUBuffer;
  state: "free" | "pending" | "arrived";
  scalars: Scalars;
  /** Made once, so that a run allocates no closures. */
  readonly onMapped: () => void;
}

export class Readback {
  readonly #outputs: Program["outputs"];
  readonly #buffers: readonly GPUBuffer[];
  readonly #health: Health;
  readonly #slots: Slot[];
  #bytes = 0;
  /** Oldest slot in flight, and how many are. */
  #oldest = 0;
  #flying = 0;
  #results: StepResult[] = [];
  #failure: RuntimeFailure | undefined;
  #wake: (() => void) | undefined;
  readonly #onFailed = (error: unknown): void => void this.#fail(error);

  constructor(
    device: GPUDevice,
    health: Health,
    name: string,
    outputs: Program["outputs"],
    buffers: readonly GPUBuffer[],
  ) {
    this.#outputs = outputs;
    this.#buffers = buffers;
    this.#health = health;
    for (const output of outputs) this.#bytes += output.bytes;
    this.#slots = Array.from({ length: depth }, (_, i) => {
      const slot: Slot = {
        buffer: device.createBuffer({
          label: `${name} results ${i}`,
          size: Math.max(4, this.#bytes),
          usage: 0x1 | 0x8,
        }), // MAP_READ | COPY_DST
        state: "free",
        scalars: {},
        onMapped: () => {
          slot.state = "arrived";
          this.#deliver();
        },
      };
      return slot;
    });
  }

  /** Resolves when a slot is free. */
  async room(): Promise<void> {
    while (this.#flying === depth) await this.#change();
    this.#check();
  }

  /** Copies the outputs into the next slot; `sent` follows once the encoder was submitted. */
  encode(encoder: GPUCommandEncoder): void {
    const slot = this.#next();
    let at = 0;
    for (const output of this.#outputs) {
      encoder.copyBufferToBuffer(
        this.#buffers[output.buffer] as GPUBuffer,
        output.offset,
        slot.buffer,
        at,
        output.bytes,
      );
      at += output.bytes;
    }
  }

  sent(scalars: Scalars): void {
    const slot = this.#next();
    slot.state = "pending";
    slot.scalars = scalars;
    this.#flying++;
    slot.buffer.mapAsync(0x1).then(slot.onMapped, this.#onFailed); // GPUMapMode.READ
  }

  take(): readonly StepResult[] {
    this.#check();
    if (this.#results.length === 0) return none;
    const results = this.#results;
    this.#results = [];
    return results;
  }

  /** Takes back the newest result alone. */
  takeLast(): StepResult | undefined {
    return this.#results.pop();
  }

  async flush(): Promise<void> {
    while (this.#flying > 0) await this.#change();
    this.#check();
  }

  destroy(): void {
    for (const slot of this.#slots) slot.buffer.destroy();
  }

  #next(): Slot {
    return this.#slots[(this.#oldest + this.#flying) % depth] as Slot;
  }

  #deliver(): void {
    for (
      let slot = this.#slots[this.#oldest] as Slot;
      slot.state === "arrived";
      slot = this.#slots[this.#oldest] as Slot
    ) {
      const bytes = slot.buffer.getMappedRange().slice(0);
      slot.buffer.unmap();
      slot.state = "free";
      this.#oldest = (this.#oldest + 1) % depth;
      this.#flying--;
      const outputs: Record<string, Float32Array> = {};
      let at = 0;
      for (const output of this.#outputs) {
        outputs[output.name] = new Float32Array(bytes, at, output.bytes / 4);
        at += output.bytes;
      }
      this.#results.push({ scalars: slot.scalars, outputs });
    }
    this.#wake?.();
  }

  async #fail(error: unknown): Promise<void> {
    this.#failure ??= await this.#health.explain(error);
    this.#wake?.();
  }

  #check(): void {
    this.#health.check();
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #change(): Promise<void> {
    this.#check();
    await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = undefined;
    this.#check();
  }
}

const none: readonly StepResult[] = [];
