/**
 * @file Identifiers in C: kernel IR names that C, its compilers or their headers reserve, or that printed kernels use themselves, get an underscore. Names of the IR do not
 * end in one, so that different names stay different.
 */

/** Keywords of C23 and of GNU C; macros that compilers and headers define on some system; what printed kernels use besides the patterns below. */
const taken = new Set(
  `alignas alignof auto bool break case char const constexpr continue default do double else enum extern false float for goto if inline int long nullptr register restrict
  return short signed sizeof static static_assert struct switch thread_local true typedef typeof typeof_unqual union unsigned void volatile while asm near far
  linux unix sun hpux vax vms sgi mips sparc i386 i486 i586 i686 m68k mc68000 pdp11 arm pixel vector complex errno alloca offsetof stdin stdout stderr environ interface
  main int32_t int64_t uint32_t uint64_t size_t uintptr_t
  lane first part group group_from group_to bindings rows random_key`.split(/\s+/),
);

/** What helpers and types are called (`exp_x16`, `f32x16`), the printer's masks, the components of vectors (`acc_x`), and macros in capitals. */
const own = /^[fiu]32x\d+|_x\d+$|x\d+_any$|_[fiu]32x\d+$|^mask_\d+$|^[A-Z][A-Z0-9_]*$|_[xyzw]$|^__|^_[A-Z]/;

/** The C identifier of a kernel IR name. Different identifiers stay different: what ends in underscores after a taken word gets one more. */
export function cName(name: string): string {
  const identifier = name
    .replace(/[^A-Za-z0-9_]/g, "_")
    .replace(/^(?=\d)/, "n")
    .replace(/^__+/, "_");
  const word = identifier.replace(/_+$/, "");
  return taken.has(word) || own.test(word) ? `${identifier}_` : identifier;
}

/** The variable that holds component `index` of a vector of `width`. */
export const componentName = (name: string, index: number, width: number): string =>
  width === 1 ? cName(name) : `${cName(name)}_${"xyzw"[index] ?? ""}`;
