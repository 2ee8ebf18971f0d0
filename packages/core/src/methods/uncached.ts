import type { Schedule } from '../schedule/schedule.ts';
import { checkOptions } from '../untrusted/options.ts';
import { checkCount } from './checks.ts';

/** Every step computed: the plain model, and the baseline of every comparison. */
export function uncached(options: { readonly steps: number }): Schedule {
  checkOptions('uncached', options, { steps: true });
  const { steps } = options;
  checkCount('steps', steps);
  return { version: 1, pattern: '#'.repeat(steps), legend: {}, notes: { method: 'uncached' } };
}
