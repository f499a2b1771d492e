/** @file What holds for the repository as a whole: which way imports go, what the compiler may know, and how its files look. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { globSync } from "tinyglobby";
import { ts } from "ts-morph";
import { describe, expect, test } from "vitest";
import { printWgsl } from "../codegen/wgsl/print.ts";
import { compile } from "../src/plan/build-plan.ts";
import { elaborate } from "../src/semantics/model/elaborate.ts";
import { loadProgram } from "../src/semantics/load/program.ts";
import { stdlib } from "./support/elaborated.ts";

const root = new URL("../", import.meta.url).pathname;
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const compiler = globSync(["src/**/*.ts", "grammar/**/*.ts", "codegen/**/*.ts"], { cwd: root }).toSorted();
const programs = [...compiler, ...globSync(["tests/**/*.ts", "scripts/**/*.{ts,mjs}"], { cwd: root }).toSorted()];

/** What each file imports: paths from the root of the repository, names of packages. */
const imports: ReadonlyMap<string, readonly string[]> = new Map(
  compiler.map((path) => [
    path,
    ts
      .preProcessFile(read(path), true, true)
      .importedFiles.map(({ fileName }) => (fileName.startsWith(".") ? join(path, "..", fileName) : fileName)),
  ]),
);

/** Lower first: a file imports from its own layer and from those before it. */
const layers = [
  "util",
  "abi",
  "diagnostics",
  "ir",
  "grammar",
  "semantics",
  "grad",
  "cluster",
  "optimize",
  "kernel",
  "schedule",
  "plan",
  "data",
  "codegen",
  "cli",
];
/** `src/index.ts` is above them all. */
const layerOf = (path: string): string => /^(?:src\/)?([a-z]+)\//.exec(path)?.[1] ?? path;
/** The runtime shares with the compiler what both must agree on bit for bit, `abi`; curation, the printers of programs and the commands may use the runtime. */
function mayImport(path: string, imported: string): boolean {
  const [from, to] = [layerOf(path), layerOf(imported)];
  if (from === to || from === "src") return true;
  if (from === "runtime") return to === "abi";
  if (to === "runtime") return from === "cli" || from === "codegen" || from === "data";
  return layers.indexOf(to) >= 0 && layers.indexOf(to) < layers.indexOf(from);
}

