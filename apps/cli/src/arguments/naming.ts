import { ProCacheError } from '@procache/core';

/** Runs a check, and says which option it is that does not pass. */
export function naming<Result>(option: string, check: () => Result): Result {
  try {
    return check();
  } catch (cause) {
    if (!(cause instanceof ProCacheError) || cause.message.startsWith('--')) throw cause;
    throw new ProCacheError(cause.code, `${option}: ${cause.message}`, { cause });
  }
}
