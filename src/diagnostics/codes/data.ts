/** @file What looking at the files of data reports. The runtime fails with the same codes where it meets the same thing. */
import { error, warning } from "./entry.ts";

interface Problem {
  readonly problem: string;
}

export const dataCodes = {
  "data/missing": warning(
    ({ problem }: Problem) => problem,
    "Files of a source are looked for where its `.llm` file lies, or in the npm package that it names. A file can be checked where its text is not, in an editor or before a commit, so `llmc check` only warns; training needs the text, and there it is an error.",
  ),
  "data/directory": warning(
    ({ problem }: Problem) => problem,
    "A source names files, or patterns that files fit. For all text files in a folder and the folders in it, write `folder/**/*.txt`. Training refuses what `llmc check` warns of.",
  ),
  "data/unreadable": warning(
    ({ problem }: Problem) => problem,
    "The file is there and cannot be opened: its permissions or those of a folder above it forbid it, or it is a link to nothing. Training refuses what `llmc check` warns of.",
  ),
  "data/empty": error(
    ({ problem }: Problem) => problem,
    "A split needs something on each side. `hash(doc)` sends whole documents to one side, so a single document leaves the other side empty: `split { by: position }` cuts every document near its end, and `separator` says where documents end in a file.",
  ),
  "data/too-small": error(
    ({ problem }: Problem) => problem,
    "A sequence for training is as many tokens as the context and the one after. No tokenizer that is made from text gives more tokens than the text has bytes, so the size of the files can show that it is too short. Nothing is said of texts that are packed, curated, or read as records: their length is known only once they are read.",
  ),
  "tokenizer/unreadable": error(
    ({ problem }: Problem) => problem,
    "The size of a vocabulary that a file holds is known only from that file, and without it the model cannot be checked.",
  ),
};
