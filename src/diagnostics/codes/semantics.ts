/** @file What checking the meaning reports: names, shapes, calls, models. */
import { error, warning } from "./entry.ts";

interface OfName {
  readonly name: string;
}
interface OfCallee {
  readonly callee: string;
}
interface OfParameter extends OfCallee {
  readonly parameter: string;
}

export const semanticsCodes = {
  "names/unknown": error(
    ({ name, where }: OfName & { readonly where: string }) => `\`${name}\` is not known ${where}`,
    "A name is looked up among the indices of the equation, the parameters and equations of the op or block, the dims, the declarations of the file, its imports, and the standard library.",
  ),
  "names/duplicate": error(
    ({ name }: OfName) => `\`${name}\` is declared twice`,
    "Every name of a file, and every name inside an op or block, is declared once.",
  ),
  "names/repeated-equation": error(
    ({ name }: OfName) => `\`${name}\` is computed twice`,
    "An equation gives a name its value once. Several equations for one name must be pieces of it that differ in one index: `y[t, p] = …` and `y[t, p + P] = …`.",
  ),
  "names/reserved": error(
    ({ name }: OfName) => `\`${name}\` is a word of the language`,
    "Reductions, intrinsics and constants of the language cannot be declared again.",
  ),
  "names/hides-index": error(
    ({ name, index }: OfName & { readonly index: string }) =>
      `\`${name}\` is used both as a tensor and as the index \`${index}\``,
    "A lower-case name ranges over the dim of that name. A parameter or equation of the same name hides it, so the two cannot be used in one body.",
  ),
  "names/no-member": error(
    ({ name, of }: OfName & { readonly of: string }) => `${of} has no \`${name}\``,
    "A dot picks an item of a tuple, an end of a ramp, the vocabulary of a data declaration, or a parameter of a block.",
  ),
  "names/no-parameter": error(
    ({ name }: OfName) => `there is no parameter \`${name}\``,
    "A parameter of another block is named by its path in the model: the field, the blocks on the way (they may be left out), and the name after `learn`.",
  ),
  "names/ambiguous-parameter": error(
    ({ name, found }: OfName & { readonly found: string }) => `\`${name}\` may mean ${found}`,
    "The path fits several parameters; write out more of it.",
  ),
  "names/recursion": error(
    ({ name }: OfName) => `\`${name}\` calls itself`,
    "There is no recursion: a model is a finite composition. `L * layer(…)` repeats a block.",
  ),
  "names/import-cycle": error(
    ({ cycle }: { readonly cycle: string }) => `these files import each other: ${cycle}`,
    "Imports must not form a circle. Move what both files need into a third one.",
  ),
  "names/missing-file": error(
    ({ path }: { readonly path: string }) => `there is no file \`${path}\``,
    "The path of an import is relative to the file that imports.",
  ),
  "names/not-exported": error(
    ({ name, from }: OfName & { readonly from: string }) => `${from} declares no \`${name}\``,
    "An import names declarations of another file or of the standard library.",
  ),
  "names/unused-import": warning(
    ({ name }: OfName) => `\`${name}\` is imported and not used`,
    "An import that nothing refers to can go. The names of the standard library need no import.",
  ),
  "names/unused": warning(
    ({ name, what }: OfName & { readonly what: string }) => `${what} \`${name}\` is not used`,
    "Nothing of the result depends on it. A parameter that is learned but never read costs memory and gets no gradient; an equation nobody reads is usually a misspelt name elsewhere.",
  ),
  "names/no-result": error(
    ({ name, callee }: OfName & OfCallee) => `\`${callee}\` never computes its result \`${name}\``,
    "Every result in the signature needs an equation in the body.",
  ),

  "shape/axis-mismatch": error(
    (p: {
      readonly text: string;
      readonly position: number;
      readonly axis: string;
      readonly index: string;
      readonly range: string;
      readonly swapped?: readonly [string, string];
      readonly reordered?: string;
    }) =>
      p.swapped
        ? `\`${p.swapped[0]}\` and \`${p.swapped[1]}\` are swapped in \`${p.text}\``
        : p.reordered
          ? `the indices of \`${p.text}\` stand in another order than its axes`
          : `axis ${p.position} of \`${p.text}\` is ${p.axis}, but \`${p.index}\` ranges over ${p.range}`,
    "An index ranges over the dim of its name and may stand only where the tensor has an axis of that size. Sizes are compared as polynomials of the dims, never by their values: two dims that happen to be equal are still different.",
  ),
  "shape/rank": error(
    ({ name, axes, rank, given }: OfName & { readonly axes: string; readonly rank: number; readonly given: number }) =>
      rank === 0
        ? `\`${name}\` is a single number and has no indices`
        : `\`${name}\` has ${rank} ${rank === 1 ? "axis" : "axes"} (${axes}), but is read with ${given} ${given === 1 ? "index" : "indices"}`,
    "A read names one index for each axis, in the order of the axes.",
  ),
  "shape/align": error(
    ({ axis, left, right }: { readonly axis: string; readonly left: string; readonly right: string }) =>
      `the axes ${axis} differ: ${left} against ${right}`,
    "Tensors without indices are combined axis by axis, by name; axes of one name must have one size.",
  ),
  "shape/unbound-index": error(
    ({ index, dim }: { readonly index: string; readonly dim: string }) =>
      `the index \`${index}\` (over ${dim}) is bound nowhere`,
    "An index is bound on the left of the equation or by a reduction around its use. A mistyped index is an error, never a silent sum.",
  ),
  "shape/unknown-index": error(
    ({ index, callee }: { readonly index: string } & OfCallee) =>
      `\`${index}\` is the index of no dim of \`${callee}\``,
    "An index is the lower-case name of a dim in the signature, in brackets or in `dims`; further indices over the same dim carry primes: `t'`.",
  ),
  "shape/idle-index": error(
    ({ index, reduction }: { readonly index: string; readonly reduction: string }) =>
      `\`${reduction}\` runs over \`${index}\`, but nothing inside depends on it`,
    "A reduction over an index that its body does not use is a mistyped index or a factor in disguise.",
  ),
  "shape/repeated-index": error(
    ({ index }: { readonly index: string }) => `the index \`${index}\` stands twice on the left`,
    "Each position on the left has an index of its own; primes name further indices over the same dim.",
  ),
  "shape/bad-left": error(
    ({ text }: { readonly text: string }) => `\`${text}\` cannot stand on the left`,
    "On the left stand indices (`t`), or an index with an offset or stride for a piece of an axis (`p + P`, `2 * p + 1`).",
  ),
  "shape/unindexed": error(
    ({ text, axes }: { readonly text: string; readonly axes: string }) => `\`${text}\` still has the axes ${axes} here`,
    "An equation with indices on the left computes one number at each of them. Read the tensor with indices, or leave the indices of the left side away to work on whole tensors.",
  ),
  "shape/out-of-range": error(
    (p: { readonly text: string; readonly index: string; readonly axis: string; readonly side: "start" | "end" }) =>
      `\`${p.text}\` may read ${p.side === "start" ? "before the start" : "past the end"} of ${p.axis}`,
    "A computed index must be known to stay inside its axis: from the ranges of the indices in it, from `clamp`, or from a condition of the `if` around it.",
  ),
  "shape/pieces": error(
    ({ name, reason }: OfName & { readonly reason: string }) => `the pieces of \`${name}\` do not tile it: ${reason}`,
    "Several equations for one name each give a part of one axis. Together they must cover it exactly once.",
  ),
  "shape/result": error(
    ({ name, wanted, found }: OfName & { readonly wanted: string; readonly found: string }) =>
      `the result \`${name}\` is declared as ${wanted}, but this is ${found}`,
    "The equation of a result must have the type in the signature.",
  ),
  "shape/constraint": error(
    ({ callee, needs, but }: OfCallee & { readonly needs: string; readonly but: string }) =>
      `\`${callee}\` needs ${needs}, but ${but}`,
    "The where-clause of an op or block says which sizes it works for.",
  ),
  "shape/argument": error(
    (
      p: OfParameter & {
        readonly dim: string;
        readonly wanted: string;
        readonly found: string;
        readonly from?: string;
      },
    ) =>
      `\`${p.parameter}\` of \`${p.callee}\` has ${p.found} where ${p.wanted} is needed${p.from ? ` (from \`${p.from}\`)` : ""}`,
    "A dim has one size in a call: the first argument that has it decides, the others must agree.",
  ),
  "shape/below": error(
    (p: OfParameter & { readonly wanted: string; readonly found: string }) =>
      `\`${p.parameter}\` of \`${p.callee}\` must be below ${p.wanted}, but its values go up to ${p.found}`,
    "`[T] of V` are whole numbers below V; a table with fewer rows than there are tokens would be read past its end.",
  ),
  "shape/not-whole": error(
    ({
      text,
      value,
      from,
    }: {
      readonly text: string;
      readonly value: number;
      readonly from?: readonly [number, number];
    }) =>
      `\`${text}\` is ${from ? `${from[0]} / ${from[1]} = ` : ""}${Number.isNaN(value) ? "not a number" : Number(value.toPrecision(6))}, and a size must be a positive whole number`,
    "Sizes of axes are positive whole numbers; a division must come out even.",
  ),
  "shape/too-large": error(
    ({ text, value, most }: { readonly text: string; readonly value: number; readonly most: number }) =>
      `\`${text}\` is ${value.toLocaleString("en")}, and a size is at most ${most.toLocaleString("en")}`,
    "Indices are whole numbers of 32 bits, so no axis is longer than 2^31 - 1.",
  ),
  "shape/missing-dim": error(
    ({ name, callee, kind, model }: OfName & OfCallee & { readonly kind: string; readonly model: string }) =>
      `the ${kind} \`${callee}\` needs the dim ${name}, and \`${model}\` has none`,
    "Dims in brackets and dims that only a result has are looked up by name in the model that instantiates the block.",
  ),
  "shape/undeclared-dim": error(
    ({ name, callee, kind }: OfName & OfCallee & { readonly kind: string }) =>
      `${name} is neither in the signature of the ${kind} \`${callee}\` nor in its brackets`,
    "An op or block declares every dim it speaks of, so that a reader sees what it depends on.",
  ),
  "shape/dim-cycle": error(
    ({ name }: OfName) => `the size of ${name} depends on itself`,
    "Dims may be computed from each other, but not in a circle.",
  ),

  "type/mismatch": error(
    ({ expected, found }: { readonly expected: string; readonly found: string }) =>
      `expected ${expected}, found ${found}`,
    "The value is of another sort than stands here.",
  ),
  "type/operator": error(
    ({ reason }: { readonly reason: string }) => reason,
    "The operator is not defined for these operands. Conditions, index values and numbers are different sorts; index values become numbers where numbers are computed.",
  ),
  "type/never": warning(
    ({
      text,
      op,
      value,
      below,
    }: {
      readonly text: string;
      readonly op: string;
      readonly value: number;
      readonly below: string;
    }) =>
      `\`${text}\` is ${op === "==" ? "never" : "always"} true: the values are from 0 to less than ${below}, and this is ${value}`,
    "Whole numbers such as tokens are declared with their bound, `[T] of V`. A comparison with a number outside of it decides nothing: usually the id of a special token that the tokenizer does not have.",
  ),
  "type/not-a-size": error(
    ({ text }: { readonly text: string }) => `\`${text}\` is not a size`,
    "Sizes are computed from numbers and dims.",
  ),
  "type/repetition": error(
    ({ count }: { readonly count: number }) => `a block cannot be repeated ${count} times`,
    "`L * layer(…)` repeats a block a positive whole number of times.",
  ),

  "type/too-many": error(
    ({ instances, most }: { readonly instances: number; readonly most: number }) =>
      `${instances.toLocaleString("en")} blocks in a row, and at most ${most.toLocaleString("en")} can be compiled`,
    "Each repetition of a block is an instance with parameters and kernels of its own. A model with more instances than this is a slip in a size, and would take days to compile.",
  ),

  "call/unknown-argument": error(
    ({ name, callee }: OfName & OfCallee) => `\`${callee}\` has no parameter \`${name}\``,
    "Arguments are given to parameters of the signature and to dims in brackets.",
  ),
  "call/repeated-argument": error(({ name }: OfName) => `\`${name}\` is given twice`, "An argument is given once."),
  "call/missing-argument": error(
    ({ callee, names }: OfCallee & { readonly names: string }) => `\`${callee}\` is not given ${names}`,
    "Parameters without a default must be given.",
  ),
  "call/arity": error(
    ({ callee, wanted, given }: OfCallee & { readonly wanted: number; readonly given: number }) =>
      `\`${callee}\` takes ${wanted} ${wanted === 1 ? "argument" : "arguments"} here, and ${given} ${given === 1 ? "is" : "are"} given`,
    "Positional arguments go to the parameters in order.",
  ),
  "call/no-index": error(
    ({ name }: OfName) => `\`${name}\` does not say over which index it runs`,
    "Reductions are explicit.",
  ),
  "call/no-arguments": error(
    ({ callee }: OfCallee) => `\`${callee}\` is a composition and takes no arguments of its own`,
    "Give the arguments to the ops and blocks it consists of.",
  ),
  "call/along": error(
    ({
      callee,
      axes,
      wanted,
      given,
    }: OfCallee & { readonly axes: string; readonly wanted: number; readonly given: number }) =>
      `\`${callee}\` works along ${wanted} ${wanted === 1 ? "axis" : "axes"} (${axes}), and ${given} ${given === 1 ? "index is" : "indices are"} given`,
    "`f[i, j](…)` binds the axes of the first tensor parameter to the indices, in order.",
  ),
  "call/missing-axis": error(
    (p: OfParameter & { readonly axis: string; readonly found: string }) =>
      `\`${p.parameter}\` of \`${p.callee}\` needs the axis ${p.axis}, but this is ${p.found}`,
    "The axes of a parameter are bound by name, and what is left over in order when there is exactly as much. Otherwise `f[i](…)` says which index it works along.",
  ),
  "call/wrong-argument": error(
    (p: OfParameter & { readonly expected: string; readonly found: string }) =>
      `\`${p.parameter}\` of \`${p.callee}\` is ${p.expected}, not ${p.found}`,
    "The argument is of another sort than the parameter.",
  ),

  "learn/in-op": error(
    ({ name, op }: OfName & { readonly op: string }) => `the op \`${op}\` cannot learn \`${name}\``,
    "An op is a pure function. What learns is a block.",
  ),
  "learn/no-init": error(
    ({ name }: OfName) => `\`${name}\` does not say what it starts from`,
    "A parameter names its initialiser: `learn w: [D, E] = normal(std: 0.02)`.",
  ),
  "learn/bad-init": error(
    ({ name, found }: OfName & { readonly found: string }) =>
      `the initialiser of \`${name}\` must be a number at each element, not ${found}`,
    "An initialiser is computed once, element by element, from the element's indices and random numbers.",
  ),
  "state/outside-optimizer": error(
    ({ name }: OfName) => `the state \`${name}\` stands outside of an optimizer`,
    "`state` keeps a number beside every parameter's element between steps; only the op in `train { optimizer: … }` may declare one.",
  ),

  "model/unknown-field": error(
    ({ name, architecture }: OfName & { readonly architecture: string }) =>
      `the architecture \`${architecture}\` has no \`${name}\``,
    "The fields of a model are the parameters of its architecture, with `data` and `dims`.",
  ),
  "model/missing-field": error(
    ({ name, architecture }: OfName & { readonly architecture: string }) =>
      `the architecture \`${architecture}\` needs \`${name}\``,
    "Every parameter of the architecture without a default is a field of the model.",
  ),
  "model/architecture": error(
    ({ name }: OfName) => `\`${name}\` is not an architecture: it must be a block that takes tokens and gives logits`,
    "An architecture is a block whose inputs are token ids (`tokens: [T] of V`) and whose result has the axes of one input and the vocabulary.",
  ),
  "model/vocabulary": error(
    ({ data, tokens, size }: { readonly data: string; readonly tokens: number; readonly size: number }) =>
      `the tokenizer of \`${data}\` has ${tokens} tokens, but the model has only ${size}`,
    "The vocabulary of a model must have every token of its data: write `V = Stories.vocab`.",
  ),
  "model/padding": warning(
    ({ data, tokens, size }: { readonly data: string; readonly tokens: number; readonly size: number }) =>
      `the model has ${size} tokens, ${size - tokens} more than the tokenizer of \`${data}\`: they never occur and are never sampled`,
    "A vocabulary may be larger than that of the data, as when it is rounded up to a multiple of 64. What is more costs memory and time, and nothing else. If it is a slip, write `V = Stories.vocab`.",
  ),
  "model/future": error(
    ({ model, read }: { readonly model: string; readonly read: string }) =>
      `\`${model}\` cannot be shown to keep to the past: ${read}`,
    "A model that predicts the next token must not see it. The logits at position t may depend on tokens up to t only; this is decided from the indices and conditions of every read. What is shown is true; a read that keeps to the past by a reason that the proof does not know is refused too.",
  ),
  "model/not-sampled": error(
    ({ model, reason }: { readonly model: string; readonly reason: string }) =>
      `\`${model}\` cannot be sampled from: ${reason}`,
    "Text is drawn token by token, each from the logits after those before it. Where logits may depend on later tokens, as in an encoder or after a prefix that is seen in full, there is no such thing as the next one.",
  ),
  "model/unknown": error(
    ({ name }: OfName) => `there is no model or variant \`${name}\``,
    "`train`, `eval` and `variant … of` name a model or variant of the file.",
  ),
  "model/loss": error(
    ({ name }: OfName) => `\`${name}\` does not give one number for each sequence`,
    "A loss takes logits and targets and gives a scalar; the mean over the batch is taken around it.",
  ),

  "variant/unknown-path": error(
    ({ path, at, of }: { readonly path: string; readonly at: string; readonly of: string }) =>
      `\`${path}\` leads nowhere: ${of} has no \`${at}\``,
    "A variant changes fields by path: through the fields of the model and the arguments of its blocks, and `dims.D` for sizes.",
  ),
  "variant/dropped": warning(
    ({ from, to, names }: { readonly from: string; readonly to: string; readonly names: string }) =>
      `\`${to}\` has no ${names}, which \`${from}\` was given here`,
    "A variant that puts another block in the place of one keeps the arguments that were given there, where the new block declares them. The others are dropped, which makes the comparison of more than the blocks: give the new block what it needs, or change the old one by path.",
  ),
  "variant/cycle": error(
    ({ name }: OfName) => `\`${name}\` is a variant of itself`,
    "Variants build on a model, directly or through other variants.",
  ),

  "optimizer/shape": error(
    ({ name }: OfName) => `\`${name}\` is not an optimizer for single elements`,
    "An optimizer is an op of a parameter's element, its gradient, `lr` and, if it likes, `step`; its result is `next` of the first.",
  ),
  "optimizer/bad-rate": error(
    ({ name, rate }: OfName & { readonly rate: number }) =>
      `the learning rate of \`${name}\` is ${rate === 0 ? "zero" : rate < 0 ? `${rate}, which is negative` : String(rate)}`,
    "A learning rate is above zero: with zero nothing is learnt, with a negative one the loss is maximised. To keep parameters as they are, leave the training out.",
  ),
  "optimizer/no-rate": error(
    ({ name }: OfName) => `\`${name}\` is not given a learning rate`,
    "The optimizer's `lr` is the base rate that the schedule multiplies.",
  ),
  "optimizer/idle-group": error(
    ({ pattern }: { readonly pattern: string }) => `\`${pattern}\` fits no parameter`,
    "A `group` in `train` gives settings of its own to the parameters whose paths fit its pattern, in which `*` stands for anything. A pattern that fits none would change nothing without a word. `llmc show` lists the paths.",
  ),
  "schedule/shape": error(
    ({ name }: OfName) => `\`${name}\` is not a schedule`,
    "A schedule is an op of one number, the progress from 0 to 1, with settings.",
  ),
  "schedule/length": error(
    ({ reason }: { readonly reason: string }) => reason,
    "In a list each schedule but the last says how much of the run it takes: `over: 2%` or `over: 100 steps`.",
  ),
  "data/unknown-step": error(
    ({ name }: OfName) => `there is no curation step \`${name}\``,
    "The steps of `curate` are listed, with their options and defaults, in the generated list of fields.",
  ),
  "data/cycle": error(
    ({ names }: { readonly names: string }) => `a data declaration is made of itself: ${names}`,
    "A data declaration may take documents of others, with `from`, or learn from them, with `quality(good: …, bad: …)`, but not in a circle.",
  ),
  "data/mix": error(
    ({ mix, name }: OfName & { readonly mix: string }) => `\`${mix}\` mixes no \`${name}\``,
    "`mix: LLaMA` gives every source its weight by the name of the source there; a source that the mix does not have would have none.",
  ),
  "data/no-tests": error(
    ({ name }: OfName) => `the eval \`${name}\` has no tests to keep out`,
    'Decontamination compares documents with the files of tests, which an `eval` names: `test arc { files: "arc/*.jsonl", field: "question" }`.',
  ),
  "train/context": error(
    ({ tokens, context }: { readonly tokens: number; readonly context: number }) =>
      `a batch of ${tokens} tokens is no whole number of sequences of ${context}`,
    "A batch given in tokens must be a multiple of the context.",
  ),
  "train/budget": warning(
    ({ tokens, step, steps }: { readonly tokens: number; readonly step: number; readonly steps: number }) =>
      `${tokens} tokens are no multiple of ${step} tokens a step: the run ends after ${steps} steps`,
    "A step cannot be cut; the run ends with the last whole one within the budget.",
  ),
  "compare/alone": error(
    ({ name, model }: OfName & { readonly model?: string }) =>
      `\`${name}\` compares ${model === undefined ? "nothing" : `\`${model}\` with nothing`}: a comparison needs two models`,
    "A comparison trains two models or more under the same conditions. One model alone, with several seeds too, is trained by its name.",
  ),
  "compare/unfair": error(
    (p: {
      readonly model: string;
      readonly other: string;
      readonly measure: string;
      readonly off: string;
      readonly allowed: string;
      readonly value: string;
      readonly wanted: string;
    }) =>
      `\`${p.model}\` has ${p.off} ${p.measure} than \`${p.other}\` (${p.value} against ${p.wanted}); at most ${p.allowed} are allowed`,
    "A comparison says what must agree. Otherwise the bigger model would win for being bigger.",
  ),
};
