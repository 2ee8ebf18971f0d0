import {
  checkedSteps,
  type Denoiser,
  type DiffusionSteps,
  guided,
  type Guidance,
  noiseStreams,
  planOf,
  ProCacheError,
  sampleDdim,
  sampleDdpm,
  type SamplerName,
  type Schedule,
  type Transformer,
  withDenoiser,
} from '@procache/core';
import { checkOptions } from '@procache/core/untrusted';
import type { Signal } from '../scoring/evaluator.ts';

/** One generation that can be taken again and again: the same noise, labels and guidance, whatever the schedule. */
export interface Trajectory {
  readonly steps: number;
  readonly images: number;
  /** Runs the sampler from the trajectory's noise to the final latents. */
  sample(denoise: Denoiser): Promise<Float32Array>;
  /** Lends a denoiser that follows a schedule, guidance included. Steps whose features no other step needs may be left out. */
  follow<Result>(schedule: Schedule, use: (denoise: Denoiser) => Promise<Result>): Promise<Result>;
}

export interface TrajectoryOptions {
  readonly steps: DiffusionSteps;
  /** One image per seed. */
  readonly seeds: readonly number[];
  readonly labelOf: (seed: number) => number;
  readonly guidance?: Guidance | undefined;
  readonly sampler?: SamplerName | undefined;
  readonly eta?: number | undefined;
  readonly signal?: Signal | undefined;
}

/** The trajectory of some seeds through a model. */
export function trajectoryOf<T>(model: Transformer<T>, options: TrajectoryOptions): Trajectory {
  checkOptions('trajectoryOf', options, { steps: true, seeds: true, labelOf: true, guidance: true, sampler: true, eta: true, signal: true });
  const { steps, seeds, labelOf, guidance, sampler = steps.sampler ?? 'ddim', eta = 0, signal } = options;
  if (seeds.length === 0) throw new ProCacheError('invalid-input', 'there is no seed to record; pass one or more');
  const { latent: shape } = model;
  const streams = noiseStreams(seeds);
  const noise = streams.start(shape.channels * shape.height * shape.width);
  const labels = seeds.map(labelOf);
  const guide = guidance !== undefined && guidance.scale !== 1 ? guidance : undefined;
  const conditions = { timesteps: steps.timesteps, labels: guide ? [...labels, ...labels.map(() => guide.unconditional)] : labels };
  return {
    steps: steps.count,
    images: seeds.length,
    sample(denoise) {
      const injected = streams.injected();
      const shared = { shape, noise: injected, onStep: checkedSteps({ images: seeds.length }) };
      return sampler === 'ddpm' ? sampleDdpm(denoise, noise, steps, shared) : sampleDdim(denoise, noise, steps, { ...shared, eta });
    },
    follow: (schedule, use) =>
      withDenoiser({ model, plan: planOf(schedule, model.topology), conditions, seed: seeds[0]!, pictures: seeds.length, signal }, (denoise) =>
        use(guide ? guided(denoise, guide.scale, { shape, channels: guide.channels }) : denoise),
      ),
  };
}
