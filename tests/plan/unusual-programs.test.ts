/** @file Programs whose shapes fit no kernel as they stand, in `tests/fixtures/programs/`: each compiles for every target and equals its definition. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { compile } from "../../src/plan/build-plan.ts";
import type { Compiled } from "../../src/plan/build-plan.ts";
import { openDevice } from "../../src/runtime/node/device.ts";
import { cpuTarget, gpuTarget, softwareTarget } from "../../src/schedule/build/lowered.ts";
import type { Target } from "../../src/schedule/build/lowered.ts";
import { hasCompiler } from "../support/c-kernels.ts";
import { differences, tooFar } from "../support/check-model.ts";
import type { Machine } from "../support/check-model.ts";
import { elaborated } from "../support/elaborated.ts";
import { onDevice, simulated } from "../support/machines.ts";

const folder = new URL("../fixtures/programs/", import.meta.url);
const files = readdirSync(folder);

/** What is off in a training step and in evaluation. */
async function wrong(
  file: string,
  target: Target,
  open: (compiled: Compiled) => Machine | Promise<Machine>,
): Promise<readonly string[]> {
  const text = readFileSync(new URL(file, folder), "utf8");
  const name = /^train (\w+)/m.exec(text)?.[1] ?? "";
  const { model, optimizer, schedule, train } = elaborated(text, name, 2);
  if (!optimizer || !schedule) throw new Error(`${file} says how it is trained`);
  const memory = train?.memory === undefined ? {} : { memory: train.memory / 4 };
  const compiled = compile(model, optimizer, schedule, { target, programs: ["start", "train", "evaluate"], ...memory });
  return tooFar(await differences(model, optimizer, compiled, await open(compiled)));
}

test.each(
  files.flatMap((file) =>
    [gpuTarget, softwareTarget, cpuTarget(4), cpuTarget(16)].map((target) => ({
      file,
      target,
      on: `${target.name} of ${target.lanes} lanes`,
    })),
  ),
)("$file equals its definition on $on", async ({ file, target }) =>
  expect(await wrong(file, target, simulated)).toEqual([]),
);

describe.skipIf(!hasCompiler)("in C, whatever the vectors", () => {
  test.each([
    ["axes-of-two.llm", 8],
    ["stream-of-one-vector.llm", 8],
    ["short-rows.llm", 8],
    ["twelve-guarded-tensors.llm", 4],
    ["twelve-guarded-tensors.llm", 16],
  ] as const)("%s equals its definition in vectors of %i", async (file, lanes) => {
    const device = await openDevice({ device: "cpu" });
    expect(await wrong(file, cpuTarget(lanes), (compiled) => onDevice(device, compiled))).toEqual([]);
    device.close();
  });
});
