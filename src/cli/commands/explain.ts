/** @file `llmc explain`: any stage of the compiler on your own model, with the reason for each decision; or what a diagnostic's code means. */
import { suggest } from "../../util/suggest.ts";
import { reachable } from "../../ir/node.ts";
import type { Compiled } from "../../plan/build-plan.ts";
import { programNames, type ProgramName } from "../../abi/plan.ts";
import type { Command, Input } from "../frame/command.ts";
import { withFailures } from "../frame/failures.ts";
import { problemWithSource, sourceHost } from "../frame/files.ts";
import type { ExitCode, Host } from "../frame/host.ts";
import { shown } from "../frame/report.ts";
import { defaultTarget, targetChoices, targetNamed } from "../model/targets.ts";

const stages = ["ast", "ir", "grad", "clusters", "kernels", "plan"] as const;
type StageName = (typeof stages)[number];

export const explain: Command = {
  name: "explain",
  summary: "print a stage of the compiler, or what a diagnostic means",
  positionals: ["FILE|CODE"],
  options: {
    stage: { type: "string", short: "s", value: "STAGE", help: `${stages.join(", ")}; default: clusters` },
    model: {
      type: "string",
      short: "m",
      value: "NAME",
      help: "a model or variant of the file; default: the first that is trained",
    },
    program: { type: "string", value: "NAME", help: `of clusters: ${programNames.join(", ")}; default: train` },
    target: { type: "string", value: "NAME", help: `${targetChoices}; default: ${defaultTarget}` },
  },
  examples: [
    "llmc explain models/quickstart.llm --stage clusters",
    "llmc explain models/quickstart.llm --stage kernels",
    "llmc explain shape/axis-mismatch",
  ],
  run: (input, host) => withFailures(host, () => runExplain(input, host)),
};

async function runExplain(input: Input, host: Host): Promise<ExitCode> {
  const given = input.positionals[0] ?? "";
  if (!given.endsWith(".llm") && problemWithSource(given, host.cwd) !== undefined) return explainCode(given, host);
  const stage = oneOf(input.text("stage") ?? "clusters", stages, "stage");
  const program = oneOf(input.text("program") ?? "train", programNames, "program");
  const target = targetNamed(input.text("target"));
  for (const problem of [stage, program, target]) {
    if (typeof problem === "string" || !("problem" in problem)) continue;
    host.err(`${problem.problem}\n`);
    return 2;
  }
  if (typeof target === "string") {
    host.err(`${target}\n`);
    return 2;
  }
  if (stage === "ast") return explainAst(given, host);
  const { loadCompilable } = await import("../model/model.ts");
  const loaded = await loadCompilable(given, input.text("model"), host);
  if (!loaded) return 1;
  const { compileModel } = await import("../model/project.ts");
  host.out(await printStage(stage as Exclude<StageName, "ast">, program as ProgramName, compileModel(loaded, target)));
  const following = stages[stages.indexOf(stage as StageName) + 1];
  host.err(`next: llmc ${following ? `explain ${shown(given)} --stage ${following}` : `build ${shown(given)}`}\n`);
  return 0;
}

function oneOf<W extends string>(word: string, known: readonly W[], what: string): W | { readonly problem: string } {
  const found = known.find((k) => k === word);
  if (found) return found;
  const near = suggest(word, known);
  return {
    problem: `there is no ${what} \`${word}\`${near ? `; did you mean \`${near}\`?` : `: it is one of ${known.join(", ")}`}`,
  };
}

async function explainCode(code: string, host: Host): Promise<ExitCode> {
  const { codes } = await import("../../diagnostics/codes.ts");
  const entry = Object.entries(codes).find(([name]) => name === code)?.[1];
  if (entry) {
    host.out(`${code} (${entry.severity})\n\n${entry.explanation.trim()}\n`);
    host.err("next: llmc check FILE shows where\n");
    return 0;
  }
  const { failureExplanations } = await import("../../abi/failure-codes.ts");
  const failure = Object.entries(failureExplanations).find(([name]) => name === code)?.[1];
  if (failure !== undefined) {
    host.out(`${code} (failure)\n\n${failure}\n`);
    host.err("next: do what the message says, and run the command again\n");
    return 0;
  }
  const near = suggest(code, [...Object.keys(codes), ...Object.keys(failureExplanations)]);
  host.err(`\`${code}\` is neither a file nor the code of a message${near ? `; did you mean \`${near}\`?` : ""}\n`);
  return 1;
}

async function explainAst(path: string, host: Host): Promise<ExitCode> {
  const problem = problemWithSource(path, host.cwd);
  const text = sourceHost(host.cwd).readFile(path);
  if (problem !== undefined || text === undefined) {
    host.err(`${problem ?? `${path} cannot be read`}\n`);
    return 1;
  }
  const { printAst } = await import("../model/print-ast.ts");
  const { printDiagnostics, isError } = await import("../frame/report.ts");
  const { parseFile } = await import("../../../grammar/parse.ts");
  const { file, diagnostics } = parseFile({ path, text });
  host.out(printAst(file));
  printDiagnostics(diagnostics, host);
  const failed = diagnostics.some(isError);
  host.err(`next: llmc ${failed ? `check ${shown(path)}` : `explain ${shown(path)} --stage ir`}\n`);
  return failed ? 1 : 0;
}

async function printStage(stage: Exclude<StageName, "ast">, program: ProgramName, compiled: Compiled): Promise<string> {
  const { graphs, clusters, kernelReasons, remarks } = compiled.stages;
  switch (stage) {
    case "ir": {
      const { printGraph } = await import("../../ir/print/print.ts");
      return printGraph(reachable(graphs.get("evaluate")?.[0]?.roots ?? []));
    }
    case "grad": {
      const { printGraph } = await import("../../ir/print/print.ts");
      return (graphs.get("train") ?? []).map((s) => `// ${s.name}\n${printGraph(reachable(s.roots))}`).join("\n");
    }
    case "clusters": {
      const { printClusters } = await import("../../cluster/print.ts");
      return `${remarks.map((remark) => `// ${remark}\n`).join("")}${printClusters(clusters.get(program) ?? [])}`;
    }
    case "kernels": {
      const { printKernel } = await import("../../kernel/print.ts");
      const reasons = kernelReasons.map(([name, why]) => `// ${name}: ${why.join("; ")}`).join("\n");
      return `${reasons}\n\n${[...compiled.kernels.values()].map(printKernel).join("\n\n")}\n`;
    }
    case "plan": {
      const { printPlan } = await import("../../plan/print.ts");
      return printPlan(compiled.plan);
    }
  }
}
