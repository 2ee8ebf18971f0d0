import { ProCacheError } from '@procache/core';

/** Runs a check, and says of what does not pass where it stands. */
export function placed<Result>(place: string, check: () => Result): Result {
  try {
    return check();
  } catch (cause) {
    if (!(cause instanceof ProCacheError)) throw cause;
    throw new ProCacheError(cause.code, `${place}: ${cause.message}`, { cause });
  }
}

/**
 * Refuses an option that would change nothing: `rule belongs to forecast with an order above 0; add it, or leave this
 * out`.
 */
export function checkBelongs(option: string, value: unknown, to: string, applies: boolean): void {
  if (applies || value === undefined) return;
  throw new ProCacheError('invalid-input', `${option} belongs to ${to}; add it, or leave this out`);
}
