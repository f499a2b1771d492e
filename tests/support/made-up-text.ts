/** @file Text for tests that need much of it. */

const words =
  "the of river a stone and with under light have been that house window morning they walked to be slowly over old field where water ran cold".split(
    " ",
  );
/** Sentences made of a number; every seventh document repeats an earlier one, and every fifth has an address. */
export function madeUpText(number: number): string {
  let state = (number % 7 === 6 ? number - 6 : number) + 1;
  const next = (): number => (state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff) >>> 8;
  const sentences = Array.from(
    { length: 12 },
    () => `The ${Array.from({ length: 9 }, () => words[next() % words.length]).join(" ")}.`,
  );
  return `${sentences.slice(0, 6).join(" ")}\n${sentences.slice(6).join(" ")}${number % 5 === 0 ? "\nWrite to someone@mail.example.edu about it." : ""}`;
}
