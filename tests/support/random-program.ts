/**
 * @file Random valid programs: an architecture of a few equations over axes that are short, equal in size, one longer or shorter than another, read at shifted,
 * clamped, repeated and computed places. What the compiler's archetypes were not written for is what is drawn here. The same seed gives the same program.
 */
import { randomSource } from "./gradcheck.ts";

export interface RandomProgram {
  /** Contains a model and a train section, both named `X`. */
  readonly text: string;
  readonly batch: number;
  /** Bytes of activation beyond which tensors are made in chunks; absent: never. */
  readonly memory?: number;
}

interface Value {
  readonly name: string;
  readonly axes: readonly string[];
  readonly kind: "number" | "index";
}

interface Index {
  readonly text: string;
  readonly axis: string;
}

/** The indices of a tensor's axes; of axes of one name, the later ones have primes. */
const indicesOf = (axes: readonly string[]): Index[] =>
  axes.map((axis, i) => ({
    axis,
    text: axis.toLowerCase() + "'".repeat(axes.slice(0, i).filter((a) => a === axis).length),
  }));
/** One more index over an axis, beside those that are bound. */
const next = (indices: readonly Index[], axis: string): Index => ({
  axis,
  text: axis.toLowerCase() + "'".repeat(indices.filter((i) => i.axis === axis).length),
});

/** What depends on all of these indices, as a reduction demands. */
const dependent = (indices: readonly Index[], body: () => string): string => {
  const text = body();
  const idle = indices.filter((i) => !new RegExp(`(?<![\\w'])${i.text}(?![\\w'])`).test(text));
  return idle.length === 0 ? text : `(${text}) * (1 + 0.1 * ${idle.map((i) => i.text).join(" - 0.1 * ")})`;
};

