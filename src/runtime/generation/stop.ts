/** @file Stop texts in text that comes in pieces: where the first of them is complete the text ends, and nothing of it is ever shown. */

/**
 * Holds back the end of the text while it may be the beginning of a stop text. The text ends at the first character with which a stop text is complete, before the
 * longest that is; so how the text is cut into pieces makes no difference.
 */
export class StopMatcher {
  readonly #stops: readonly string[];
  #held = "";
  #stopped = false;

  constructor(stops: readonly string[]) {
    // Longest first: the first that matches is the one to cut.
    this.#stops = stops.filter((stop) => stop !== "").toSorted((a, b) => b.length - a.length);
  }

  /** Whether a stop text has come. From then on nothing is shown. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** What of the text so far can be shown now and was not yet. */
  push(piece: string): string {
    if (this.#stopped) return "";
    if (this.#stops.length === 0) return piece;
    let shown = "";
    for (let i = 0; i < piece.length; i++) {
      this.#held += piece.charAt(i);
      const stop = this.#stops.find((text) => this.#held.endsWith(text));
      if (stop !== undefined) {
        shown += this.#held.slice(0, this.#held.length - stop.length);
        this.#held = "";
        this.#stopped = true;
        return shown;
      }
      const kept = this.#beginning();
      shown += this.#held.slice(0, this.#held.length - kept);
      this.#held = this.#held.slice(this.#held.length - kept);
    }
    return shown;
  }

  /** What was held back, when no more text comes. */
  end(): string {
    const rest = this.#held;
    this.#held = "";
    return rest;
  }

  /** How long the longest end of what is held is that begins a stop text. */
  #beginning(): number {
    for (let length = Math.min(this.#held.length, (this.#stops[0]?.length ?? 1) - 1); length > 0; length--) {
      const end = this.#held.slice(this.#held.length - length);
      if (this.#stops.some((stop) => stop.startsWith(end))) return length;
    }
    return 0;
  }
}
