import type { Schedule } from '../schedule.ts';
import { checkCount } from './checks.ts';

/** Every step computed: the plain model, and the baseline of every comparison. */
export function uncached({ steps }: { readonly steps: number }): Schedule {
  checkCount('steps', steps);
  return { version: 1, pattern: '#'.repeat(steps), legend: {}, notes: { method: 'uncached' } };
}
