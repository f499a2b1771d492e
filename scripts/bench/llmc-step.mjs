/**
 * Times training steps of a built program: `node scripts/bench/llmc-step.mjs FOLDER STEPS`. Prints the milliseconds of each step after the first as JSON.
 */
import { loadProgram, openDevice, tokenInputs } from "../../dist/runtime.js";

const [folder = "", count = "5"] = process.argv.slice(2);
const device = await openDevice({ device: "software" });
const program = await loadProgram(folder);
const session = await device.open(program);
const { plan } = program;
const arena = plan.buffers.findIndex((buffer) => buffer.role === "parameters");
session.write(
  arena,
  Float32Array.from({ length: plan.buffers[arena].bytes / 4 }, (_, i) => 0.02 * Math.sin(1 + 1.37 * i)),
);
const { inputs, targets } = tokenInputs(session, "train");
inputs.forEach((_, i) => {
  inputs[i] = (i * 7919) % plan.vocabulary;
  targets[i] = ((i + 1) * 7919) % plan.vocabulary;
});
const train = session.replay("train");
const scalars = Object.fromEntries(plan.programs.train.scalars.map(({ name }) => [name, 0.1]));
await train.once({ ...scalars, seed: 1, step: 1 });
const times = [];
for (let step = 2; step < 2 + Number(count); step++) {
  const start = performance.now();
  await train.once({ ...scalars, seed: 1, step });
  times.push(performance.now() - start);
}
session.close();
device.close();
console.log(JSON.stringify(times));
