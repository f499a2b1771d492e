/** @file stub */
import type { Command } from "../command.ts";
export const show: Command = { name: "show", summary: "", positionals: ["FILE"], options: {}, examples: [], run: async () => 0 };
