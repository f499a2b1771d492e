/** @file Fields of `model`. Beside these a model gives the parameters of its architecture, which the semantics checks. */
import { type ConfigOf, equations, open, optional } from "./field.ts";
import { reference } from "./types.ts";

export const modelSchema = open({
  data: optional(reference("the name of a data declaration"), "The data whose tokens the model reads."),
  dims: equations("The sizes of the model's axes, such as `T = 256  D = 192`; they may be computed from each other."),
});

export type ModelConfig = ConfigOf<typeof modelSchema>;
