import { checkSchedule, type DiffusionSteps, generate, type Guidance, type SamplerName, type Transformer } from '@procache/core';
import { checkOptions } from '@procache/core/untrusted';
import type { Render } from './comparison.ts';

export interface RendererOptions {
  /** The sampler's steps for a schedule of so many: a schedule may have fewer, which is what caching has to beat. */
  readonly stepsOf: (count: number) => DiffusionSteps;
  readonly labelOf: (seed: number) => number;
  readonly guidance?: Guidance | undefined;
  readonly sampler?: SamplerName | undefined;
  readonly eta?: number | undefined;
}

/** Renders the final latents of a schedule with a model, all seeds at once: seed by seed the noise and the label are the same in every call. */
export function renderer<T>(model: Transformer<T>, options: RendererOptions): Render {
  checkOptions('renderer', options, { stepsOf: true, labelOf: true, guidance: true, sampler: true, eta: true });
  const { stepsOf, labelOf, ...sampling } = options;
  return async (schedule, seeds, signal) => {
    const steps = stepsOf(schedule.pattern.length);
    const plan = checkSchedule(schedule, model.topology, steps.count);
    const latents: Float32Array[] = [];
    for (const run of runsOf(seeds)) {
      const { latents: made } = await generate(model, { ...sampling, plan, steps, labels: run.map(labelOf), seed: run[0]!, signal });
      const size = made.length / run.length;
      run.forEach((_, i) => latents.push(made.subarray(i * size, (i + 1) * size)));
    }
    return latents;
  };
}

/** Runs of consecutive seeds: the images of a generation have consecutive seeds. */
function runsOf(seeds: readonly number[]): readonly (readonly number[])[] {
  const runs: number[][] = [];
  for (const seed of seeds) {
    const run = runs.at(-1);
    if (run && seed === run.at(-1)! + 1) run.push(seed);
    else runs.push([seed]);
  }
  return runs;
}
