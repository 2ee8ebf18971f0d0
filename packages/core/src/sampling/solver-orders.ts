import { refuse } from '../untrusted/json-reader.ts';
import type { SolverSettings } from './solver-settings.ts';

export interface OrderOptions {
  readonly solver: SolverSettings;
  /** The most steps at whose end the order is lowered. */
  readonly few: number;
  /** Whether the last step leads to the clean image. */
  readonly clean: boolean;
}

/**
 * The order of each step of a multistep solver: as high as asked for, but no higher than there is history for, and
 * lowered at the end.
 *
 * @throws {ProCacheError} `invalid-input` for UniPC of order 2 to the clean image, which is infinity times nothing.
 */
export function solverOrders(
  count: number,
  sampler: 'dpm++' | 'unipc',
  { solver, few, clean }: OrderOptions,
): readonly number[] {
  const { order = 2, lowerOrderFinal = true, eulerAtFinal = false } = solver;
  const orders = Array.from({ length: count }, (_, step) => Math.min(order, step + 1, 2));
  if (sampler === 'unipc') {
    if (clean) checkUnipc(solver, orders.at(-1)!);
    return lowerOrderFinal ? [...orders.slice(0, -1), 1] : orders;
  }
  const isLowered = clean || eulerAtFinal || (lowerOrderFinal && count <= few);
  return isLowered ? [...orders.slice(0, -1), 1] : orders;
}

/** Refuses what is not a number in the last step (diffusers' UniPC goes on with NaN there). */
function checkUnipc({ kind, lowerOrderFinal = true }: SolverSettings, last: number): void {
  const way = 'end at the least noise (final_sigmas_type "sigma_min")';
  if (kind === 'bh1') {
    const problem = `"bh1" is infinity times nothing in a last step to the clean image; use "bh2", or ${way}`;
    refuse('solver.kind', problem, 'invalid-input');
  }
  if (!lowerOrderFinal && last > 1) {
    const problem =
      'is false, and the last step to the clean image would be of order 2, which is infinity times nothing; ' +
      `let it be true, or ${way}`;
    refuse('solver.lowerOrderFinal', problem, 'invalid-input');
  }
}
