/** @file Numbers as people read them. */

/** `12,582,912`. */
export function grouped(n: number): string {
  return String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, ",");
}

const scales: readonly (readonly [number, string])[] = [
  [1e18, "E"],
  [1e15, "P"],
  [1e12, "T"],
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
];

/** `5.71M`. */
export function scaled(n: number): string {
  const scale = scales.find(([size]) => n >= size);
  return scale ? `${Number((n / scale[0]).toPrecision(3))}${scale[1]}` : String(Math.round(n));
}

/** Text by its bytes: `41.2 MB`. */
export function textSize(bytes: number): string {
  const [size, unit] = bytes >= 1e9 ? [1e9, "GB"] : bytes >= 1e6 ? [1e6, "MB"] : bytes >= 1e3 ? [1e3, "kB"] : [1, "B"];
  return `${size === 1 ? bytes : (bytes / size).toFixed(1)} ${unit}`;
}

/** `12.3%`. */
export function shareText(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}

/** `held out` of `heldOut`. */
export function factName(fact: string): string {
  return fact.replace(/(?<=[a-z])[A-Z]/g, (capital) => ` ${capital.toLowerCase()}`);
}

/** The most frequent first. */
export function byCount<T extends { readonly count: number }>(
  of: Readonly<Record<string, T>>,
): readonly (readonly [string, T])[] {
  return Object.entries(of).toSorted((a, b) => b[1].count - a[1].count);
}
