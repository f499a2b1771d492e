/** @file A command: one file each under commands/, described as data so that help, parsing and did-you-mean share one source. */
import type { ExitCode, Host } from "./host.ts";

export interface OptionSpec {
  /** `count` is a whole number, at least `min` (0 unless said). */
  readonly type: "string" | "boolean" | "number" | "count";
  readonly min?: number;
  readonly short?: string;
  /** What the value is called in help: `DIR`. */
  readonly value?: string;
  readonly help: string;
}

export interface Command {
  readonly name: string;
  /** One line for the overview. */
  readonly summary: string;
  /** Positional arguments as shown: `FILE`. An optional one stands in brackets. */
  readonly positionals: readonly string[];
  readonly options: Readonly<Record<string, OptionSpec>>;
  readonly examples: readonly string[];
  readonly run: (input: Input, host: Host) => Promise<ExitCode>;
}

export interface Input {
  readonly positionals: readonly string[];
  readonly text: (option: string) => string | undefined;
  readonly flag: (option: string) => boolean;
  readonly number: (option: string) => number | undefined;
}
