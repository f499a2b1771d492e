/** @file What changed between two texts, as people read it. */
import { describe, expect, test } from "vitest";
import { changedPart, diffOf } from "../../src/data/text/diff.ts";

const shownOf = (old: string, edited: string): string =>
  diffOf(changedPart(old, edited))
    .map(({ kind, text }) => ({ same: text, gap: "…", removed: `[-${text}-]`, added: `{+${text}+}` })[kind])
    .join("");

describe("a change", () => {
  const far = "word ".repeat(2000);
  test.each([
    {
      what: "of a word is shown between the words around it",
      old: `${far}write to ann@x.org, please. ${far}`,
      edited: `${far}write to bob@y.com, please. ${far}`,
      shown: /^…(?:word )+write to \[-ann@x\.org-\]\{\+bob@y\.com\+\}, please\. (?:word )+.{0,5}…$/,
    },
    {
      what: "that removes a line leaves the others",
      old: "one\ntwo javascript\nthree",
      edited: "one\nthree",
      shown: /^one\n\[-two javascript\n-\]three$/,
    },
    {
      what: "of white space counts only where nothing else changed",
      old: "a  b\nc d",
      edited: "a b\nc e",
      shown: /^a b\nc \[-d-\]\{\+e\+\}$/,
    },
    { what: "of white space alone is shown", old: "a  b", edited: "a b", shown: /^a\[- {2}-\]\{\+ \+\}b$/ },
    {
      what: "that removes more than is compared is cut short",
      old: `begin ${"gone ".repeat(3000)}end`,
      edited: "begin end",
      shown: /^begin \[-(?:gone )+.*-\].*…$/,
    },
    {
      what: "at the beginning of one that becomes empty is all of it",
      old: "all of it",
      edited: "",
      shown: /^\[-all of it-\]$/,
    },
    {
      what: "far into a long text is shown where it is, and of the same text only what is near",
      old: `${far}x ${far}`,
      edited: `${far}y ${far}`,
      shown: /^…[^]{1,200}\[-x-\]\{\+y\+\}[^]{1,200}…$/,
    },
  ])("$what", ({ old, edited, shown }) => {
    expect(shownOf(old, edited)).toMatch(shown);
    expect(shownOf(old, edited).length).toBeLessThan(4000);
  });

  test("that is none has no pieces", () => {
    expect(diffOf(changedPart("same", "same"))).toEqual([]);
  });
});
