import {
  checkSchedule,
  type Condition,
  type DiffusionSteps,
  generate,
  type Guidance,
  type SamplerName,
  type Transformer,
} from '@procache/core';
import { checkOptions, type Fields } from '@procache/core/untrusted';
import type { Render } from './comparison.ts';

export interface RendererOptions {
  /** The sampler's steps for a schedule of so many: a schedule may have fewer, which is what caching has to beat. */
  readonly stepsOf: (count: number) => DiffusionSteps;
  /** What the image of a seed is to show. */
  readonly conditionOf: (seed: number) => Condition;
  readonly guidance?: Guidance | undefined;
  /** What guidance leads an image away from, by what it shows; by default the same for all, as `guidance` says. */
  readonly unconditionalOf?: ((condition: Condition) => Condition) | undefined;
  readonly sampler?: SamplerName | undefined;
  readonly eta?: number | undefined;
}

/**
 * Renders the final latents of a schedule with a model, all seeds at once: seed by seed the noise and the condition are
 * the same in every call.
 */
export function renderer<T>(transformer: Transformer<T>, options: RendererOptions): Render {
  checkOptions('renderer', options, FIELDS);
  const { stepsOf, conditionOf, sampler, eta } = options;
  return async (schedule, seeds, signal) => {
    const steps = stepsOf(schedule.pattern.length);
    const plan = checkSchedule(schedule, transformer.topology, steps.count);
    const conditions = seeds.map(conditionOf);
    const guidance = guidanceFor(options, conditions);
    const { latents } = await generate(transformer, {
      ...{ plan, steps, sampler, eta },
      ...{ conditions, guidance, seeds, signal },
    });
    const size = latents.length / seeds.length;
    return seeds.map((_, i) => latents.subarray(i * size, (i + 1) * size));
  };
}

const FIELDS: Fields<RendererOptions> = {
  stepsOf: true,
  conditionOf: true,
  guidance: true,
  unconditionalOf: true,
  sampler: true,
  eta: true,
};

/** Guidance for images that show such conditions. */
export function guidanceFor(
  { guidance, unconditionalOf }: Pick<RendererOptions, 'guidance' | 'unconditionalOf'>,
  conditions: readonly Condition[],
): Guidance | undefined {
  if (guidance === undefined || unconditionalOf === undefined) return guidance;
  return { ...guidance, unconditional: conditions.map(unconditionalOf) };
}
