/** @file The kinds of slips: what fingers do, what other languages write, and what is thought wrongly, each with what is to be said of it. */
import type { Kind } from "./kind.ts";
import { brackets, marks, words } from "./of-fingers.ts";
import { habits } from "./of-habit.ts";
import { files, meaning } from "./of-thought.ts";

export const kinds: readonly Kind[] = [...brackets, ...marks, ...words, ...habits, ...meaning, ...files];
