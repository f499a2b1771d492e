/** @file Work on a session's memory, one piece after another in the order in which it came. */

export class Queue {
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** Nothing is being done, and nothing waits. */
  get idle(): boolean {
    return this.#waiting === 0;
  }

  /** Does the work when everything before is done. A failure is the caller's alone. */
  add<T>(work: () => T | Promise<T>): Promise<T> {
    this.#waiting++;
    const done = this.#tail.then(work).finally(() => this.#waiting--);
    this.#tail = done.catch(() => undefined);
    return done;
  }
}
