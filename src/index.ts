/** @file The compiler as a library: check, elaborate, compile, print. What the command line and editors are made of. */
export { formatText } from "../grammar/print.ts";
export { parseFile } from "../grammar/parse.ts";
export type { Diagnostic } from "./diagnostics/diagnostic.ts";
export { renderDiagnostic } from "./diagnostics/render-terminal.ts";
export { checkFile } from "./semantics/check/check.ts";
export { elaborate } from "./semantics/model/elaborate.ts";
export { loadProgram, type Host } from "./semantics/load/program.ts";
export { compile, type Compiled } from "./plan/build-plan.ts";
export { gpuTarget, softwareTarget, type Target } from "./schedule/build/lowered.ts";
export { printWgsl } from "../codegen/wgsl/print.ts";
