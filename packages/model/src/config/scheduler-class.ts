import { type ForwardProcess, type Path, ProCacheError, type SamplerName, type TimestepRule } from '@procache/core';
import { type Placed, shown } from '@procache/core/untrusted';
import type { ConfigReading } from './model-config.ts';

/** What a scheduler's class says about drawing. */
export interface SchedulerClass {
  /** The path that it goes along. */
  readonly path: Exclude<Path, 'sit'>;
  /** The sampler that is its; none where another one has to be chosen. */
  readonly sampler: SamplerName | undefined;
  /** Whether it clamps the predicted clean image where its file does not say. */
  readonly clips: boolean;
  /** How it picks timesteps where its file does not say. */
  readonly spacing: TimestepRule;
  /** Its betas where its file does not say, and they are not those of DDPM. */
  readonly betas?: Pick<ForwardProcess, 'betaSchedule' | 'betaStart' | 'betaEnd'>;
  /** Whether it can go along the path of flow matching instead (`use_flow_sigmas`). */
  readonly canFlow?: boolean;
}

const DDIM: SchedulerClass = { path: 'diffusion', sampler: 'ddim', clips: true, spacing: 'leading' };
const DDPM: SchedulerClass = { path: 'diffusion', sampler: 'ddpm', clips: true, spacing: 'leading' };
const SOLVER = { path: 'diffusion', clips: false, spacing: 'linspace' } as const;

/** The classes of diffusers whose arithmetic is here. */
const CLASSES: ReadonlyMap<unknown, SchedulerClass> = new Map([
  ['DDIMScheduler', DDIM],
  ['DDIMParallelScheduler', DDIM],
  ['DDPMScheduler', DDPM],
  ['DDPMParallelScheduler', DDPM],
  ['DPMSolverMultistepScheduler', { ...SOLVER, sampler: 'dpm++', canFlow: true }],
  ['UniPCMultistepScheduler', { ...SOLVER, sampler: 'unipc', canFlow: true }],
  ['EulerDiscreteScheduler', { ...SOLVER, sampler: 'euler' }],
  [
    'LCMScheduler',
    {
      ...{ path: 'diffusion', sampler: 'lcm', clips: false, spacing: 'distilled' },
      betas: { betaSchedule: 'scaled_linear', betaStart: 0.00085, betaEnd: 0.012 },
    },
  ],
  ['FlowMatchEulerDiscreteScheduler', { path: 'flow', sampler: 'euler', clips: false, spacing: 'linspace' }],
]);

/**
 * The class of a pipeline's scheduler: that of model_index.json, which is the one that diffusers makes, else that of
 * scheduler_config.json, else DDIM.
 *
 * @throws {ProCacheError} `invalid-model` for samplers that are not here unless one is `chosen` in their place, and for
 * two classes whose paths are not the same.
 */
export function schedulerClass(
  { own, index }: NonNullable<ConfigReading['scheduler']>,
  chosen: boolean,
): SchedulerClass {
  const named = [ofIndex(index.find('scheduler')), own.find('_class_name')].filter((found) => found !== undefined);
  const [first, second] = named;
  const path = pathOf(first?.value);
  if (second && pathOf(second.value) !== path) {
    throw new ProCacheError(
      'invalid-model',
      `${second.place} is ${shown(second.value)}, but ${first!.place} is ${shown(first!.value)}, and ` +
        `only one of them is for flow matching; take the files of one pipeline`,
    );
  }
  if (!chosen) named.forEach(refuseForeign);
  const foreign = named.some(({ value }) => !CLASSES.has(value));
  return foreign ? { path, sampler: undefined, clips: false, spacing: 'leading' } : (CLASSES.get(first?.value) ?? DDIM);
}

function pathOf(value: unknown): SchedulerClass['path'] {
  return typeof value === 'string' && value.startsWith('FlowMatch') ? 'flow' : 'diffusion';
}

/** The index names a library and a class: `["diffusers", "DDIMScheduler"]`. */
function ofIndex(scheduler: Placed | undefined): Placed | undefined {
  if (!scheduler) return undefined;
  const { value } = scheduler;
  return Array.isArray(value) && value.length === 2 ? { ...scheduler, value: value[1] as unknown } : scheduler;
}

const BY_BETAS =
  'DDIMScheduler, DDPMScheduler, DPMSolverMultistepScheduler, UniPCMultistepScheduler, EulerDiscreteScheduler and ' +
  'LCMScheduler';

function refuseForeign({ value, place }: Placed): void {
  if (CLASSES.has(value)) return;
  const [there, sampler] =
    pathOf(value) === 'flow'
      ? ['there is FlowMatchEulerDiscreteScheduler. To draw with it', 'euler']
      : [`there are ${BY_BETAS}. To draw with one of them`, 'ddim'];
  throw new ProCacheError(
    'invalid-model',
    `${place} is ${shown(value)}, a sampler that is not there yet; ${there} ` +
      `all the same, choose it: --sampler ${sampler}, or "sampler": "${sampler}" in the config`,
  );
}
