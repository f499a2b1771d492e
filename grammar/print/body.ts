/**
 * @file Bodies: what stands in braces. In a run of consecutive lines of one sort the `=` of equations and the values of fields
 * stand in one column. A body whose first item stands on the line of its brace stays on one line if it fits.
 */
import type { Doc } from "prettier";
import { builders, utils } from "prettier/doc";
import type { Span } from "../../src/diagnostics/source.ts";
import { blankLineAfter, hasLeadingComments, oneLine, type Printed } from "./node.ts";

const { conditionalGroup, hardline, indent, join } = builders;

/** What a body needs to know of each of its items. */
export interface Item extends Printed {
  /** Items of one sort on consecutive lines are aligned; an empty sort never is. */
  readonly sort: string;
  /** Columns before the `=`, or up to the value. */
  readonly width: number;
  readonly doc: (pad: number) => Doc;
}

/** How much each item is widened so that its run is aligned. */
function pads(items: readonly Item[]): readonly number[] {
  const widths: number[] = [];
  let run: number[] = [];
  const close = (): void => {
    const width = Math.max(0, ...run.map((i) => items[i]?.width ?? 0));
    for (const i of run) widths[i] = width - (items[i]?.width ?? 0);
    run = [];
  };
  for (const [i, item] of items.entries()) {
    const before = items[i - 1];
    const joins =
      before &&
      before.sort === item.sort &&
      item.sort !== "" &&
      !blankLineAfter(before.span) &&
      !hasLeadingComments(item);
    if (!joins) close();
    run.push(i);
  }
  close();
  return widths;
}

/** Items one on a line, with the empty lines of the author, at most one at a place. */
export function stacked(items: readonly Item[]): Doc[] {
  const widths = pads(items);
  return items.flatMap((item, i) => {
    const doc = item.doc(widths[i] ?? 0);
    if (i === items.length - 1) return [doc];
    return [doc, hardline, blankLineAfter(item.span) ? hardline : ""];
  });
}

/** `{`, lines, `}`. `dangling` are comments of an empty body. */
export function expanded(lines: readonly Doc[], dangling: readonly Doc[]): Doc {
  const inner = lines.length > 0 ? lines : dangling;
  return inner.length === 0 ? "{}" : ["{", indent([hardline, ...inner]), hardline, "}"];
}

/** A body on one line where the author began it so, nothing inside breaks and it fits; else its items one on a line. */
export function inlineOr(items: readonly Item[], separator: string, open: number, lines: Doc): Doc {
  const first = items[0];
  if (
    !first ||
    items.some((item) => (item.comments?.length ?? 0) > 0) ||
    first.span.file.text.slice(open, first.span.start).includes("\n")
  )
    return lines;
  const inline = [
    "{ ",
    join(
      separator,
      items.map((item) => item.doc(0)),
    ),
    " }",
  ];
  return utils.willBreak(inline) ? lines : conditionalGroup([inline, lines]);
}

const dimsIndent = 4;

/** Sizes: several may share a line, as the author has it; sizes alone on their lines are aligned. */
export function sizeRows(items: readonly Item[], width: number): Doc[] {
  const rows: Item[][] = [];
  let column = 0;
  for (const item of items) {
    const doc = item.doc(0);
    const own = utils.willBreak(doc) ? width : oneLine(doc).length;
    const row = rows.at(-1);
    const before = row?.at(-1);
    const together =
      before &&
      onOneLine(before.span, item.span) &&
      column + 2 + own <= width &&
      (item.comments?.length ?? 0) === 0 &&
      (before.comments?.length ?? 0) === 0;
    column = (together ? column + 2 : dimsIndent) + own;
    if (together) row?.push(item);
    else rows.push([item]);
  }
  const lines = rows.flatMap((row): Item[] => {
    const [first] = row;
    const last = row.at(-1);
    if (!first || !last) return [];
    if (row.length === 1) return [first];
    const span = { ...first.span, end: last.span.end };
    return [
      {
        sort: "",
        width: 0,
        span,
        doc: () =>
          join(
            "  ",
            row.map((item) => item.doc(0)),
          ),
      },
    ];
  });
  return stacked(lines);
}

function onOneLine(a: Span, b: Span): boolean {
  return !a.file.text.slice(a.end, b.start).includes("\n");
}
