/** @file Generated files that are checked in must be what their generators write. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { generatedFiles } from "../../scripts/generated-files.ts";

test.each(generatedFiles.map((file) => [file.path, file] as const))(
  "%s is current (node scripts/run.mjs scripts/generate.ts)",
  async (path, file) => {
    const text = readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
    expect(text).toBe(await file.text());
  },
);
