/** @file A command: one file each under commands/, described as data so that help, parsing and did-you-mean share one source. */
import type { ExitCode, Host } from "./host.ts";

export interface OptionSpec {
  /** `count` is a whole number, at least `min` (0 unless said). */
  readonly type: "string" | "boolean" | "number" | "count";
  /** The least value; of a number, the most as well, and what it must be greater than. */
  readonly min?: number;
  readonly max?: number;
  readonly above?: number;
  readonly short?: string;
  /** What the value is called in help: `DIR`. */
  readonly value?: string;
  readonly help: string;
}

export interface Command {
  readonly name: string;
  /** One line for the overview. */
  readonly summary: string;
  /** Positional arguments as shown: `FILE`. An optional one stands in brackets; the last may be `FILE...`, for one or more. */
  readonly positionals: readonly string[];
  readonly options: Readonly<Record<string, OptionSpec>>;
  readonly examples: readonly string[];
  readonly run: (input: Input, host: Host) => Promise<ExitCode>;
}

export interface Input {
  readonly positionals: readonly string[];
  /** The last that was given. */
  readonly text: (option: string) => string | undefined;
  /** Every one that was given, in order. */
  readonly texts: (option: string) => readonly string[];
  readonly flag: (option: string) => boolean;
  readonly number: (option: string) => number | undefined;
}
