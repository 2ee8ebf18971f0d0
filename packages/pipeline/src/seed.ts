import { injectsNoise, ProCacheError, type Spelling } from '@procache/core';
import type { Process } from './process.ts';
import { asRequested, type OptionName } from './spelling.ts';

/**
 * Refuses a seed where images begin with noise that is given and the sampler adds none: nothing would be drawn from it.
 * `noise` is how the option that gives the noise is written.
 *
 * @throws {ProCacheError} `invalid-input`.
 */
export function checkSeed(
  { sampler, eta }: Pick<Process, 'sampler' | 'eta'>,
  noise: string = 'noise',
  spell: Spelling<OptionName> = asRequested,
): void {
  if (injectsNoise(sampler, eta)) return;
  const none = sampler === 'ddim' ? `ddim adds none with ${spell('eta')} 0` : `${sampler} adds none`;
  throw new ProCacheError(
    'invalid-input',
    `${spell('seed')}: with ${noise} nothing is drawn from it, as ${none}; leave one of the two out`,
  );
}
