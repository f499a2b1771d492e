/**
 * @file Small models over the choices of the standard library, at sizes that fit nothing, compiled whole and compared with their definitions: loss,
 * gradients, two steps of the optimizer, evaluation, decoding. `LLMC_FUZZ_MODELS=500` makes a longer run.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { compile } from "../../src/plan/build-plan.ts";
import type { Compiled } from "../../src/plan/build-plan.ts";
import type { Device } from "../../src/runtime/session/device.ts";
import { gpuTarget, softwareTarget } from "../../src/schedule/build/lowered.ts";
import type { Target } from "../../src/schedule/build/lowered.ts";
import { differences, tooFar } from "../support/check-model.ts";
import type { Machine } from "../support/check-model.ts";
import { elaborated } from "../support/elaborated.ts";
import { onDevice, simulated } from "../support/machines.ts";
import { randomModel } from "../support/random-model.ts";
import type { RandomModel } from "../support/random-model.ts";
import { openWebGpu } from "../support/webgpu.ts";

const asked = process.env["LLMC_FUZZ_MODELS"];
const minute = 60_000;

let device: Device;
beforeAll(async () => {
  device = await openWebGpu();
});
afterAll(() => device.close());

/** What is wrong with a model, with its text. */
async function wrong(
  { text, batch, memory }: RandomModel,
  target: Target,
  open: (compiled: Compiled) => Machine | Promise<Machine>,
): Promise<string> {
  const { model, optimizer, schedule, train } = elaborated(text, "X", batch);
  if (!optimizer || !schedule) throw new Error("a random model says how it is trained");
  const clip = train?.clip;
  try {
    const compiled = compile(model, optimizer, schedule, {
      target,
      ...(clip !== undefined && { clip }),
      ...(memory !== undefined && { memory }),
    });
    const found = tooFar(await differences(model, optimizer, compiled, await open(compiled), clip));
    return found.length === 0 ? "" : `${found.join("\n")}\n${target.name}\n${text}`;
  } catch (error) {
    return `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n${target.name}\n${text}`;
  }
}

test(
  "random models, on the interpreter: no race, nothing out of bounds, and within 1e-5 of the definition",
  async () => {
    for (let seed = 0; seed < Number(asked ?? 10); seed++) {
      expect(
        await wrong(randomModel(seed), seed % 2 === 0 ? gpuTarget : softwareTarget, simulated),
        `model ${seed}`,
      ).toBe("");
    }
  },
  asked === undefined ? 5 * minute : Number(asked) * minute,
);

test.each(Array.from({ length: 12 }, (_, seed) => seed))(
  "random model %i, on WebGPU",
  async (seed) => {
    // Kernels for a GPU take a software adapter a minute to compile: one model must do.
    const target = device.software && seed !== 4 ? softwareTarget : gpuTarget;
    let opened: { readonly close: () => void } | undefined;
    const found = await wrong(randomModel(seed), target, async (compiled) => {
      const machine = await onDevice(device, compiled);
      opened = machine;
      return machine;
    });
    opened?.close();
    expect(found).toBe("");
  },
  3 * minute,
);
