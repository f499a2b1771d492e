/** @file Every command. Their modules are light: what is heavy they import when they run. */
import type { Command } from "./frame/command.ts";
import { build } from "./commands/build.ts";
import { check } from "./commands/check.ts";
import { data } from "./commands/data.ts";
import { devices } from "./commands/devices.ts";
import { explain } from "./commands/explain.ts";
import { fmt } from "./commands/fmt.ts";
import { generate } from "./commands/generate.ts";
import { newProject } from "./commands/new.ts";
import { show } from "./commands/show.ts";
import { tokenize } from "./commands/tokenize.ts";
import { train } from "./commands/train.ts";

/** In the order in which a user meets them. */
export const commands: readonly Command[] = [
  newProject,
  check,
  fmt,
  show,
  build,
  train,
  generate,
  data,
  tokenize,
  devices,
  explain,
];
