/** @file `llmc-lang/runtime` in Node: what generated training programs import. */
export * from "./common.ts";
export type { Checkpoints } from "./node/checkpoints.ts";
export {
  listCheckpoints,
  openCheckpointFile,
  openCheckpoints,
  openNewestSound,
  openSound,
} from "./node/checkpoints.ts";
export type { DeviceOptions } from "./node/device.ts";
export { deviceNames, openDevice } from "./node/device.ts";
export { loadData, readSource, requireFiles } from "./node/files.ts";
export { openLogFile, readLog } from "./node/log-file.ts";
export { readOptions, runMain } from "./node/main.ts";
export { loadProgram } from "./node/program.ts";
export type { RunOptions, RunSetup } from "./node/run.ts";
export { chooseCheckpoints, openRun } from "./node/run.ts";
export type { Output } from "./node/screen.ts";
export type { RunFolder } from "./node/run-folder.ts";
export { openRunFolder } from "./node/run-folder.ts";
export { openScreen, processOutput } from "./node/screen.ts";
export { writeAtomically } from "./files/write-atomically.ts";
