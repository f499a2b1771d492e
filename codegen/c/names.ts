/** @file Identifiers in C: kernel IR names that C reserves or that the printer uses itself get an underscore. */

const taken = new Set(
  `auto break case char const continue default do double else enum extern float for goto if inline int long register restrict return short signed sizeof
  static struct switch typedef union unsigned void volatile while asm typeof bool true false NULL main
  int32_t int64_t uint32_t uint64_t lane first part group group_from group_to bindings rows`.split(/\s+/),
);

/** What helpers and types are called (`exp_x16`, `f32x16`), the printer's masks, and the components of vectors (`acc_x`). */
const own = /^[fiu]32x\d+|_x\d+$|x\d+_any$|_[fiu]32x\d+$|^mask_\d+$|^[A-Z][A-Z0-9_]*$|_[xyzw]$|^__|^_[A-Z]/;

/** The C identifier of a kernel IR name. Different identifiers stay different: what ends in underscores after a taken word gets one more. */
export function cName(name: string): string {
  const identifier = name.replace(/[^A-Za-z0-9_]/g, "_").replace(/^(?=\d)/, "n").replace(/^__+/, "_");
  const word = identifier.replace(/_+$/, "");
  return taken.has(word) || own.test(word) ? `${identifier}_` : identifier;
}

/** The variable that holds component `index` of a vector of `width`. */
export const componentName = (name: string, index: number, width: number): string => (width === 1 ? cName(name) : `${cName(name)}_${"xyzw"[index] ?? ""}`);
