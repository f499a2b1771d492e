/** @file Command-line arguments against a command's description. Unknown words get the nearest name. */
import { suggest } from "../../util/suggest.ts";
import type { Command, Input, OptionSpec } from "./command.ts";

export type Parsed =
  | { readonly kind: "ok"; readonly input: Input }
  | { readonly kind: "help" }
  | { readonly kind: "error"; readonly message: string };

export function parseArguments(command: Command, words: readonly string[]): Parsed {
  const values = new Map<string, string | true>();
  const all: (readonly [option: string, value: string])[] = [];
  const positionals: string[] = [];

  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? "";
    if (word === "--") {
      positionals.push(...words.slice(i + 1));
      break;
    }
    if (word === "--help" || word === "-h") return { kind: "help" };
    if (!word.startsWith("-") || word === "-") {
      positionals.push(word);
      continue;
    }
    const [flag = "", inline] = splitOnce(word, "=");
    const name = flag.startsWith("--") ? flag.slice(2) : longName(command, flag.slice(1));
    const spec = name === undefined ? undefined : command.options[name];
    if (name === undefined || !spec) {
      const close = suggest(flag.replace(/^-+/, ""), Object.keys(command.options));
      return error(
        `\`${flag}\` is not an option of \`llmc ${command.name}\`${close ? `; did you mean \`--${close}\`?` : ""}`,
      );
    }
    if (spec.type === "boolean") {
      if (inline !== undefined) return error(`\`--${name}\` takes no value`);
      values.set(name, true);
      continue;
    }
    const value = inline ?? words[++i];
    if (value === undefined || (inline === undefined && value.startsWith("--")))
      return error(`\`--${name}\` needs a value: \`--${name} ${spec.value ?? "VALUE"}\``);
    if (spec.type === "number" && !isNumber(value, spec))
      return error(`\`--${name}\` needs a number${range(spec)}, not \`${value}\``);
    if (
      spec.type === "count" &&
      !(/^\d+$/.test(value) && Number(value) >= (spec.min ?? 0) && Number(value) < 2 ** 32)
    ) {
      return error(
        `\`--${name}\` needs a whole number${spec.min === undefined ? "" : ` of at least ${spec.min}`}, not \`${value}\``,
      );
    }
    values.set(name, value);
    all.push([name, value]);
  }

  const required = command.positionals.filter((p) => !p.startsWith("["));
  const missing = required[positionals.length];
  if (missing !== undefined) return error(`\`llmc ${command.name}\` needs ${missing}`);
  const any = command.positionals.at(-1)?.endsWith("...") === true;
  if (!any && positionals.length > command.positionals.length)
    return error(
      `\`${positionals[command.positionals.length]}\` is one argument too many for \`llmc ${command.name}\``,
    );

  const input: Input = {
    positionals,
    text: (option) => {
      const value = values.get(option);
      return typeof value === "string" ? value : undefined;
    },
    texts: (option) => all.flatMap(([name, value]) => (name === option ? [value] : [])),
    flag: (option) => values.get(option) === true,
    number: (option) => {
      const value = values.get(option);
      return typeof value === "string" ? Number(value) : undefined;
    },
  };
  return { kind: "ok", input };
}

function isNumber(text: string, { min = -Infinity, max = Infinity, above = -Infinity }: OptionSpec): boolean {
  const value = Number(text);
  return text.trim() !== "" && Number.isFinite(value) && value >= min && value <= max && value > above;
}

/** ` above 0 and at most 1`. */
function range({ min, max, above }: OptionSpec): string {
  const parts = [
    ...(above === undefined ? [] : [`above ${above}`]),
    ...(min === undefined ? [] : [`of at least ${min}`]),
    ...(max === undefined ? [] : [`at most ${max}`]),
  ];
  return parts.length === 0 ? "" : ` ${parts.join(" and ")}`;
}

function error(message: string): Parsed {
  return { kind: "error", message };
}

function splitOnce(text: string, at: string): readonly string[] {
  const i = text.indexOf(at);
  return i < 0 ? [text] : [text.slice(0, i), text.slice(i + at.length)];
}

function longName(command: Command, short: string): string | undefined {
  return Object.entries(command.options).find(([, spec]) => spec.short === short)?.[0];
}
