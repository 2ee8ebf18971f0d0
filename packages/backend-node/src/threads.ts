import { availableParallelism } from 'node:os';
import { ProCacheError } from '@procache/core';
import { shown } from '@procache/core/untrusted';

/**
 * As many threads as a session may have: 256, or one per processor on a machine with more.
 *
 * Every session starts that many. With 1024 of them on two processors a generation of half a second took 38.
 */
export const MOST_THREADS: number = Math.max(256, availableParallelism());

/**
 * The threads that a session computes with: as many as asked for, else one for each processor that this process may
 * use.
 *
 * ONNX Runtime itself would count those of the machine, and complain about each that a container keeps from it.
 *
 * @throws {ProCacheError} `invalid-input` where it is no whole number from 1 to `MOST_THREADS`.
 */
export function threadCount(asked: number | undefined): number {
  if (asked === undefined) return availableParallelism();
  if (Number.isInteger(asked) && asked >= 1 && asked <= MOST_THREADS) return asked;
  throw new ProCacheError(
    'invalid-input',
    `threads: ${shown(asked)}, but a session has 1 to ${MOST_THREADS} of them; ` +
      `leave it out for one per processor, which are ${availableParallelism()} here`,
  );
}
