/** @file Which runs of a file read which data. */
import type { Section } from "../../../grammar/syntax/ast.ts";
import { modelsOf } from "../../semantics/check/check.ts";
import { elaborate } from "../../semantics/model/elaborate.ts";
import type { Program } from "../../semantics/load/program.ts";
import type { RunSize } from "./data-report.ts";
import { stepsOf } from "../model/run-settings.ts";

/** The data that is meant where none is named: that of the first model that has some. */
export function dataOfFirstModel(sections: readonly Section[], program: Program): Section | undefined {
  const used = modelsOf(program).flatMap(({ name }) => {
    const section = elaborate(program, name, { brief: true }).data?.section;
    return section && sections.includes(section) ? [section] : [];
  });
  return used[0] ?? sections[0];
}

/** The first declared run that reads the data; `tokens` are those for training. */
export async function runOn(section: Section, program: Program, tokens: number): Promise<RunSize | undefined> {
  for (const { name } of program.entry.sections("train")) {
    const { data, model, train } = elaborate(program, name, { brief: true });
    if (data?.section !== section || !model || !train) continue;
    const perStep = model.batch * model.context;
    return {
      model: name.text,
      tokens: perStep * Math.max(1, await stepsOf(train.budget, perStep, () => Promise.resolve(tokens))),
    };
  }
  return undefined;
}
