import { ProCacheError } from '@procache/core';
import type { OptionName, Spelling } from '@procache/pipeline';

/** The options whose names are others than those of a request. */
const FLAGS: Partial<Readonly<Record<OptionName, string>>> = {
  'sde.form': '--diffusion-form',
  'sde.norm': '--diffusion-norm',
  'sde.lastStep': '--last-step',
  'sde.lastStepSize': '--last-step-size',
};

/** How an option is written on the command line. */
export const asFlag: Spelling = (option) => FLAGS[option] ?? `--${option}`;

/** Runs a check, and says which option it is that does not pass. */
export function naming<Result>(option: string, check: () => Result): Result {
  try {
    return check();
  } catch (cause) {
    throw named(option, cause);
  }
}

/** What a check threw, with the option that did not pass. */
export function named(option: string, cause: unknown): unknown {
  if (!(cause instanceof ProCacheError) || cause.message.startsWith('--')) return cause;
  return new ProCacheError(cause.code, `${option}: ${cause.message}`, { cause });
}
