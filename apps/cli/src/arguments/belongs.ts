import { ProCacheError } from '@procache/core';

/**
 * Refuses options that would change nothing: `--repeat belongs to --compare; add it, or leave this out`.
 *
 * `given` has the value of each option by its name, undefined where it was not given. `to` says where they belong.
 */
export function checkBelong(given: Readonly<Record<string, unknown>>, to: string, applies: boolean): void {
  const [odd] = Object.entries(given).find(([, value]) => value !== undefined) ?? [];
  if (applies || odd === undefined) return;
  throw new ProCacheError('invalid-input', `${odd} belongs to ${to}; add it, or leave this out`);
}
