import {
  checkSchedule,
  type Condition,
  type DiffusionSteps,
  generate,
  type Guidance,
  type SamplerName,
  type Transformer,
} from '@procache/core';
import { checkOptions } from '@procache/core/untrusted';
import type { Render } from './comparison.ts';

export interface RendererOptions {
  /** The sampler's steps for a schedule of so many: a schedule may have fewer, which is what caching has to beat. */
  readonly stepsOf: (count: number) => DiffusionSteps;
  /** What the image of a seed is to show. */
  readonly conditionOf: (seed: number) => Condition;
  readonly guidance?: Guidance | undefined;
  readonly sampler?: SamplerName | undefined;
  readonly eta?: number | undefined;
}

/**
 * Renders the final latents of a schedule with a model, all seeds at once: seed by seed the noise and the condition are
 * the same in every call.
 */
export function renderer<T>(transformer: Transformer<T>, options: RendererOptions): Render {
  checkOptions('renderer', options, { stepsOf: true, conditionOf: true, guidance: true, sampler: true, eta: true });
  const { stepsOf, conditionOf, ...sampling } = options;
  return async (schedule, seeds, signal) => {
    const steps = stepsOf(schedule.pattern.length);
    const plan = checkSchedule(schedule, transformer.topology, steps.count);
    const { latents } = await generate(transformer, {
      ...sampling,
      plan,
      steps,
      conditions: seeds.map(conditionOf),
      seeds,
      signal,
    });
    const size = latents.length / seeds.length;
    return seeds.map((_, i) => latents.subarray(i * size, (i + 1) * size));
  };
}
