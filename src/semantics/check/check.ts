/** @file Everything that can be said about a file before it runs: all independent mistakes at once, in the order of the text. */
import type { Declaration, Section, Variant } from "../../../grammar/syntax/ast.ts";
import { checkFileFields } from "../../../grammar/check-fields.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import type { Span } from "../../diagnostics/source.ts";
import { checkCompare } from "./compare.ts";
import { elaborate, type Elaboration } from "../model/elaborate.ts";
import { checkGeneric } from "./generic.ts";
import { checkNames } from "./names.ts";
import { planModel } from "../model/plan-of-model.ts";
import { loadProgram, type Host, type Program } from "../load/program.ts";
import { declarationAt } from "../load/scope.ts";
import { checkReferences, isListOfTests } from "./references.ts";
import type { Vocabulary } from "../values/session.ts";

export interface CheckResult {
  readonly program: Program;
  readonly diagnostics: readonly Diagnostic[];
  /** Models and variants of the file, briefly elaborated, in its order. */
  readonly models: readonly CheckedModel[];
}

export interface CheckedModel {
  readonly declaration: Section | Variant;
  readonly elaboration: Elaboration;
}

/** Parses, links and checks a file: syntax, fields, names, every op and block, every model and variant, every comparison. */
export function checkFile(path: string, host: Host, vocabulary?: Vocabulary): CheckResult {
  const program = loadProgram(path, host);
  const models: CheckedModel[] = [];
  const diagnostics = checkProgram(program, models, vocabulary);
  return { program, diagnostics, models };
}

/** The same for a program that was loaded before; its models are put into `models`. */
function checkProgram(program: Program, models: CheckedModel[], vocabulary?: Vocabulary): readonly Diagnostic[] {
  const found: Diagnostic[] = [...program.diagnostics];
  for (const scope of program.scopes) {
    found.push(...checkFileFields(scope.file));
    checkNames(scope, (d) => found.push(d));
    for (const d of scope.file.declarations) if (d.kind === "section") found.push(...checkReferences(d, scope));
  }
  const counts = new Map<string, number>();
  for (const d of modelsOf(program)) {
    if (isBroken(d, program)) continue;
    const elaboration = elaborate(program, d.name, { brief: true, ...(vocabulary && { vocabulary }) });
    const { diagnostics, parameterCount } = elaboration;
    models.push({ declaration: d, elaboration });
    found.push(...diagnostics);
    if (parameterCount !== undefined) counts.set(d.name.text, parameterCount);
  }
  // Where names clash, what they stand for is anyone's guess.
  const clashes = found
    .filter((d) => d.code === "names/duplicate" || d.code === "names/hides-index" || d.code === "names/recursion")
    .map((d) => d.primary.span);
  const unclear = new Set(
    program.scopes.flatMap(({ file }) =>
      clashes.flatMap((span) => (span.file === file.span.file ? (declarationAt(file, span) ?? []) : [])),
    ),
  );
  for (const scope of program.scopes) {
    for (const d of scope.file.declarations) {
      if (d.kind !== "op" && d.kind !== "block") continue;
      if (!unclear.has(d)) found.push(...checkGeneric(d, scope));
    }
  }
  for (const d of program.entry.file.declarations) {
    if (d.kind !== "section") continue;
    if (d.keyword === "compare") found.push(...checkCompare(d, program, counts));
    if (d.keyword === "train" || (d.keyword === "eval" && !isListOfTests(d)))
      found.push(...planModel(d.name, program.entry).diagnostics.filter((x) => x.code === "model/unknown"));
  }
  return inOrder(
    found.filter(
      (d) => /^(?:names|syntax)\//.test(d.code) || ![d.primary, ...d.related].some(({ span }) => isIn(span, unclear)),
    ),
    program,
  );
}

function isIn(span: Span, declarations: ReadonlySet<Declaration>): boolean {
  return [...declarations].some(
    (d) => d.span.file === span.file && d.span.start <= span.start && span.end <= d.span.end,
  );
}

/** Whether a model, or one that it varies, has a syntax error: of the rest of it nothing is certain. */
function isBroken({ name }: Section | Variant, program: Program): boolean {
  const plan = planModel(name, program.entry);
  return (
    "lineage" in plan &&
    (plan.section.broken || plan.lineage.some((text) => program.entry.lookup(text)?.declaration.broken === true))
  );
}

/** The models and variants that the entry file declares. */
export function modelsOf(program: Program): readonly (Section | Variant)[] {
  return program.entry.file.declarations.filter(
    (d): d is Section | Variant => d.kind === "variant" || (d.kind === "section" && d.keyword === "model"),
  );
}

/** Whether a declaration has a syntax error and this is something else about it: only a part of it is known. */
function isConsequence({ code, primary: { span } }: Diagnostic, program: Program): boolean {
  if (code.startsWith("syntax/")) return false;
  const file = program.scopes.find((scope) => scope.file.span.file === span.file)?.file;
  return file !== undefined && declarationAt(file, span)?.broken === true;
}

/** Once each, by file and place; errors of the library itself come last. */
function inOrder(found: readonly Diagnostic[], program: Program): readonly Diagnostic[] {
  const seen = new Map<string, Diagnostic>();
  const undeclared = found.filter((d) => d.code === "shape/undeclared-dim").map((d) => d.primary.span);
  for (const d of found) {
    const { span } = d.primary;
    // Where a declaration has an axis that is none, reads of it do not fit either.
    const follows =
      d.code.startsWith("shape/") &&
      d.related.some(({ span: at }) =>
        undeclared.some((s) => s.file === at.file && at.start <= s.start && s.end <= at.end),
      );
    if (follows || isConsequence(d, program)) continue;
    const key = `${d.code} ${span.file.path} ${span.start} ${span.end}`;
    if (!seen.has(key)) seen.set(key, d);
  }
  const paths = program.scopes.map((s) => s.file.span.file.path);
  const rank = (d: Diagnostic): number => {
    const at = paths.indexOf(d.primary.span.file.path);
    return at < 0 ? paths.length : at;
  };
  return [...seen.values()].toSorted((a, b) => rank(a) - rank(b) || a.primary.span.start - b.primary.span.start);
}
