import { withDenoiser } from './denoiser.ts';
import type { DiffusionSteps } from './diffusion.ts';
import { ProCacheError } from './errors.ts';
import { checkedSteps, checkFinite } from './finite.ts';
import { checkGenerateOptions } from './generate-options.ts';
import { guided } from './guidance.ts';
import { type NoiseStreams, noiseStreams, seedsOf } from './noise.ts';
import type { Plan } from './plan.ts';
import type { Seed } from './random.ts';
import { sampleDdim } from './samplers/ddim.ts';
import { sampleDdpm } from './samplers/ddpm.ts';
import type { SampledStep, SamplerName } from './samplers/sampling.ts';
import { recordSteps, type StepRecord } from './statistics.ts';
import type { LatentShape, Transformer } from './transformer.ts';

/** Classifier-free guidance of one generation. */
export interface Guidance {
  /** 1 is no guidance, at half the price. */
  readonly scale: number;
  /** The label that stands for "no class". */
  readonly unconditional: number;
  /** How many of the output's first channels are guided: see `guided`. */
  readonly channels: number;
}

export interface GenerateOptions {
  readonly plan: Plan;
  readonly steps: DiffusionSteps;
  /** One class label per image. */
  readonly labels: readonly number[];
  readonly guidance?: Guidance | undefined;
  /** By default what the steps say, else `"ddim"`. */
  readonly sampler?: SamplerName | undefined;
  /** Of DDIM: see `DdimOptions`. */
  readonly eta?: number | undefined;
  /**
   * Image `i` begins with the noise of seed `seed + i`, so that it does not depend on the others. 0 by default.
   *
   * Of a seed the lowest 32 bits count, as in PyTorch; what is injected on the way is independent of it (`noiseStreams`).
   */
  readonly seed?: Seed | undefined;
  /** The noise to begin with in the place of the seed's, [images, channels, height, width]. */
  readonly noise?: Float32Array | undefined;
  /** Checked before each step; an `AbortSignal` is one. */
  readonly signal?: { throwIfAborted(): void } | undefined;
  /** Called after each step with the latent that it led to; awaited. */
  readonly onStep?: ((event: SampledStep) => void | Promise<void>) | undefined;
  /** A clock in milliseconds; without one, `records` tell no times. */
  readonly now?: (() => number) | undefined;
}

/** What a generation leaves behind. */
export interface Generation {
  /** [images, channels, height, width] */
  readonly latents: Float32Array;
  /** One record per step: see `summarise`. */
  readonly records: readonly StepRecord[];
}

/**
 * Generates images, from noise to clean latents, following a plan.
 *
 * The same options give the same latents, to the last bit, on the same machine.
 *
 * @throws {ProCacheError} for labels, noise or a plan that do not fit; `execution-failed` at the first step whose output
 * or latent is not finite; what the signal throws when it is aborted.
 */
export async function generate<T>(model: Transformer<T>, options: GenerateOptions): Promise<Generation> {
  checkGenerateOptions(options);
  const { plan, steps, labels, guidance, signal } = options;
  const streams = noiseStreams(seedsOf(options.seed ?? 0, labels.length));
  const latent = initialNoise(streams, model.latent, options);
  const isGuided = guidance !== undefined && guidance.scale !== 1;
  const recorder = recordSteps(options.now ?? (() => 0));
  const latents = await withDenoiser(
    {
      model,
      plan,
      conditions: {
        timesteps: steps.timesteps,
        labels: isGuided ? [...labels, ...labels.map(() => guidance.unconditional)] : labels,
      },
      seed: options.seed ?? 0,
      pictures: labels.length,
      signal,
      onEvaluated: recorder.onEvaluated,
    },
    (denoise) => {
      const timed = recorder.timed(denoise);
      const denoiser = isGuided ? guided(timed, guidance.scale, { shape: model.latent, channels: guidance.channels }) : timed;
      const shared = { shape: model.latent, onStep: checkedSteps({ images: labels.length, pattern: plan.pattern, onStep: options.onStep }) };
      const noise = streams.injected();
      switch (options.sampler ?? steps.sampler ?? 'ddim') {
        case 'ddim':
          return sampleDdim(denoiser, latent, steps, { ...shared, noise, eta: options.eta ?? 0 });
        case 'ddpm':
          return sampleDdpm(denoiser, latent, steps, { ...shared, noise });
      }
    },
  );
  return { latents, records: recorder.records };
}

function initialNoise(streams: NoiseStreams, { channels, height, width }: LatentShape, { labels, noise }: GenerateOptions): Float32Array {
  const size = channels * height * width;
  if (noise === undefined) return streams.start(size);
  if (noise.length === labels.length * size) {
    checkFinite(noise, { what: 'the noise', images: labels.length, way: 'pass normal numbers', code: 'invalid-input' });
    return noise;
  }
  throw new ProCacheError(
    'invalid-input',
    `the noise has ${noise.length} numbers, but ${labels.length} images of ${channels}x${height}x${width} take ${labels.length * size}; ` +
      `pass as many images of noise as labels`,
  );
}
