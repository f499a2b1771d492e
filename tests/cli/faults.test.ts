/** Disks that fail and processes that are killed, at a few fixed places; `npm run fuzz -- faults` tries all of them. */
import { rmSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { prepare, scenarios, tryFault, type FaultCode } from "../support/faults/try-fault.ts";

/** Where, as a share of the operations that change the disk, and what. */
const sample: readonly (readonly [name: string, faults: readonly (readonly [share: number, code: FaultCode])[]])[] = [
  [
    "fmt",
    [
      [0.3, "ENOSPC"],
      [0.9, "KILL"],
    ],
  ],
  ["check --fix", [[0.5, "EIO"]]],
  // In the middle of staging, and in the middle of moving into place.
  [
    "build",
    [
      [0.3, "ENOSPC"],
      [0.8, "KILL"],
    ],
  ],
  [
    "train --resume",
    [
      [0.6, "KILL"],
      [0.9, "EDQUOT"],
      [0.95, "KILL"],
    ],
  ],
];

test.each(sample)(
  "%s loses nothing, and the next one comes right",
  (name, faults) => {
    const scenario = scenarios.find((one) => one.name === name);
    expect(scenario).toBeDefined();
    const prepared = prepare(scenario as (typeof scenarios)[number]);
    onTestFinished(() => rmSync(prepared.folder, { recursive: true }));
    expect(prepared.operations).toBeGreaterThan(4);
    for (const [share, code] of faults)
      expect(tryFault(prepared, Math.floor(share * prepared.operations), code)).toBeUndefined();
  },
  300_000,
);
