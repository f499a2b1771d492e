/** @file The pages of the documentation as tests see them: their code, the commands they mention, and the output they show, made anew. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createColors } from "picocolors";
import { globSync } from "tinyglobby";
import { parseArguments } from "../../src/cli/frame/arguments.ts";
import { commands } from "../../src/cli/commands.ts";

export const root = new URL("../../", import.meta.url).pathname;

export interface Page {
  readonly path: string;
  readonly text: string;
}

/** Every page that people write; the generated ones have a test of their own. */
export const pages: readonly Page[] = ["README.md", ...globSync("docs/**/*.md", { cwd: root }).toSorted()]
  .filter((path) => !/^docs\/(fields|diagnostics|library)\.md$/.test(path))
  .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));

export function pageAt(path: string): Page {
  const page = pages.find((p) => p.path === path);
  if (page === undefined) throw new Error(`there is no ${path}`);
  return page;
}

/** The text of each block of code in a language. */
export function codeBlocks({ text }: Page, language: string): readonly string[] {
  return [...text.matchAll(/^```([^\n]*)\n([\s\S]*?)^```$/gm)].filter((m) => m[1] === language).map((m) => m[2] ?? "");
}

/** The block of code that stands right after a comment. */
export function blockAfter({ path, text }: Page, comment: string): string {
  const block = text.split(`${comment}\n`)[1]?.match(/^```[^\n]*\n([\s\S]*?)^```$/m);
  if (block?.index !== 0) throw new Error(`${path}: no block of code after ${comment}`);
  return block[1] ?? "";
}

/** The files that a page has its reader write or copy: `<!-- file alice.llm -->`. */
function writtenFiles({ text }: Page): readonly string[] {
  return [...text.matchAll(/^<!-- file (\S+) -->$/gm)].map((m) => m[1] ?? "");
}

