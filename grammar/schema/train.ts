/** @file Fields of `train`: how long, on what batches, with which optimizer, and what is kept. */
import { report } from "../../src/diagnostics/codes.ts";
import { closed, type ConfigOf, group, groups, open, optional, required, withDefault } from "./field.ts";
import { choice, count, expression, integer, listOf, memory, number } from "./types.ts";

/** The parameters a `group` may choose by the number of their axes. */
const selectors = ["vectors", "matrices"];

const checkpointSchema = closed({
  every: required(count(["steps", "tokens"]), "every: 500 steps", "How often a checkpoint is written."),
  keep: withDefault(integer({ min: 1 }), 3, "3", "How many of the newest checkpoints stay on disk."),
});

export const trainSchema = closed({
  budget: required(
    count(["tokens", "steps", "epochs"]),
    "budget: 20M tokens",
    "How long to train: tokens, steps, or passes over the data.",
  ),
  batch: withDefault(
    count(["sequences", "tokens"]),
    { unit: "sequences", amount: 32 },
    "32 sequences",
    "How much goes into one step.",
  ),
  optimizer: required(
    expression("an optimizer with its settings"),
    "optimizer: adamw(lr: 3e-4)",
    "The op that updates every parameter, with its settings.",
  ),
  schedule: optional(
    listOf(expression("a schedule"), "a schedule, or a list of schedules that follow each other"),
    "How the learning rate changes over the run: ops of the progress from 0 to 1. All but the last of a list say how long they last: `over: 2%`.",
  ),
  loss: optional(
    expression("an op on the model's result and the targets"),
    "What is minimised; without it, the loss of the standard library.",
  ),
  clip: optional(
    number({ min: 0, above: true }),
    "Gradients whose norm over all parameters exceeds this are scaled down to it.",
  ),
  precision: withDefault(
    choice(["f32", "bf16"] as const),
    "f32",
    "f32",
    "What the operands of matrix products are rounded to; sums, parameters and the optimizer's states are f32 either way.",
  ),
  seed: withDefault(
    integer({ min: 0 }),
    0,
    "0",
    "Decides the initial parameters, the order of the data and every random number.",
  ),
  memory: optional(
    memory,
    "The most device memory the run may take: large activations are made in smaller chunks, and a run that needs more all the same is refused before it starts.",
  ),
  patience: withDefault(
    integer({ min: 1 }),
    8,
    "8",
    "How many steps in a row may have a loss or a gradient that is not finite, and so change nothing, before the run ends.",
  ),
  checkpoint: group(
    "undefined",
    checkpointSchema,
    "When the state of the run is written to disk. Without it, every ten minutes and at the end.",
  ),
  group: groups(
    "required",
    "`vectors`, `matrices` or a pattern in quotes",
    open({}),
    "Other settings of the optimizer for some parameters: `group vectors { decay: 0 }`.",
    (label, at) => {
      if (label.quoted || selectors.includes(label.text)) return;
      at.problem(
        report(
          "field/label",
          {
            field: at.field,
            wrong: `chooses \`vectors\`, \`matrices\` or a pattern over parameter paths, not \`${label.text}\``,
          },
          {
            primary: { span: label.span, text: "" },
            fixes: [{ title: `write \`"${label.text}"\``, edits: [{ span: label.span, text: `"${label.text}"` }] }],
          },
        ),
      );
    },
  ),
});

export type TrainConfig = ConfigOf<typeof trainSchema>;
