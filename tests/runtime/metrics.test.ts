import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { StepRecord } from "../../src/runtime/index.ts";
import { Meter, ProgressLine, count, duration, openLogFile, openScreen, readLog } from "../../src/runtime/index.ts";

const record = (step: number, loss = 3): StepRecord => ({
  kind: "step",
  step,
  loss,
  lr: 0.1,
  tokens: 64 * step,
  seconds: step,
  tokens_per_second: 64,
});

const result = (loss: number, norm = 2) => ({
  scalars: { step: 12, lr: 0.5 },
  outputs: { loss: Float32Array.of(loss), gradient_norm: Float32Array.of(norm) },
});

test("steps whose loss or gradient is not a finite number are counted, until there are too many in a row", () => {
  expect(new Meter(64, 3).record(result(1.5))).toMatchObject({
    step: 12,
    loss: 1.5,
    lr: 0.5,
    gradient_norm: 2,
    tokens: 768,
  });
  const meter = new Meter(64, 3);
  for (const [loss, norm, inARow] of [
    [Number.NaN, 1, 1],
    [1, Infinity, 2],
    [2, 1, 0],
    [Infinity, 1, 1],
    [1, Number.NaN, 2],
  ] as const) {
    const { loss: shown, gradient_norm } = meter.record(result(loss, norm));
    expect([shown, gradient_norm]).toEqual([loss, norm].map((value) => (Number.isFinite(value) ? value : null)));
    expect([meter.inARow, meter.outOfPatience]).toEqual([inARow, false]);
  }
  expect(meter.record(result(Number.NaN))).toMatchObject({ skipped: 5 });
  expect(meter.outOfPatience).toBe(true);
});

test("numbers and times are short enough to read at a glance", () => {
  expect([950, 12_345, 4_560_000, 2.5e9].map(count)).toEqual(["950", "12.3k", "4.56M", "2.50B"]);
  expect([44.6, 725, 12_000].map(duration)).toEqual(["45s", "12m 05s", "3h 20m"]);
});

test("the line of progress fits a terminal and shows where the loss is going", () => {
  const line = new ProgressLine(200_000);
  let text = "";
  for (let step = 1; step <= 30; step++)
    text = line.add({ ...record(step, 10 - step / 10), tokens_per_second: 123_456_789 });
  expect(text).toMatch(/^step 30\/200000 {2}loss 7\.0000 █.*▁ {2}123M tok\/s {2}0s left$/);
  expect(text.length).toBeLessThan(80);
});

test("a screen redraws one line on a terminal and keeps notes apart from it", () => {
  let text = "";
  const screen = openScreen({ write: (piece) => (text += piece), interactive: true }, 10);
  screen.step(record(1));
  screen.step(record(10));
  screen.note("saved");
  screen.note("done");
  expect(text.replaceAll("\r\u001b[K", "<redraw>")).toMatch(
    /^<redraw>step 1\/10[^\n]*<redraw>step 10\/10[^\n]*\nsaved\ndone\n$/,
  );
});

test("a resumed log keeps what led to the checkpoint, and drops a line that a crash cut short", async () => {
  const folder = await mkdtemp(join(tmpdir(), "llmc-log-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "log.jsonl");
  const first = await openLogFile(path, 0);
  for (let step = 1; step <= 5; step++) first.write(record(step));
  first.close();
  await writeFile(path, `${await readFile(path, "utf8")}{"kind":"step","st`);
  const second = await openLogFile(path, 3);
  second.write(record(4, 9));
  second.close();
  expect(readLog(path)).toEqual([record(1), record(2), record(3), record(4, 9)]);
});
