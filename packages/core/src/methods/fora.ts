import type { Schedule } from '../schedule/schedule.ts';
import { checkOptions } from '../untrusted/options.ts';
import { checkCount } from './checks.ts';

export interface ForaOptions {
  readonly steps: number;
  /** A step is computed where the number of steps left after it is a multiple of this; 3 by default. */
  readonly interval?: number;
}

/**
 * FORA (Selvaraju et al., 2024, arXiv 2407.01425): every `interval`-th step computes, the others reuse.
 *
 * The code counts down to step 0, the last, and computes at multiples of the interval; so the
 * grid is fixed to the end, and the first step is computed on top.
 */
export function fora(options: ForaOptions): Schedule {
  checkOptions('fora', options, { steps: true, interval: true });
  const { steps, interval = 3 } = options;
  checkCount('steps', steps);
  checkCount('interval', interval);
  const computes = (step: number) => step === 0 || (steps - 1 - step) % interval === 0;
  const pattern = Array.from({ length: steps }, (_, step) => (computes(step) ? '#' : '.')).join('');
  return {
    version: 1,
    pattern,
    legend: {},
    notes: { method: 'FORA', interval, source: 'arXiv:2407.01425; github.com/prathebaselva/FORA' },
  };
}
