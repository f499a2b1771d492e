/** @file A model with its variants applied, before anything is computed: its architecture, its dims, its fields, and patches by path. */
import type { Expression, Field, Name, Section, Variant } from "../../../grammar/syntax/ast.ts";
import { report } from "../../diagnostics/codes.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import type { Span } from "../../diagnostics/source.ts";
import { nearest } from "../../diagnostics/nearest-name.ts";
import type { FoundDeclaration, Scope } from "../load/scope.ts";
import { suggest } from "../../util/suggest.ts";

export interface ScopedValue {
  readonly value: Expression;
  readonly scope: Scope;
  /** Of the whole `D = 192`. */
  readonly span: Span;
}

/** `layers.mix.rotate: none`, to be applied to the value of the field `layers`. */
export interface Patch {
  readonly path: readonly Name[];
  readonly entry: ScopedValue;
}

export interface ModelPlan {
  readonly name: string;
  /** The variant, what it varies, … and the model last. */
  readonly lineage: readonly string[];
  /** The model's own declaration. */
  readonly section: Section;
  readonly scope: Scope;
  readonly base?: Expression;
  readonly dims: ReadonlyMap<string, ScopedValue>;
  readonly fields: ReadonlyMap<string, ScopedValue>;
  readonly patches: readonly Patch[];
  readonly data?: ScopedValue;
  /** Fields of `train` that variants change, without the leading `train`. */
  readonly train: readonly { readonly field: Field; readonly scope: Scope }[];
  readonly diagnostics: readonly Diagnostic[];
}

interface MutablePlan {
  readonly dims: Map<string, ScopedValue>;
  readonly fields: Map<string, ScopedValue>;
  readonly patches: Patch[];
  readonly train: { readonly field: Field; readonly scope: Scope }[];
  data?: ScopedValue;
  readonly problem: (diagnostic: Diagnostic) => void;
}

/** Follows a name to a model, through variants. Reports a name that is none, and variants of themselves. */
export function planModel(name: Name, scope: Scope): ModelPlan | { readonly diagnostics: readonly Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const chain: { readonly variant: Variant; readonly scope: Scope }[] = [];
  let wanted = name;
  let from = scope;
  for (;;) {
    const found = from.lookup(wanted.text);
    if (!found || !isModel(found)) {
      const models = from.names().filter((n) => isModel(from.lookup(n)));
      diagnostics.push(
        report(
          "model/unknown",
          { name: wanted.text },
          { primary: { span: wanted.span, text: "" }, ...nearest(wanted.text, models, wanted.span) },
        ),
      );
      return { diagnostics };
    }
    const { declaration } = found;
    if (declaration.kind === "variant") {
      if (chain.some((link) => link.variant === declaration)) {
        diagnostics.push(
          report(
            "variant/cycle",
            { name: declaration.name.text },
            { primary: { span: declaration.name.span, text: "" } },
          ),
        );
        return { diagnostics };
      }
      chain.unshift({ variant: declaration, scope: found.scope });
      wanted = declaration.of;
      from = found.scope;
      continue;
    }
    if (declaration.kind !== "section") return { diagnostics };
    const draft: MutablePlan = {
      dims: new Map(),
      fields: new Map(),
      patches: [],
      train: [],
      problem: (d) => diagnostics.push(d),
    };
    for (const field of declaration.body.fields) addField(field, found.scope, draft, false);
    for (const link of chain) for (const field of link.variant.body.fields) addField(field, link.scope, draft, true);
    const { dims, fields, patches, data, train } = draft;
    const lineage = [...chain.map((link) => link.variant.name.text).toReversed(), declaration.name.text];
    return {
      name: name.text,
      lineage,
      section: declaration,
      scope: found.scope,
      ...(declaration.base && { base: declaration.base }),
      dims,
      fields,
      patches,
      ...(data && { data }),
      train,
      diagnostics,
    };
  }
}

function isModel(found: FoundDeclaration | undefined): boolean {
  const declaration = found?.declaration;
  return declaration?.kind === "variant" || (declaration?.kind === "section" && declaration.keyword === "model");
}

function addField(field: Field, scope: Scope, draft: MutablePlan, patching: boolean): void {
  const [head, ...rest] = field.path;
  if (!head) return;
  if (head.text === "dims") addDims(field, rest, scope, draft, patching);
  else if (head.text === "train" && patching) {
    const inner =
      rest.length > 0 ? [{ ...field, path: rest }] : field.content.kind === "group" ? field.content.body.fields : [];
    draft.train.push(...inner.map((f) => ({ field: f, scope })));
  } else if (field.content.kind === "group" && !patching && suggest(head.text, ["dims"]) !== undefined) {
    draft.problem(
      report(
        "field/unknown",
        { owner: "model", what: "field", field: head.text },
        {
          primary: { span: head.span, text: "" },
          fixes: [{ title: "write `dims`", edits: [{ span: head.span, text: "dims" }] }],
        },
      ),
    );
    addDims(field, rest, scope, draft, patching);
  } else if (field.content.kind === "group") {
    for (const inner of field.content.body.fields)
      addField({ ...inner, path: [...field.path, ...inner.path] }, scope, draft, patching);
  } else {
    const entry: ScopedValue = { value: field.content.value, scope, span: field.span };
    if (head.text === "data" && rest.length === 0) draft.data = entry;
    else if (rest.length > 0) draft.patches.push({ path: field.path, entry });
    else {
      draft.fields.set(head.text, entry);
      // A field that is replaced as a whole forgets what was changed inside it.
      const kept = draft.patches.filter((p) => p.path[0]?.text !== head.text);
      draft.patches.splice(0, draft.patches.length, ...kept);
    }
  }
}

/** Every dim that an op or block in reach declares in brackets: a variant may set one that the model leaves to its default. */
function dimsInScope(scope: Scope): ReadonlySet<string> {
  return new Set(
    scope.names().flatMap((name) => {
      const declaration = scope.lookup(name)?.declaration;
      return declaration?.kind === "op" || declaration?.kind === "block"
        ? declaration.dims.map((d) => d.name.text)
        : [];
    }),
  );
}

function addDims(field: Field, rest: readonly Name[], scope: Scope, draft: MutablePlan, patching: boolean): void {
  if (field.content.kind === "group") {
    for (const inner of field.content.body.fields) addDims(inner, inner.path, scope, draft, patching);
    return;
  }
  const [name] = rest;
  if (patching && name && !draft.dims.has(name.text) && !dimsInScope(scope).has(name.text)) {
    const known = [...draft.dims.keys()];
    const near = nearest(name.text, known, name.span);
    draft.problem(
      report(
        "variant/unknown-path",
        { path: `dims.${name.text}`, at: name.text, of: "the model or what it is made of" },
        {
          primary: { span: name.span, text: "" },
          ...(near.fixes || near.help ? near : { help: `the dims are ${known.join(", ")}` }),
        },
      ),
    );
    return;
  }
  if (name && rest.length === 1) draft.dims.set(name.text, { value: field.content.value, scope, span: field.span });
}
