/**
 * @file Pairs of bfloat16 in a word, at any vector width: the instructions of AVX512-BF16 where the processor has them, else the same by shifts and f32 arithmetic. The
 * instructions take numbers below 2^-126 for 0 and may round a sum of two products once.
 */
export function halvesText(width: number): string {
  const [f, u] = width === 1 ? ["float", "uint32_t"] : [`f32x${width}`, `u32x${width}`];
  const plain = [
    `INLINE ${u} pair_x${width}(${f} low, ${f} high) { return (bits_x${width}(bf16_x${width}(low)) >> 16) | bits_x${width}(bf16_x${width}(high)); }`,
    `INLINE ${f} dot_x${width}(${u} a, ${u} b, ${f} c) {`,
    `  ${f} high = f32_bits_x${width}(a & 0xffff0000u) * f32_bits_x${width}(b & 0xffff0000u) + c;`,
    `  return f32_bits_x${width}(a << 16) * f32_bits_x${width}(b << 16) + high;`,
    "}",
  ];
  const register = { 4: "_mm", 8: "_mm256", 16: "_mm512" }[width];
  if (register === undefined) return `${plain.join("\n")}\n`;
  const wide = { 4: "__m128", 8: "__m256", 16: "__m512" }[width] ?? "";
  // Both halves of the converted numbers side by side: low, high, low, high.
  const order = Array.from({ length: width }, (_, at) => `${at}, ${width + at}`).join(", ");
  return `${[
    "#if defined(__AVX512BF16__) && defined(__AVX512VL__) && defined(__AVX512BW__)",
    `INLINE ${u} pair_x${width}(${f} low, ${f} high) {`,
    `  typedef int16_t order __attribute__((vector_size(${4 * width})));`,
    `  return (${u})${register}_permutexvar_epi16((${wide}i)(order){${order}}, (${wide}i)${register}_cvtne2ps_pbh((${wide})high, (${wide})low));`,
    "}",
    `INLINE ${f} dot_x${width}(${u} a, ${u} b, ${f} c) { return (${f})${register}_dpbf16_ps((${wide})c, (${wide}bh)a, (${wide}bh)b); }`,
    "#else",
    ...plain,
    "#endif",
  ].join("\n")}\n`;
}
