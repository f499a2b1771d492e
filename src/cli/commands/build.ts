/** @file `llmc build`: the compiled model as a folder a person can read and run. */
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { runtimeModule } from "../../runtime/module.ts";
import type { Command, Input } from "../frame/command.ts";
import { withFailures } from "../frame/failures.ts";
import { jsonText } from "../frame/json.ts";
import type { ExitCode, Host } from "../frame/host.ts";
import { plural, shown } from "../frame/report.ts";
import { defaultTarget, targetChoices, targetNamed } from "../model/targets.ts";

export const build: Command = {
  name: "build",
  summary: "write kernels, plan and training program to a folder",
  positionals: ["FILE"],
  options: {
    model: {
      type: "string",
      short: "m",
      value: "NAME",
      help: "a model or variant of the file; default: the first that is trained",
    },
    out: { type: "string", short: "o", value: "DIR", help: "where to write; default: out/NAME" },
    target: {
      type: "string",
      value: "NAME",
      help: `${targetChoices}: what the kernels are tuned for; default: ${defaultTarget}`,
    },
    force: { type: "boolean", help: "write over files of the folder that were edited" },
    json: { type: "boolean", help: "print what was built as JSON" },
  },
  examples: ["llmc build models/quickstart.llm", "llmc build models/gpt2.llm --out gpt2"],
  run: (input, host) => withFailures(host, () => runBuild(input, host)),
};

/** Whether a program in the folder finds what it imports: where llmc is installed in or above it. */
function findsRuntime(folder: string): boolean {
  try {
    createRequire(join(folder, "train.mjs")).resolve(runtimeModule);
    return true;
  } catch {
    return false;
  }
}

async function runBuild(input: Input, host: Host): Promise<ExitCode> {
  const target = targetNamed(input.text("target"));
  if (typeof target === "string") {
    host.err(`${target}\n`);
    return 2;
  }
  const start = performance.now();
  const { loadCompilable } = await import("../model/model.ts");
  const loaded = await loadCompilable(input.positionals[0] ?? "", input.text("model"), host);
  if (!loaded) return 1;
  const { isTrainable, refuseData } = await import("../model/model.ts");
  if (isTrainable(loaded) && (await refuseData(loaded, host))) return 1;
  const { stageModelProject } = await import("../model/project.ts");
  const folder = input.text("out") ?? `out/${loaded.name}`;
  const { compiled, files, staged } = await stageModelProject(
    loaded,
    target,
    folder,
    { holds: "build", force: input.flag("force"), forceOption: "--force" },
    host,
  );
  await staged.commit();
  const { plan } = compiled;
  const dispatches = plan.programs.train?.dispatches.length ?? 0;
  const seconds = (performance.now() - start) / 1000;
  if (input.flag("json")) {
    host.out(
      jsonText({
        model: plan.model,
        folder,
        hash: plan.hash,
        kernels: plan.kernels.length,
        dispatches,
        memory: plan.memory,
        seconds: Number(seconds.toFixed(3)),
      }),
    );
    return 0;
  }
  host.err(
    `wrote ${folder}: ${plural(plan.kernels.length, "kernel")}, ${plural(dispatches, "dispatch").replace(/hs$/, "hes")} a training step, ${plural(files, "file")}, in ${seconds.toFixed(1)} s\n`,
  );
  const model = input.text("model") === undefined ? "" : ` --model ${loaded.name}`;
  if (isTrainable(loaded))
    host.err(
      `next: ${findsRuntime(resolve(host.cwd, folder)) ? `node ${shown(`${folder}/train.mjs`)}, or ` : ""}llmc train ${shown(loaded.path)}${model}\n`,
    );
  else
    host.err(
      `it has no training program: name the text with \`data: …\` in \`model ${loaded.name} { … }\`\nnext: llmc show ${shown(loaded.path)}${model}\n`,
    );
  return 0;
}
