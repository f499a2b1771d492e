/** @file The kernels of a compiled model as files, in the language of its target, with what they need beside them. */
import type { Compiled } from "../src/plan/build-plan.ts";
import { cPrelude, printC } from "./c/print.ts";
import { stepFiles } from "./c/print-step.ts";
import { printWgsl } from "./wgsl/print.ts";

/** Texts by their path in the folder of the compiled model. */
export function kernelFiles({
  plan,
  kernels,
  target,
}: Pick<Compiled, "plan" | "kernels" | "target">): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  // The lanes of a workgroup are one vector.
  const options = { width: target.lanes };
  for (const { name, file } of plan.kernels) {
    const kernel = kernels.get(name);
    if (kernel)
      files.set(file, target.language === "c" ? `#include "llmc.h"\n\n${printC(kernel, options)}` : printWgsl(kernel));
  }
  if (target.language === "wgsl") return files;
  return new Map([...files, ["llmc.h", `#pragma once\n${cPrelude(options)}`], ...stepFiles(plan)]);
}