describe("imports", () => {
  test("go downwards, from layer to layer", () => {
    expect(compiler.map(layerOf).filter((layer) => ![...layers, "runtime", "src"].includes(layer))).toEqual([]);
    const upward = [...imports].flatMap(([path, all]) =>
      all.filter((i) => i.endsWith(".ts") && !mayImport(path, i)).map((i) => `${path} imports ${i}`),
    );
    expect(upward).toEqual([]);
  });

  test("form no circle between folders", () => {
    const folders = new Map<string, Set<string>>();
    for (const [path, all] of imports)
      for (const imported of all.filter((i) => i.endsWith(".ts") && dirname(i) !== dirname(path)))
        folders.set(dirname(path), (folders.get(dirname(path)) ?? new Set()).add(dirname(imported)));
    const above = new Set<string>();
    const done = new Set<string>();
    const circles: string[] = [];
    const visit = (folder: string): void => {
      if (above.has(folder)) circles.push([...above].slice([...above].indexOf(folder)).join(" → "));
      if (above.has(folder) || done.has(folder)) return;
      above.add(folder);
      for (const next of folders.get(folder) ?? []) visit(next);
      above.delete(folder);
      done.add(folder);
    };
    for (const folder of folders.keys()) visit(folder);
    expect(circles).toEqual([]);
  });

  test("of Node are in the command line, in curation, in the writer of projects and in the part of the runtime that is for Node", () => {
    const forNode =
      /^(src\/cli\/|codegen\/project\.ts|codegen\/typescript\/print-program\.ts|src\/runtime\/node\/|src\/runtime\/cpu\/|src\/data\/(curate|read|text|write|steps|export)\/|src\/runtime\/files\/|src\/runtime\/(webgpu\/)?(software-adapter|cache-folder|cached-folder|own-folder)\.ts)/;
    expect(
      [...imports]
        .filter(([path, all]) => !forNode.test(path) && all.some((i) => i.startsWith("node:")))
        .map(([path]) => path),
    ).toEqual([]);
  });

  test("of packages are where the package is needed", () => {
    const homes: Readonly<Record<string, RegExp>> = {
      "@huggingface/jinja": /^src\/cli\/generation\//,
      "fasttext.wasm.js": /^src\/data\/classify\//,
      chevrotain: /^grammar\//,
      fzstd: /^src\/data\/read\//,
      "html-to-text": /^src\/data\/read\//,
      hyparquet: /^src\/data\/(read|write)\//,
      "hyparquet-compressors": /^src\/data\/read\//,
      "hyparquet-writer": /^src\/data\/write\//,
      koffi: /^src\/runtime\//,
      picocolors: /^src\/(cli|diagnostics)\//,
      prettier: /^(grammar\/print|codegen\/typescript\/)/,
      tinyglobby: /^src\/(cli|runtime\/node)\//,
      "ts-morph": /^codegen\/typescript\//,
      warcio: /^src\/data\/read\//,
      "xxhash-wasm": /^src\/data\/read\//,
      webgpu: /^src\/runtime\/node\//,
    };
    const strayed = [...imports].flatMap(([path, all]) =>
      all
        .filter(
          (i) =>
            !i.endsWith(".ts") &&
            !i.startsWith("node:") &&
            homes[/^(@[^/]+\/)?[^/]+/.exec(i)?.[0] ?? ""]?.test(path) !== true,
        )
        .map((i) => `${path} imports ${i}`),
    );
    expect(strayed).toEqual([]);
  });

  test("of generated programs are of `llmc-lang/runtime` alone", () => {
    const printer = read("codegen/typescript/print-program.ts");
    expect(
      [...printer.matchAll(/(?:moduleSpecifier: |import\(\$\{JSON\.stringify\()("[^"]*"|\w+)/g)].map((m) => m[1]),
    ).toEqual(["runtimeModule", "runtimeModule"]);
  });
});

const declared = [
  ...new Set(
    stdlib.flatMap(({ text }) => [...text.matchAll(/^(?:op|block|model|train) (\w+)/gm)].map((m) => m[1] ?? "")),
  ),
];

describe("the standard library is a library: the compiler knows none of its names", () => {
  /** Names of the library that are words of English or of the trade besides; what the compiler means by them is its own. */
  const words = [
    "attention",
    "constant",
    "cosine",
    "decoder",
    "defaults",
    "dropout",
    "encoder",
    "exponential",
    "full",
    "layer",
    "learned",
    "linear",
    "none",
    "normal",
    "ones",
    "prefix",
    "softmax",
    "table",
    "window",
    "zeros",
  ];
  /** Examples in texts for people. */
  const examples = [
    ["grammar/schema/train.ts", "adamw"],
    ["src/semantics/model/claims.ts", "causal"],
  ] as const;

  test("no source says one", () => {
    const own = new Set(declared.filter((name) => !words.includes(name)));
    const said = compiler.flatMap((path) => {
      const found = new Set(wordsOfCode(path).filter((word) => own.has(word)));
      return [...found].map((name) => [path, name] as const);
    });
    expect(said).toEqual(examples);
  });

  test("every word with a meaning of its own is a name of the library", () => {
    expect(words.filter((word) => !declared.includes(word))).toEqual([]);
  });

  test("a library with other names gives the same plan and the same kernels", { timeout: 120_000 }, () => {
    const model = `
model M {
  dims { T = 16  L = 2  D = 16  H = 4  G = 2  F = 24  V = 40 }
  embed:  table(std: 0.03)
  layers: L * layer(norm: rmsnorm, mix: attention(rotate: rope, mask: window(size: 5), drop: dropout), ffn: swiglu, drop: dropout)
  head:   tied(norm: layernorm)
}
train M {
  budget: 50 steps  batch: 2 sequences  clip: 1
  optimizer: adamw(lr: 1e-3)
  schedule: [linear(0 -> 1, over: 10%), cosine]
  group vectors { decay: 0 }
}`;
    const suffix = "_renamed";
    const renamed = (text: string): string =>
      text.replace(new RegExp(`\\b(${declared.join("|")})\\b`, "g"), `$1${suffix}`);
    const [plain, other] = [
      compiledText(model, stdlib),
      compiledText(
        renamed(model),
        stdlib.map(({ name, text }) => ({ name, text: renamed(text) })),
      ),
    ];
    const lines = other.replaceAll(suffix, "").split("\n");
    expect(plain).toContain("@compute");
    expect(
      plain
        .split("\n")
        .map((line, i) => [line, lines[i]])
        .filter(([a, b]) => a !== b),
    ).toEqual([]);
  });
});

/** Identifiers in parts (`isMish`: `is`, `mish`) and whole, and the words of strings; not comments. */
function wordsOfCode(path: string): readonly string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) || ts.isPrivateIdentifier(node))
      found.push(node.text, ...node.text.split(/(?=[A-Z])|_/).map((part) => part.toLowerCase()));
    else if (ts.isLiteralExpression(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node))
      found.push(...(node.text.match(/\w+/g) ?? []));
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, read(path), ts.ScriptTarget.Latest));
  return found;
}

