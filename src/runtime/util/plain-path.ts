/** @file Paths that a program names among its own files: `kernels/map_x.c`. They come from files that anybody may have written, and must not lead out of the folder on any system. */
import { RuntimeFailure } from "./failure.ts";

/** Names with `/` between them: none that goes up, or begins at a root or a drive. */
export function isPlainPath(path: unknown): path is string {
  return (
    typeof path === "string" &&
    path.split("/").every((part) => part !== "" && part !== "." && part !== ".." && !/[\\:\p{Cc}]/u.test(part))
  );
}

export function requirePlainPath(path: unknown): void {
  if (!isPlainPath(path))
    throw new RuntimeFailure(
      "program/invalid",
      `the program names a file that is not in its folder: ${JSON.stringify(path)}`,
      "compile the model again",
    );
}
