/** @file What commands print for programs, in the spelling of the log of a run: `tokens_per_second`, `bits_per_byte`, `flops_per_token`. */

/** `flopsPerToken`, but neither `T`, a path of parameters, nor what is spelt so already. */
const camelCase = /^[a-z]+(?:[A-Z][a-z0-9]*)+$/;

/** JSON over several lines, with the names of fields in snake_case. */
export function jsonText(value: unknown): string {
  const text = JSON.stringify(
    value,
    (_, of: unknown) =>
      typeof of === "object" && of !== null && !Array.isArray(of)
        ? Object.fromEntries(Object.entries(of).map(([name, one]) => [fieldName(name), one as unknown]))
        : of,
    2,
  );
  return `${text}\n`;
}

const fieldName = (name: string): string =>
  camelCase.test(name) ? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) : name;
