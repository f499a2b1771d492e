import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";

const cache = await mkdtemp(join(tmpdir(), "llmc-cache-test-"));
afterAll(() => rm(cache, { recursive: true, force: true }));

test("several unpack the software adapter at once and one complete folder remains, which Dawn then finds", async () => {
  vi.stubEnv("XDG_CACHE_HOME", cache);
  const copies = await Promise.all(
    [1, 2, 3].map(async () => {
      vi.resetModules();
      return await import("../../src/runtime/webgpu/software-adapter.ts");
    }),
  );
  const results = await Promise.all(copies.map((copy) => copy.prepareSoftwareAdapter()));
  for (const result of results)
    expect(result).toMatchObject({ kind: "ready", name: expect.stringContaining("SwiftShader") });
  const folders = await readdir(join(cache, "llmc"));
  expect(folders).toHaveLength(1);
  expect((await readdir(join(cache, "llmc", folders[0] as string))).toSorted()).toEqual([
    "libvk_swiftshader.so",
    "libvulkan.so.1",
    "sha256",
    "vk_swiftshader_icd.json",
  ]);

  const { dawn } = await import("../support/dawn.ts");
  const { device } = await dawn();
  await device.queue.onSubmittedWorkDone();
  expect(device.limits.maxComputeInvocationsPerWorkgroup).toBeGreaterThanOrEqual(256);
});
