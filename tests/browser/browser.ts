/** @file A headless browser for one page: serves a folder on localhost, opens the page, and waits for what it posts to `report`. */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import chromium from "@sparticuz/chromium";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".json": "application/json",
  ".mjs": "text/javascript",
};

/** Opens `index.html` of the folder and gives the body of its first post. */
export async function reportOfPage(folder: string): Promise<unknown> {
  let received: ((body: string) => void) | undefined;
  const report = new Promise<string>((resolve) => (received = resolve));
  const server = createServer(async (request, response) => {
    if (request.method === "POST") {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      response.end();
      received?.(Buffer.concat(chunks).toString());
      return;
    }
    const path = join(
      folder,
      normalize(new URL(request.url ?? "/", "http://localhost").pathname).replace(/\/$/, "/index.html"),
    );
    try {
      const content = await readFile(path);
      response.writeHead(200, { "content-type": types[extname(path)] ?? "application/octet-stream" }).end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const profile = await mkdtemp(join(tmpdir(), "llmc-browser-"));
  const browser = spawn(
    await chromium.executablePath(),
    [
      "--headless",
      "--no-sandbox",
      "--enable-unsafe-webgpu",
      "--use-webgpu-adapter=swiftshader",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      `--user-data-dir=${profile}`,
      `http://localhost:${port}/`,
    ],
    // A group of its own, to end its helper processes with it.
    { stdio: ["ignore", "ignore", "pipe"], detached: true },
  );
  let messages = "";
  browser.stderr?.on("data", (chunk: Buffer) => (messages += chunk.toString()));
  const ended = new Promise<never>((_, reject) =>
    browser.on("exit", (code) => reject(new Error(`the browser ended with ${code}: ${messages}`))),
  );
  try {
    return JSON.parse(await Promise.race([report, ended]));
  } finally {
    ended.catch(() => undefined);
    const gone = new Promise((resolve) => browser.on("exit", resolve));
    if (browser.exitCode === null && browser.pid !== undefined) {
      process.kill(-browser.pid, "SIGKILL");
      await gone;
    }
    server.closeAllConnections();
    server.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
