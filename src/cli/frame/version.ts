/** @file The version of the package. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageFolder } from "./files.ts";

const manifest: unknown = JSON.parse(readFileSync(join(packageFolder(), "package.json"), "utf8"));

export const version: string =
  typeof manifest === "object" && manifest !== null && "version" in manifest && typeof manifest.version === "string"
    ? manifest.version
    : "unknown";
