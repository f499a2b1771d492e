/**
 * @file Random architectures made of reads across time, most of them causal: shifts, masks of several conditions, chunks, axes longer and shorter than time, tokens and rows at computed places,
 * softmaxes per channel, running maxima, data read by data. The same number gives the same text.
 */
import { randomSource } from "./gradcheck.ts";

export function randomCausal(seed: number): { readonly text: string } {
  const draw = randomSource(7000 + seed);
  const one = <T>(...choices: readonly T[]): T => choices[Math.floor(draw() * choices.length)] as T;
  const C = one(1, 2, 3, 4);
  const N = one(1, 2, 3);
  const T = C * N;
  const U = one(...[1, 2, 3, 4].filter((u) => u <= T));
  const steps = one(1, 2, 3, 4);
  const body: string[] = ["x0[t, d] = tab[tokens[t], d]"];
  const row = (x: string, t: string): string =>
    one(`${x}[${t}, d]`, `${x}[${t}, d]`, `(${x}[${t}, d] * g[d])`, `tab[tokens[${t}], d]`);
  const mask = (): string =>
    one(
      "t' <= t",
      "t' < t",
      "t' < t or t' == t",
      "t - t' < 2 and t' <= t",
      "not (t' > t)",
      "t' <= t and t' mod 2 == 0",
      "t' div C < t div C or t' == t",
      "t' == 0",
      "t' <= t + 1",
    );
  for (let i = 0; i < steps; i++) {
    const [x, y] = [`x${i}`, `x${i + 1}`];
    const by = one(1, 1, 2);
    body.push(
      ...one(
        () => [`${y}[t, d] = if t >= ${by} then ${row(x, `t - ${by}`)} + ${row(x, "t")} else ${one("0", row(x, "t"))}`],
        () => [
          `p${i}[t, t', d] = softmax[t'](if ${mask()} then ${x}[t', d] else -inf)`,
          `${y}[t, d] = sum[t'](p${i}[t, t', d] * ${row(x, "t'")}) + ${x}[t, d]`,
        ],
        () => [
          `a${i}[t, t'] = sum[d](${x}[t, d] * ${x}[t', d])`,
          `p${i}[t, t'] = softmax[t'](if ${mask()} then a${i}[t, t'] else -inf)`,
          `${y}[t, d] = sum[t'](p${i}[t, t'] * ${row(x, "t'")})`,
        ],
        () => [
          `${y}[t, d] = ${one("sum", "max", "mean")}[t'](if ${mask()} then ${row(x, "t'")} * ${one("1", "(t + 1)", "exp(-(t' + 1))")} else ${one("0", "-1")})`,
        ],
        () => [
          `k${i}[s, d] = if s >= 1 then ${x}[s - 1, d] else g[d]`,
          `a${i}[t, s] = sum[d](${x}[t, d] * k${i}[s, d])`,
          `p${i}[t, s] = softmax[s](if s <= t${one("", " + 1")} then a${i}[t, s] else -inf)`,
          `${y}[t, d] = sum[s](p${i}[t, s] * k${i}[s, d])`,
        ],
        () => [
          `u${i}[n, c, d] = sum[c'](if c' ${one("<=", "<")} c then ${x}[n * C + c', d] else 0)`,
          `${y}[t, d] = u${i}[t div C, t mod C, d] + ${x}[t, d]`,
        ],
        () => [
          `s${i}[n, d] = sum[c](${x}[n * C + c, d])`,
          `b${i}[n, d] = sum[n'](if n' < n then s${i}[n', d] else 0)`,
          `${y}[t, d] = ${x}[t, d] + b${i}[t div C, d]`,
        ],
        () => [
          `h${i}[u, d] = ${x}[u, d] * place[u, d]`,
          `${y}[t, d] = ${x}[t, d] + (if t < U then h${i}[${one("t + 0", "0")}, d] else ${one("h" + i + "[U - 1, d]", "0")})`,
        ],
        () => [
          `e${i}[t, t', d] = if t' <= t then ${x}[t', d] * (t + 2) else 0`,
          `${y}[t, d] = sum[t'](e${i}[t, t', d]) + (if t >= ${by} then e${i}[t - ${by}, 0, d] else 0)`,
        ],
        () => [
          `${y}[t, d] = ${row(x, one("t div 2", "clamp(t - 1, 0, T - 1)", "min(t, U - 1)", "0", "t div C * C"))} + ${x}[t, d]`,
        ],
        () => [
          `q${i}[a] = w[tokens[${one("0", "clamp(-a, 0, 0)")}], a]`,
          `${y}[t, d] = ${x}[t, d] + mean[a](q${i}[a]) * d`,
        ],
        () => [`${y}[t, d] = tanh(${x}[t, d] * ${one("g[d]", "cos(t)", `${x}[t, d]`)})`],
      )(),
    );
  }
  return {
    text: `block arch[A, C, N, U, S, D](tokens: [T] of V) -> logits: [T, V] where no_future(logits, tokens), T == N * C, S == T + 1 {
  learn tab: [V, D] = normal(std: 0.5)
  learn g: [D] = normal(std: 0.5)
  learn w: [V, A] = normal(std: 0.5)
  learn place: [U, D] = normal(std: 0.5)
  learn out: [D, V] = normal(std: 0.5)
  ${body.join("\n  ")}
  logits[t, v] = sum[d](x${steps}[t, d] * out[d, v])
}
model X: arch { dims { T = ${T}  C = ${C}  N = ${N}  U = ${U}  S = ${T + 1}  A = ${one(1, 3)}  D = ${one(1, 2, 5)}  V = ${one(2, 5)} } }`,
  };
}
