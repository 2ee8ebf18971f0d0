import { ProCacheError, type SdeSettings, type Spelling } from '@procache/core';

/** What may be asked of a pipeline, by the names that messages have; `sde.norm` is in `sde`. */
export type OptionName =
  | 'conditions'
  | 'negative'
  | 'guidance'
  | 'width'
  | 'height'
  | 'binning'
  | 'sampler'
  | 'eta'
  | 'timesteps'
  | `sde.${keyof SdeSettings}`
  | 'seed'
  | 'seeds'
  | 'steps'
  | 'schedule'
  | 'pattern'
  | 'ratio';

/** As a request has them. */
export const asRequested: Spelling<OptionName> = (option) => option;

/** Runs a check whose message begins with the name of an option, and spells that as it was given. */
export function spelled<Result>(spell: Spelling<OptionName>, check: () => Result): Result {
  try {
    return check();
  } catch (cause) {
    const [name] =
      cause instanceof ProCacheError ? (/^(?:sde\.\w+|pattern|ratio|steps)\b/.exec(cause.message) ?? []) : [];
    if (name === undefined || !(cause instanceof ProCacheError)) throw cause;
    const message = `${spell(name as OptionName)}${cause.message.slice(name.length)}`;
    throw new ProCacheError(cause.code, message, { cause });
  }
}
