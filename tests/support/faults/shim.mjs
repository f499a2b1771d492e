/**
 * @file Loaded before a program (`node --import`): one of its operations that change the disk fails, or is the last before the process is killed. `LLMC_FAULT` is JSON with the
 * folder in which operations are counted, which one it is, and what happens; without a number they are counted, and the count is written to a file at the end.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { resolve, sep } from "node:path";
import { isMainThread } from "node:worker_threads";

/** @type {{ root: string, at?: number, code?: string, counted?: string }} */
const { root, at, code, counted } = JSON.parse(process.env["LLMC_FAULT"] ?? "{}");
/** What a full disk refuses from then on; it can still rename and remove. */
const takesSpace = /^(open|write|append|mkdir|mkdtemp|link|copy)/;
let count = 0;
let full = false;
/** Files that were opened to be written to. */
const written = new Set();
const real = { ...fs };

const inside = (path) => {
  const text = path instanceof URL ? path.pathname : typeof path === "string" ? path : undefined;
  return text !== undefined && root !== undefined && resolve(text).startsWith(root + sep);
};
const writes = (flags) => (typeof flags === "number" ? (flags & 3) !== 0 : /[wa+]/.test(flags ?? "r"));

function failure(name) {
  return Object.assign(new Error(`${code}: injected, ${name}`), { code, errno: -1, syscall: name });
}

/** Counts an operation; gives the error that it ends in, if any. */
function step(name) {
  const number = count++;
  if (full && takesSpace.test(name)) return failure(name);
  if (at === undefined || number !== at) return undefined;
  if (code === "KILL") process.kill(process.pid, "SIGKILL");
  full = code !== "EIO";
  return failure(name);
}

/** Of what is written when the disk becomes full, a part has arrived. */
const part = (data) =>
  typeof data === "string"
    ? data.slice(0, data.length >> 1)
    : ArrayBuffer.isView(data)
      ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength >> 1)
      : data;

const byPath = [
  "writeFile",
  "appendFile",
  "rename",
  "rm",
  "unlink",
  "mkdir",
  "rmdir",
  "link",
  "symlink",
  "copyFile",
  "chmod",
  "truncate",
  "mkdtemp",
];
for (const name of byPath) {
  const [promised, sync] = [fs.promises[name], fs[`${name}Sync`]];
  const concerned = (args) => inside(args[0]) || ((name === "link" || name === "copyFile") && inside(args[1]));
  fs.promises[name] = async (...args) => {
    const error = concerned(args) ? step(name) : undefined;
    if (error !== undefined && /^(write|append)/.test(name))
      await promised(args[0], part(args[1])).catch(() => undefined);
    if (error !== undefined) throw error;
    return promised(...args);
  };
  fs[`${name}Sync`] = (...args) => {
    const error = concerned(args) ? step(name) : undefined;
    if (error !== undefined) throw error;
    return sync(...args);
  };
}

const handles = new WeakSet();
const open = fs.promises.open;
const probe = await open(import.meta.filename ?? new URL(import.meta.url), "r");
const prototype = Object.getPrototypeOf(probe);
await probe.close();
fs.promises.open = async (path, flags, ...rest) => {
  const mine = inside(path) && writes(flags);
  const error = mine ? step("open") : undefined;
  if (error !== undefined) throw error;
  const handle = await open(path, flags, ...rest);
  if (mine) handles.add(handle);
  return handle;
};
for (const name of ["write", "writev", "writeFile", "appendFile", "sync", "datasync", "truncate", "chmod", "chown"]) {
  const method = prototype[name];
  prototype[name] = async function (...args) {
    const error = handles.has(this) ? step(name) : undefined;
    if (error !== undefined && name === "write") await method.call(this, part(args[0]), 0).catch(() => undefined);
    if (error !== undefined) throw error;
    return method.apply(this, args);
  };
}

fs.openSync = (path, flags, ...rest) => {
  const mine = inside(path) && writes(flags);
  const error = mine ? step("open") : undefined;
  if (error !== undefined) throw error;
  const fd = real.openSync(path, flags, ...rest);
  if (mine) written.add(fd);
  return fd;
};
fs.open = (path, ...rest) => {
  const done = rest.at(-1);
  const mine = inside(path) && writes(typeof rest[0] === "function" ? "r" : rest[0]);
  const error = mine ? step("open") : undefined;
  if (error !== undefined) return void process.nextTick(done, error);
  real.open(path, ...rest.slice(0, -1), (problem, fd) => {
    if (mine && fd !== undefined) written.add(fd);
    done(problem, fd);
  });
};
for (const name of ["write", "writev", "fsync"]) {
  fs[name] = (fd, ...rest) => {
    const error = written.has(fd) ? step(name) : undefined;
    if (error !== undefined) return void process.nextTick(rest.at(-1), error);
    real[name](fd, ...rest);
  };
  fs[`${name}Sync`] = (fd, ...rest) => {
    const error = written.has(fd) ? step(name) : undefined;
    if (error !== undefined && name === "write") real.writeSync(fd, part(rest[0]));
    if (error !== undefined) throw error;
    return real[`${name}Sync`](fd, ...rest);
  };
}
fs.closeSync = (fd) => {
  written.delete(fd);
  real.closeSync(fd);
};
syncBuiltinESMExports();

if (counted !== undefined && isMainThread) process.on("exit", () => real.writeFileSync(counted, String(count)));
