import { ProCacheError, type SamplerName } from '@procache/core';
import { type Placed, shown } from '@procache/core/untrusted';
import type { ConfigReading } from './model-config.ts';

/** What a scheduler's class says about drawing. */
export interface SchedulerClass {
  /** The sampler that is its; none where another one has to be chosen. */
  readonly sampler: SamplerName | undefined;
  /** Whether it clamps the predicted clean image where its file does not say. */
  readonly clips: boolean;
}

/** The classes of diffusers whose arithmetic is here. */
const SAMPLERS: ReadonlyMap<unknown, SamplerName> = new Map([
  ['DDIMScheduler', 'ddim'],
  ['DDIMParallelScheduler', 'ddim'],
  ['DDPMScheduler', 'ddpm'],
  ['DDPMParallelScheduler', 'ddpm'],
]);

/**
 * The class of a pipeline's scheduler: that of model_index.json, which is the one that diffusers makes, else that of
 * scheduler_config.json, else DDIM.
 *
 * @throws {ProCacheError} `invalid-model` for schedulers of models that predict a velocity, and for samplers that are
 * not here unless one is `chosen` in their place.
 */
export function schedulerClass(
  { own, index }: NonNullable<ConfigReading['scheduler']>,
  chosen: boolean,
): SchedulerClass {
  const named = [ofIndex(index.find('scheduler')), own.find('_class_name')].filter((found) => found !== undefined);
  named.forEach((found) => refuseForeign(found, chosen));
  const foreign = named.some(({ value }) => !SAMPLERS.has(value));
  return { sampler: foreign ? undefined : (SAMPLERS.get(named[0]?.value) ?? 'ddim'), clips: !foreign };
}

/** The index names a library and a class: `["diffusers", "DDIMScheduler"]`. */
function ofIndex(scheduler: Placed | undefined): Placed | undefined {
  if (!scheduler) return undefined;
  const { value } = scheduler;
  return Array.isArray(value) && value.length === 2 ? { ...scheduler, value: value[1] as unknown } : scheduler;
}

function refuseForeign({ value, place }: Placed, chosen: boolean): void {
  if (SAMPLERS.has(value)) return;
  if (typeof value === 'string' && value.startsWith('FlowMatch')) {
    throw new ProCacheError(
      'invalid-model',
      `${place} is ${shown(value)}, for models that predict a velocity (flow matching), which are not supported; ` +
        `supported are models that predict noise`,
    );
  }
  if (chosen) return;
  throw new ProCacheError(
    'invalid-model',
    `${place} is ${shown(value)}, a sampler that is not there yet; there are DDIMScheduler and DDPMScheduler. ` +
      `To draw with one of them all the same, choose it: --sampler ddim, or "sampler": "ddim" in the config`,
  );
}
