import { describe, expect, test } from "vitest";
import { bits, mix, streamKey, streamOf, uniform, uniformOf } from "../../src/abi/random.ts";

describe("the counter-based generator", () => {
  test("gives the documented bits", () => {
    // From a model of the documented arithmetic in another language.
    expect([mix(1), mix(0xdeadbeef)]).toEqual([1753845952, 3861431939]);
    expect(bits(streamKey(1, 2, 3), 4)).toBe(2101345334);
    expect(bits(streamKey(0xffffffff, 7, 0x80000000), 0xfffffffe)).toBe(1674000518);
    expect(streamOf("layers.0.mix")).toBe(3186512734);
    expect(uniform(1, 2, 3, 4)).toBe((2101345334 >>> 8) / 2 ** 24);
  });

  test("is uniform: equal cells over one stream, over steps and over streams", () => {
    const n = 1 << 16;
    for (const draw of [
      (i: number) => uniform(5, 1, 9, i),
      (i: number) => uniform(5, i, 9, 0),
      (i: number) => uniform(5, 1, i, 0),
      (i: number) => uniform(i, 0, 0, 0),
    ]) {
      const cells = new Float64Array(64);
      for (let i = 0; i < n; i++) cells[Math.floor(draw(i) * 64)]! += 1;
      const chiSquare = cells.reduce((sum, c) => sum + (c - n / 64) ** 2 / (n / 64), 0);
      // 63 degrees of freedom: beyond 115 with probability 1e-4, below 25 likewise.
      expect(chiSquare).toBeGreaterThan(25);
      expect(chiSquare).toBeLessThan(115);
    }
  });

  test("has independent neighbours, streams and steps", () => {
    const n = 1 << 15;
    const pairs: readonly ((i: number) => readonly [number, number])[] = [
      (i) => [uniform(1, 1, 1, i), uniform(1, 1, 1, i + 1)],
      (i) => [uniform(1, 1, 1, i), uniform(1, 1, 2, i)],
      (i) => [uniform(1, 1, 1, i), uniform(1, 2, 1, i)],
      (i) => [uniform(1, 1, 1, i), uniform(2, 1, 1, i)],
      (i) => [uniform(1, 1, 2, i), uniform(1, 2, 1, i)],
    ];
    for (const pair of pairs) {
      let correlation = 0;
      for (let i = 0; i < n; i++) {
        const [a, b] = pair(i);
        correlation += (a - 0.5) * (b - 0.5) * 12;
      }
      expect(Math.abs(correlation / Math.sqrt(n))).toBeLessThan(4.5);
    }
  });

  test("never leaves [0, 1) and repeats itself exactly", () => {
    const key = streamKey(0xffffffff, 0, streamOf("layers.0.mix.dropout"));
    const draws = Array.from({ length: 1000 }, (_, i) => uniformOf(key, i * 4294967));
    expect(draws.every((u) => u >= 0 && u < 1 && Number.isInteger(u * 2 ** 24))).toBe(true);
    expect(draws).toEqual(Array.from({ length: 1000 }, (_, i) => uniformOf(key, i * 4294967)));
  });

  test("gives declarations streams of their own", () => {
    const paths = Array.from({ length: 2000 }, (_, i) => `layers.${i}.mix.dropout`);
    expect(new Set(paths.map(streamOf)).size).toBe(2000);
  });
});