/** The plan and the kernels of the model `M`, but for what is made from the names themselves: hashes, the stream numbers of random values, and comments that are cut off where they get long. */
function compiledText(text: string, library: typeof stdlib): string {
  const { model, optimizer, schedule, diagnostics } = elaborate(
    loadProgram("m.llm", { readFile: () => text, stdlib: library }),
    "M",
  );
  if (!model || !optimizer || !schedule) throw new Error(diagnostics.map((d) => d.message).join("\n"));
  const { plan, kernels } = compile(model, optimizer, schedule, { clip: 1 });
  const { hash: _, ...rest } = plan;
  return [JSON.stringify(rest, undefined, 1), ...[...kernels.values()].map(printWgsl)]
    .join("\n")
    .replace(/(random_bits\(\w+, \w+, )\d+u/g, "$1stream")
    .replace(/^\/\/.*…$/gm, "// …");
}

describe("files", () => {
  test("are short enough to read", () => {
    const long = programs
      .filter((path) => !path.endsWith(".gen.ts"))
      .map((path) => [path, read(path).split("\n").length - 1] as const)
      .filter(([, lines]) => lines > 480);
    expect(long).toEqual([]);
  });

  test("lie at most fifteen to a folder", () => {
    const count = new Map<string, number>();
    for (const path of compiler.filter((one) => !one.endsWith(".gen.ts")))
      count.set(dirname(path), (count.get(dirname(path)) ?? 0) + 1);
    expect([...count].filter(([, files]) => files > 15)).toEqual([]);
  });

  test("begin with what they are for", () => {
    expect(
      compiler.filter((path) => !path.endsWith(".gen.ts") && !/^(#!.*\n)?\/\*\*\s+(\*\s+)?@file /.test(read(path))),
    ).toEqual([]);
  });

  test("leave nothing for later, and know no machine", () => {
    const texts = [
      ...programs,
      ...globSync(["stdlib/**", "models/**", "docs/**", "*.{md,json,ts}", ".ci/*"], {
        cwd: root,
        dot: true,
        ignore: ["package-lock.json"],
      }),
    ];
    const wrong = texts.filter((path) =>
      /\b(?:TO|FIX|XX)(?:DO|ME|X)\b|(?<![\w.])\/(?:home|root|Users|work|tmp)\//.test(read(path)),
    );
    expect(wrong).toEqual([]);
  });
});
