#!/usr/bin/env node
/** @file Where `llmc` starts: says plainly that Node is too old, before anything is loaded that an old Node cannot read. */
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 11)) {
  process.stderr.write(
    `llmc needs Node 20.11 or later, and this is Node ${process.versions.node}\nnext: install a newer Node, and run the command again\n`,
  );
  process.exitCode = 1;
} else void import("./main.ts");