export function randomProgram(seed: number): RandomProgram {
  const draw = randomSource(50_000 + seed);
  const below = (n: number): number => Math.floor(draw() * n);
  const one = <T>(...choices: readonly T[]): T => choices[below(choices.length)] as T;
  const chance = (part: number): boolean => draw() < part;

  const T = one(1, 2, 2, 3, 4, 5, 7, 8, 8, 9, 16, 17, 33);
  const small = (): number => one(1, 1, 2, 2, 3, 4, 5, 7, 8, 9, 16);
  const A = small();
  const B = one(A, A, A + 1, Math.max(1, A - 1), 2 * A, small());
  const C = one(T, Math.max(1, T - 1), T + 1, Math.ceil(T / 2), small());
  const D = one(A, B, C, small());
  const V = one(1, 2, 3, 5, 7, 8, 9, 16, 17, A, B);
  const size: Readonly<Record<string, number>> = { A, B, C, D, T, V };
  const letters = "ABCDTV";
  const axisName = (): string => one(...letters);

  const lines: string[] = [];
  const values: Value[] = [];
  const unread = new Set<string>();
  let count = 0;

  const learned = (axes: readonly string[]): Value => {
    const name = `w${count++}`;
    lines.push(
      `learn ${name}: [${axes.map(primed).join(", ")}] = ${one("normal(std: 0.5)", "normal(std: 0.3)", "ones", "normal(std: 0.7)")}`,
    );
    return remember({ name, axes, kind: "number" });
  };
  const remember = (value: Value): Value => {
    values.push(value);
    unread.add(value.name);
    return value;
  };

  /** An index that lies within an axis of so many places, made of those at hand. */
  const place = (indices: readonly Index[], axis: string, depth = 0): string => {
    const n = size[axis] ?? 1;
    const same = indices.filter((i) => i.axis === axis);
    const dice = draw();
    if (same.length > 0 && dice < 0.55) return one(...same).text;
    if (dice < 0.63) return String(below(n));
    const whole = wholeNumber(indices, depth);
    return chance(0.5) ? `clamp(${whole}, 0, ${axis} - 1)` : `(${whole}) mod ${axis}`;
  };
  /** A whole number, perhaps of the data. */
  const wholeNumber = (indices: readonly Index[], depth: number): string => {
    const atoms = indices.map((i) => i.text);
    const atom = (): string => (atoms.length > 0 && chance(0.8) ? one(...atoms) : String(below(4)));
    switch (below(depth > 1 ? 6 : 9)) {
      case 0:
        return `${atom()} + ${below(4)}`;
      case 1:
        return `${atom()} - ${below(4)}`;
      case 2:
        return `${one(2, 3)} * ${atom()} + ${below(3)}`;
      case 3:
        return `${atom()} div ${one(2, 3)}`;
      case 4:
        return `${axisName()} - 1 - ${atom()}`;
      case 5:
        return `abs(${atom()} - ${atom()})`;
      case 6:
        return token(indices, depth + 1);
      case 7:
        return `${token(indices, depth + 1)} + ${atom()}`;
      default: {
        const known = values.filter((v) => v.kind === "index");
        return known.length > 0 ? readOf(one(...known), indices, depth + 1) : `min(${atom()}, ${atom()})`;
      }
    }
  };
  const token = (indices: readonly Index[], depth: number): string => `tokens[${place(indices, "T", depth)}]`;
  const readOf = (value: Value, indices: readonly Index[], depth = 0): string => {
    unread.delete(value.name);
    if (value.axes.length === 0) return value.name;
    return `${value.name}[${value.axes.map((axis) => (axis === "V" && chance(0.3) ? token(indices, depth + 1) : place(indices, axis, depth))).join(", ")}]`;
  };

  const source = (): Value => {
    const numbers = values.filter((v) => v.kind === "number");
    const fresh = numbers.filter((v) => unread.has(v.name));
    if (fresh.length > 0 && chance(0.6)) return one(...fresh);
    if (numbers.length > 0 && chance(0.6)) return one(...numbers);
    return learned(Array.from({ length: one(1, 1, 2, 2, 3) }, axisName));
  };
  const read = (indices: readonly Index[]): string => readOf(source(), indices);
  const number = (indices: readonly Index[], depth = 0): string => {
    if (depth > 2) return read(indices);
    const part = (): string => number(indices, depth + 1);
    switch (below(17)) {
      case 0:
        return `(${part()} + ${part()})`;
      case 1:
        return `(${part()} * ${part()})`;
      case 2:
        return `(${part()} - 0.5 * ${part()})`;
      case 3:
        return `tanh(${part()})`;
      case 4:
        return `sin(${part()})`;
      case 5:
        return `sigmoid(${part()})`;
      case 6: {
        const x = read(indices);
        return `(if ${x} > 0.1 then log(${x}) else ${part()})`;
      }
      case 7: {
        const i = indices.length > 0 ? one(...indices).text : "1";
        return `(if ${i} > 0 then ${part()} / ${i} else ${part()})`;
      }
      case 8: {
        const x = read(indices);
        return `(if ${x} > 0.2 then sqrt(${x}) else 0)`;
      }
      case 9: {
        const i = indices.length > 0 ? one(...indices).text : "0";
        return `(if ${i} mod 2 == 0 then ${part()} else ${part()})`;
      }
      case 10:
        return shifted(indices) ?? part();
      case 11:
        return `min(${part()}, ${part()})`;
      case 12:
        return `${read(indices)} * ${read(indices)}`;
      case 13:
        return `(${part()}) ^ 2`;
      default:
        return read(indices);
    }
  };
  /** `if a + 1 < A then x[a + 1] else 0`. */
  const shifted = (indices: readonly Index[]): string | undefined => {
    const numbers = values.filter((v) => v.kind === "number" && v.axes.some((a) => indices.some((i) => i.axis === a)));
    if (numbers.length === 0) return undefined;
    const value = one(...numbers);
    unread.delete(value.name);
    const by = 1 + below(3);
    const back = chance(0.5);
    let guard = "";
    const at = value.axes.map((axis) => {
      const same = indices.filter((i) => i.axis === axis);
      if (guard !== "" || same.length === 0) return place(indices, axis);
      const { text } = one(...same);
      guard = back ? `${text} >= ${by}` : `${text} + ${by} < ${axis}`;
      return back ? `${text} - ${by}` : `${text} + ${by}`;
    });
    return guard === ""
      ? undefined
      : `(if ${guard} then ${value.name}[${at.join(", ")}] else ${one("0", "0.5", "-1")})`;
  };

  const define = (
    axes: readonly string[],
    body: (indices: readonly Index[]) => string,
    kind: Value["kind"] = "number",
  ): void => {
    const name = `u${count++}`;
    const indices = indicesOf(axes);
    const text = body(indices);
    lines.push(`${name}${axes.length > 0 ? `[${indices.map((i) => i.text).join(", ")}]` : ""} = ${text}`);
    remember({ name, axes, kind });
  };
  const someAxes = (most: number): string[] => Array.from({ length: below(most + 1) }, axisName);

  for (let i = 0, n = 2 + below(6); i < n; i++) {
    switch (below(14)) {
      case 0:
        define(someAxes(2), (is) => `(${wholeNumber(is, 0)}) mod ${axisName()}`, "index");
        break;
      case 1:
      case 2:
        define(someAxes(3), (is) => number(is));
        break;
      case 3:
      case 4:
        define(someAxes(2), (is) => {
          const [a, b] = [next(is, axisName()), axisName()];
          const bound = chance(0.4) ? [a, next([...is, a], b)] : [a];
          return `${one("sum", "mean", "sum", "max", "min")}[${bound.map((x) => x.text).join(", ")}](${dependent(bound, () => number([...is, ...bound], 1))})`;
        });
        break;
      case 5: {
        const axis = axisName();
        define([...someAxes(1), axis], (is) => {
          const own = is.at(-1) as Index;
          return `softmax[${own.text}](${dependent([own], () => number(is, 1))})`;
        });
        break;
      }
      case 6: {
        // A sum or a maximum of what came before.
        const axis = axisName();
        define([axis, ...someAxes(1)], (is) => {
          const [own] = is as [Index];
          const other = next(is, axis);
          const guard = one(
            `${other.text} <= ${own.text}`,
            `${other.text} < ${own.text}`,
            `${other.text} >= ${own.text}`,
            `${own.text} - ${other.text} < 3`,
            `${other.text} == ${own.text}`,
          );
          return chance(0.7)
            ? `sum[${other.text}](if ${guard} then ${number([...is, other], 1)} else 0)`
            : `max[${other.text}](if ${guard} then ${number([...is, other], 1)} else -4)`;
        });
        break;
      }
      case 7: {
        // Attention, or what looks like it.
        const [q, k, e, f] = [axisName(), axisName(), one("A", "B", "D"), one("A", "B", "D")];
        const [x, y] = [learned([one("V", q), e]), learned([one("V", k), one("A", "B")])];
        define([q, ...(chance(0.7) ? [f] : [])], (is) => {
          const s = next(is, k);
          const inner = next([...is, s], e);
          const own = is[0] as Index;
          const guard = one(`${s.text} <= ${own.text}`, `${s.text} <= ${own.text}`, "true", `${s.text} mod 2 == 0`);
          const score = `sum[${inner.text}](${dependent([inner, s], () => `${readOf(x, [own, inner])} * ${read([s, inner])}`)})`;
          const weighed = dependent([s], () => readOf(y, [s, ...is.slice(1)]));
          return chance(0.5)
            ? `sum[${s.text}](softmax[${s.text}](if ${guard} then ${score} else -inf) * ${weighed})`
                .replace("if true then ", "")
                .replace(guard === "true" ? " else -inf" : "\0", "")
            : `sum[${s.text}]((${guard === "true" ? `exp(tanh(${score}))` : `if ${guard} then exp(tanh(${score})) else 0`}) * ${weighed}) / (1 + sum[${s.text}](${guard === "true" ? `exp(tanh(${score}))` : `if ${guard} then exp(tanh(${score})) else 0`}))`;
        });
        break;
      }
      case 8:
      case 9: {
        // A product of matrices.
        const [m, k, n] = [axisName(), axisName(), axisName()];
        define([m, n], (is) => {
          const [i1, i2] = is as [Index, Index];
          const inner = next(is, k);
          return `sum[${inner.text}](${dependent([inner], () => `${readOf(source(), [i1, inner])} * ${readOf(source(), [inner, i2])}`)})${chance(0.3) ? ` + ${number(is, 2)}` : ""}`;
        });
        break;
      }
      case 10: {
        // A table read by tokens: all, the first of them, or shifted ones.
        const table = learned(["V", one("A", "B", "C")]);
        const axis = one("T", "T", "C", "D");
        const most = Math.max(0, T - (size[axis] ?? 1));
        const fits = (size[axis] ?? 1) <= T;
        define([axis, ...(chance(0.7) ? [table.axes[1] as string] : [])], (is) => {
          unread.delete(table.name);
          const own = (is[0] as Index).text;
          const at = fits
            ? axis === "T" && chance(0.5)
              ? own
              : `${own} + ${below(most + 1)}`
            : `clamp(${own}, 0, T - 1)`;
          return `${table.name}[tokens[${at}], ${is[1]?.text ?? place([is[0] as Index], table.axes[1] as string)}]${chance(0.3) ? ` * ${number(is, 2)}` : ""}`;
        });
        break;
      }
      case 11: {
        // A norm along an axis.
        const value = source();
        if (value.axes.length === 0) break;
        const axis = one(...value.axes);
        define([...new Set(value.axes)], (is) => {
          const other = next(is, axis);
          const at = value.axes.map((a) => (is.find((i) => i.axis === a) as Index).text);
          const along = value.axes.map((a) => (a === axis ? other.text : (is.find((i) => i.axis === a) as Index).text));
          unread.delete(value.name);
          return `${value.name}[${at.join(", ")}] * rsqrt(mean[${other.text}](${value.name}[${along.join(", ")}] ^ 2) + 0.01)`;
        });
        break;
      }
      case 12: {
        // A short convolution.
        const axis = one("T", "C");
        const over = one("A", "B");
        const [x, w] = [source(), learned([over])];
        if (!x.axes.includes(axis)) break;
        define([axis], (is) => {
          const lag = next(is, over);
          unread.delete(x.name).valueOf();
          unread.delete(w.name);
          const at = x.axes.map((a, j) =>
            j === x.axes.indexOf(axis) ? `${axis.toLowerCase()} - ${lag.text}` : place([...is, lag], a),
          );
          return `sum[${lag.text}](if ${axis.toLowerCase()} >= ${lag.text} then ${x.name}[${at.join(", ")}] * ${w.name}[${lag.text}] else 0)`;
        });
        break;
      }
      default:
        define(someAxes(2), (is) => `tanh(${number(is, 1)})`);
    }
  }
  // All that nothing has read yet adds to the logits; every term of a sum is of the size of one.
  const terms = values
    .filter((v) => unread.has(v.name))
    .map((value, i) => {
      const indices: Index[] = [
        { axis: "T", text: "t" },
        { axis: "V", text: "v" },
      ];
      const bound: Index[] = [];
      const at = value.axes.map((axis) => {
        const own = indices.find((x) => x.axis === axis);
        if (own && chance(0.6)) return own.text;
        const fresh = next([...indices, ...bound], axis);
        bound.push(fresh);
        return fresh.text;
      });
      const read = at.length > 0 ? `${value.name}[${at.join(", ")}]` : value.name;
      const scaled = value.kind === "index" ? `0.1 * ${read}` : read;
      return `(0.4 + 0.3 * ((v + ${i}) mod 3)) * ${bound.length > 0 ? `mean[${bound.map((x) => x.text).join(", ")}](${scaled})` : scaled}`;
    });
  const table = chance(0.7) ? ["learn tab: [V, V'] = normal(std: 0.5)"] : [];
  const optimizer = one("sgd(lr: 0.1)", "sgd(lr: 0.1)", "sgd(lr: 0.1, momentum: 0.9)", "adamw(lr: 1e-2, decay: 0.1)");
  // Without clipping a large gradient makes numbers that only f64 holds.
  const text = [
    `block arch[A, B, C, D](tokens: [T] of V) -> logits: [T, V] {`,
    ...[
      ...table,
      ...lines,
      `logits[t, v] = ${[...terms, table.length > 0 ? "tab[tokens[t], v]" : "0.1 * tokens[t] * v", "0.01 * t"].join(" + ")}`,
    ].map((line) => `  ${line}`),
    `}`,
    `model X: arch { dims { T = ${T}  V = ${V}  A = ${A}  B = ${B}  C = ${C}  D = ${D} } }`,
    `train X { budget: 10 steps, batch: 1 sequences, optimizer: ${optimizer}${chance(0.2) || optimizer.startsWith("sgd") ? ", clip: 1" : ""} }`,
  ].join("\n");
  return { text, batch: one(1, 1, 2, 3), ...(chance(0.15) && { memory: one(64, 256, 1024) }) };
}

/** Axes of one name twice are written with primes. */
function primed(axis: string, at: number, all: readonly string[]): string {
  return axis + "'".repeat(all.slice(0, at).filter((other) => other === axis).length);
}
