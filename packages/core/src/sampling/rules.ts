import { nameOf } from '../untrusted/json-reader.ts';
import { type Path, PATHS, SAMPLER_NAMES, type SamplerName } from './samplers/settings.ts';
import type { StraightRule } from './straight-steps.ts';
import type { TimestepRule } from './timesteps.ts';

/**
 * The rules by which the steps of a sampler along a path can be picked; the first is the one that is taken unless
 * another is asked for: that of the code which the sampler comes from.
 *
 * ```ts
 * import { rulesOf } from '@procache/core';
 *
 * console.log(rulesOf('diffusion', 'ddim')[0]); // original
 * console.log(rulesOf('diffusion', 'dpm++')[0]); // linspace
 * ```
 *
 * @throws {ProCacheError} `invalid-input` for a path or a sampler that there is not.
 */
export function rulesOf(
  path: Path = 'diffusion',
  sampler: SamplerName = 'ddim',
): readonly [TimestepRule | StraightRule, ...(TimestepRule | StraightRule)[]] {
  nameOf({ value: path, place: 'path', code: 'invalid-input' }, PATHS);
  nameOf({ value: sampler, place: 'sampler', code: 'invalid-input' }, SAMPLER_NAMES);
  switch (path) {
    case 'diffusion':
      return betasRules(sampler);
    case 'flow':
      return ['linspace', 'uniform'];
    case 'sit':
      return ['uniform', 'linspace'];
  }
}

/** Those of a path by betas. */
export function betasRules(sampler: SamplerName): readonly [TimestepRule, ...TimestepRule[]] {
  switch (sampler) {
    case 'dpm++':
      return ['linspace', 'leading', 'trailing', 'time-uniform', 'original', 'original-ddim'];
    case 'unipc':
    case 'euler':
      return ['linspace', 'leading', 'trailing', 'original', 'original-ddim'];
    case 'lcm':
      return ['distilled'];
    case 'ddim':
    case 'ddpm':
    case 'heun':
    case 'euler-maruyama':
      return ['original', 'original-ddim', 'leading', 'trailing', 'linspace'];
  }
}
