import { MAX_STEPS, type Schedule } from '@procache/core';
import { integerOf, nameOf, objectOf, type Placed, refuse } from '@procache/core/untrusted';
import type { ReuseVariant } from '../space/alphabet.ts';
import { MASK_POLICIES, policyMask } from './cache-dit-policies.ts';
import { bitsOf } from './lists.ts';
import { bitsOfBins, fromStepMask } from './step-mask.ts';

/**
 * What is read of cache-dit's settings: everything else decides at run time, or is about something other than steps.
 */
const READ = ['compute_bins', 'cache_bins', 'total_steps', 'steps_computation_mask', 'num_inference_steps'];

/** A schedule, and what the settings hold besides. */
export interface FromCacheDit {
  readonly schedule: Schedule;
  /** The names of the settings that a schedule does not take up, as `cache_config` has them. */
  readonly left: readonly string[];
}

/**
 * The schedule in cache-dit's settings, as its YAML files hold them: at the top, or in `cache_config`.
 *
 * Either `compute_bins` and `cache_bins`, the arguments of `cache_dit.steps_mask`, with `total_steps` where there are
 * fewer steps than they make; or `steps_computation_mask`, a list of 1 and 0, or the name of a policy for
 * `num_inference_steps`.
 *
 * @throws {ProCacheError} `invalid-schedule` with the place.
 */
export function fromCacheDit(settings: unknown, reuse: ReuseVariant = {}): FromCacheDit {
  const root = objectOf({ value: settings, place: 'settings' });
  const isNested = root['cache_config'] !== undefined;
  const place = isNested ? 'cache_config' : '';
  const own = isNested ? objectOf({ value: root['cache_config'], place }) : root;
  const at = (name: string): Placed => ({ value: own[name], place: isNested ? `${place}.${name}` : name });
  return {
    schedule: { ...fromStepMask(maskIn(at), reuse), notes: { source: 'cache-dit' } },
    left: Object.keys(own).filter((name) => !READ.includes(name)),
  };
}

function maskIn(at: (name: string) => Placed): readonly (0 | 1)[] {
  const has = (name: string): boolean => at(name).value !== undefined && at(name).value !== null;
  const [hasBins, hasMask] = [has('compute_bins') || has('cache_bins'), has('steps_computation_mask')];
  const mask = at('steps_computation_mask');
  if (hasBins && hasMask)
    refuse(mask.place, 'says which steps are computed, and so do the bins; leave one of the two out');
  if (hasBins)
    return cutTo(
      bitsOfBins(at('compute_bins').value, at('cache_bins').value),
      has('total_steps') ? at('total_steps') : undefined,
    );
  if (!hasMask) {
    return refuse(
      'settings',
      'has no lists `compute_bins` and `cache_bins`, and no `steps_computation_mask`: which steps are computed ' +
        'is decided at run time there; ' +
        'write {"compute_bins": [...], "cache_bins": [...]}',
    );
  }
  if (typeof mask.value === 'string') {
    return policyMask(
      nameOf(mask, MASK_POLICIES),
      integerOf(at('num_inference_steps'), 4, MAX_STEPS),
      at('num_inference_steps').place,
    );
  }
  const bits = bitsOf(mask).map((bit) => (bit ? 1 : 0));
  const steps = has('num_inference_steps') ? integerOf(at('num_inference_steps'), 1, MAX_STEPS) : bits.length;
  if (steps !== bits.length)
    refuse(mask.place, `has ${bits.length} steps, but num_inference_steps is ${steps}; make the two agree`);
  return bits;
}

/** The first of a mask's steps, where fewer are wanted than it has. */
function cutTo(mask: readonly (0 | 1)[], total: Placed | undefined): readonly (0 | 1)[] {
  if (!total) return mask;
  const steps = integerOf(total, 1, MAX_STEPS);
  if (steps > mask.length)
    refuse(total.place, `is ${steps}, but the bins make ${mask.length} steps; make the two agree`);
  return mask.slice(0, steps);
}