/** The text without code. */
export function prose({ text }: Page): string {
  return text.replace(/^```[^\n]*\n[\s\S]*?^```$/gm, "").replace(/`[^`\n]+`/g, "");
}

/** Every `llmc …` of a page: between backticks, or in a block of shell commands or of their output. */
export function commandLines(page: Page): readonly string[] {
  const inline = [...page.text.matchAll(/`(?:npx )?(llmc [^`\n]+)`/g)];
  const shell = [...codeBlocks(page, "sh"), ...codeBlocks(page, "text")].join("");
  const lines = [...shell.matchAll(/^(?:\$ |next: )?(?:.*&& )?(?:npx )?(llmc [^#\n]*)/gm)];
  return [...inline, ...lines].map((m) => m[1] ?? "");
}

/** What is wrong with a command line of a page, if anything: an unknown command, option or file. `…` and words in capitals stand for anything. */
export function problemOf(page: Page, line: string): string | undefined {
  const [, name = "", ...words] = line.trim().split(/\s+/);
  if (/^[A-Z]|^…$|^--/.test(name)) return undefined;
  const command = commands.find((c) => c.name === name);
  if (!command) return `there is no command ${name}`;
  for (const word of words.filter((w) => w.startsWith("-"))) {
    const option = word.replace(/=.*/, "");
    const known =
      option === "--help" ||
      Object.entries(command.options).some(
        ([long, { short }]) => option === `--${long}` || option === `-${short ?? ""}`,
      );
    if (!known) return `llmc ${name} has no option ${option}`;
  }
  const absent = words.find(
    (w) =>
      w.endsWith(".llm") &&
      !/^[A-Z]+\./.test(w) &&
      !writtenFiles(page).includes(w) &&
      globSync(w, { cwd: root }).length === 0,
  );
  return absent === undefined ? undefined : `there is no file ${absent}`;
}

/**
 * A block of code after the comment `<!-- output of \`llmc explain FILE\`, "first line" to "line after the last" -->` shows what that command prints, or
 * those of its lines: from the first line that begins with the one text to before the next that begins with the other. What is left out of a transcript (a block
 * of `text`) is marked `…`.
 * `cat FILE` shows a file of the repository, or one that `llmc build docs/examples/carried.llm` writes to `out/Carried`.
 */
export async function withCurrentOutput({ text }: Page): Promise<string> {
  let current = "";
  let done = 0;
  for (const match of text.matchAll(/<!-- output of `([^`]+)`(.*?) -->\n```([^\n]*)\n([\s\S]*?)^```$/gm)) {
    const [whole, command = "", ranges = "", language = ""] = match;
    const transcript = language === "text";
    const shown = select(await outputOf(command), ranges, transcript);
    const prompt = transcript ? `$ ${command.replace(/^llmc/, "npx llmc")}\n` : "";
    current += `${text.slice(done, match.index)}<!-- output of \`${command}\`${ranges} -->\n\`\`\`${language}\n${prompt}${shown}\n\`\`\``;
    done = match.index + whole.length;
  }
  return current + text.slice(done);
}

function select(output: string, ranges: string, marked: boolean): string {
  const lines = output
    .trimEnd()
    .split("\n")
    .map((line) => line.trimEnd());
  const wanted = [...ranges.matchAll(/"([^"]+)"(?: to "([^"]+)")?/g)];
  if (wanted.length === 0) return lines.join("\n");
  const shown: string[] = [];
  let next = 0;
  for (const [, from = "", to] of wanted) {
    const first = lines.findIndex((line, i) => i >= next && begins(line, from));
    if (first < 0) throw new Error(`no line begins with "${from}"`);
    const after = to === undefined ? first + 1 : lines.findIndex((line, i) => i > first && begins(line, to));
    if (after < 0) throw new Error(`no line begins with "${to ?? ""}" after "${from}"`);
    if (marked && first > next) shown.push("…");
    shown.push(...lines.slice(first, after));
    next = after;
  }
  if (marked && next < lines.length) shown.push("…");
  return shown.join("\n").replace(/\n+…/g, "\n…");
}

/** Whether a line begins so, after its indentation and its number in a list. */
function begins(line: string, text: string): boolean {
  return line.replace(/^\s*(\d+\. )?\s*/, "").startsWith(text);
}

const outputs = new Map<string, Promise<string>>();

function outputOf(command: string): Promise<string> {
  const known = outputs.get(command) ?? run(command);
  outputs.set(command, known);
  return known;
}

async function run(command: string): Promise<string> {
  const [program, ...words] = command.split(" ");
  if (program === "cat") {
    const file = words[0] ?? "";
    return file.startsWith("out/Carried/")
      ? ((await builtFiles()).get(file) ?? `there is no ${file}`)
      : readFileSync(join(root, file), "utf8");
  }
  return llmc(words);
}

async function llmc([name, ...words]: readonly string[]): Promise<string> {
  const command = commands.find((c) => c.name === name);
  if (!command) throw new Error(`there is no command ${name ?? ""}`);
  const parsed = parseArguments(command, words);
  if (parsed.kind !== "ok") throw new Error(parsed.kind === "error" ? parsed.message : "help");
  let printed = "";
  const print = (text: string | Uint8Array): void =>
    void (printed += typeof text === "string" ? text : Buffer.from(text).toString());
  await command.run(parsed.input, {
    out: print,
    err: print,
    input: async () => new Uint8Array(),
    cwd: root,
    lines: async function* () {},
    piped: false,
    interactive: false,
    columns: undefined,
    colors: createColors(false),
  });
  return printed;
}

let built: Promise<ReadonlyMap<string, string>> | undefined;

function builtFiles(): Promise<ReadonlyMap<string, string>> {
  built ??= build();
  return built;
}

async function build(): Promise<ReadonlyMap<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), "llmc-docs-"));
  try {
    await llmc(["build", "docs/examples/carried.llm", "--out", folder]);
    return new Map(
      globSync("**/*.{ts,json,wgsl}", { cwd: folder }).map((file) => [
        `out/Carried/${file}`,
        readFileSync(join(folder, file), "utf8"),
      ]),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}
