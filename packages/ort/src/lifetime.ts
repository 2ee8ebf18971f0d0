import { ProCacheError } from '@procache/core';

/** How long something may be used: until it is disposed of, which waits for what is under way. */
export class Lifetime {
  readonly #what: string;
  #ended = false;
  #underway: Promise<unknown> = Promise.resolve();

  /** `what` is how messages call it: `decoder`. */
  constructor(what: string) {
    this.#what = what;
  }

  /** @throws {ProCacheError} `execution-failed` once it has ended: before each part of a work that takes long. */
  check(): void {
    if (this.#ended)
      throw new ProCacheError('execution-failed', `the ${this.#what} has been disposed of; open it again`);
  }

  /** Does a work that `end` waits for. Works do not wait for one another. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.check();
    const result = work();
    this.#underway = Promise.allSettled([this.#underway, result]);
    return result;
  }

  /** Ends it; resolves once nothing is under way. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.#underway;
  }
}
