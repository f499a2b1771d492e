/** @file Where things are kept that were made once for this machine: an unpacked software adapter, compiled kernels. */
import { mkdir } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";

/** The folder, made if need be. */
export async function cacheFolder(): Promise<string> {
  const preferred = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "llmc");
  try {
    await mkdir(preferred, { recursive: true });
    return preferred;
  } catch {
    // No writable home, as in many containers.
    const fallback = join(tmpdir(), "llmc-cache");
    await mkdir(fallback, { recursive: true });
    return fallback;
  }
}
