/**
 * @file What each failure of the runtime and of the commands means, and what to do about it: the text behind `llmc explain CODE` and the generated list. A code that is
 * not a key here is no `FailureCode`, so that none can be printed that nobody explains.
 */

/** By code, a paragraph. */
export const failureExplanations = {
  "device/none":
    "There is nothing of the asked kind to run on: no WebGPU adapter, no C compiler, or no package that brings the software adapter. `llmc devices` lists what there is and why the rest is not.",
  "device/unknown": "No device or adapter has this name. `llmc devices` lists the names.",
  "device/limits":
    "The program needs more than the device offers: a larger buffer, more bindings or more shared memory. A smaller batch, context or model needs less; `llmc show FILE` tells how much.",
  "device/memory":
    "The device ran out of memory while a program was loaded or run. Close what else uses it, or make the batch smaller.",
  "device/kernel":
    "The device's compiler refused a kernel. The kernel's text and the compiler's words stand in the message; if the program is as llmc wrote it, it is a bug worth reporting.",
  "device/validation": "The device refused a command. If the program is as llmc wrote it, it is a bug worth reporting.",
  "device/lost":
    "The device went away: its driver was reset, or it was unplugged. The run goes on from its last checkpoint with `--resume`.",
  "program/missing": "A file of a compiled program is not there. Build the model again.",
  "program/invalid":
    "A file of a compiled program does not say what it has to, or was written by another version. Build the model again.",
  "program/damaged": "A file of a compiled program is not as it was written: it was changed or cut short.",
  "program/untrusted":
    "A run folder holds a program, and this one was not made by your llmc: running it would be running somebody else's code. If you trust where it comes from, say `--trust`.",
  "program/input": "A program was given other inputs than it reads, or values that are out of range.",
  "data/missing": "No file fits a path or pattern of a source. Paths are relative to the file that names them.",
  "data/directory": "A path of a source is a folder; name the files in it by a pattern, such as `texts/*.txt`.",
  "data/unreadable": "A file of a source cannot be opened or read; the reason of the system stands in the message.",
  "data/empty": "A source or a step leaves nothing to train on.",
  "data/too-small": "A text, or a part of it after the split, is shorter than one sequence.",
  "data/too-large": "A text is larger than what can be held or counted.",
  "data/encoding":
    "A file is not UTF-8. The message names the first byte that is not; convert it, or skip it with `damaged: skip`.",
  "data/damaged":
    "A part of a file cannot be read as its format. The message says where; `damaged: skip` leaves such parts out and counts them.",
  "data/field": "A field that a source or a step reads is in no document, or is of another type.",
  "data/character": "A text has a character that the tokenizer has no token for.",
  "data/weights": "The weights of a mix ask for more passes over a source than its cap allows, or leave nothing.",
  "tokenizer/invalid": "A tokenizer's file contradicts itself, or is cut short.",
  "tokenizer/unsupported": "A tokenizer's file asks for something that is not implemented; the message names it.",
  "tokenizer/vocabulary": "The tokenizer has more tokens than the model has rows, or is another one than the run's.",
  "tokenizer/token": "A token id is not in the vocabulary, or a text is no token.",
  "checkpoint/missing": "There is no checkpoint where one was looked for.",
  "checkpoint/corrupt":
    "A checkpoint is not as it was written: its checksums do not fit. The one before it is taken where there is one.",
  "checkpoint/mismatch":
    "A checkpoint is of another model, tokenizer or data than the program; the message lists what differs.",
  "checkpoint/exists": "The run's folder holds checkpoints already. Go on with `--resume`, or choose another folder.",
  "file/foreign": "A file that would be written over was not made by llmc. It is left alone.",
  "file/edited": "A file that would be written over was edited since llmc wrote it. `--force` writes over it.",
  "folder/foreign": "A folder that would be written to holds files that are not llmc's. It is left alone.",
  "run/locked": "Another process is training in this folder. Wait for it, or choose another folder with `--out`.",
  "disk/full": "The disk is full. What was written before is whole; make room and run the command again.",
  "disk/write": "A file cannot be written; the reason of the system stands in the message.",
  "train/not-finite":
    "The loss was no finite number for several steps in a row. A lower learning rate, a warm-up or `clip` usually help; the last checkpoint is from before.",
  "sample/options": "An option of sampling has a value that makes no sense, or contradicts another.",
  "sample/refused": "Text is not generated from this model, because its logits may depend on later tokens.",
  "sample/not-finite": "The model's logits are no finite numbers, so no token can be drawn from them.",
  interrupted: "The command was ended by a signal, such as Ctrl-C. What it had saved is whole.",
  "package/missing":
    "A package that only some commands need is not installed; the message has the command that installs it.",
  usage: "The command was called with options that it does not have or that contradict each other.",
} as const satisfies Readonly<Record<string, string>>;

/** `subject/what`. */
export type FailureCode = keyof typeof failureExplanations;
