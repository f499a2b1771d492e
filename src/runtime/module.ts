/** @file What generated programs import: the compiler prints this name, and the command line answers to it. */

export const runtimeModule = "llmc-lang/runtime";
