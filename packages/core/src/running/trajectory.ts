import { ProCacheError } from '../errors.ts';
import type { Plan } from '../plan/plan.ts';
import type { Denoiser } from '../sampling/denoiser.ts';
import { checkSteps, type DiffusionSteps } from '../sampling/diffusion-steps.ts';
import { guided } from '../sampling/guidance.ts';
import type { LatentShape } from '../sampling/latent-shape.ts';
import { noiseStreams, seedsOf } from '../sampling/noise.ts';
import { exactSeed, type Seed } from '../sampling/random.ts';
import { sample, type SampledStep, type SampleOptions, samplerFor } from '../sampling/samplers/sample.ts';
import { SAMPLER_NAMES, type SamplerName } from '../sampling/samplers/settings.ts';
import type { Topology } from '../topology.ts';
import { integerOf, listOf, nameOf, numberOf } from '../untrusted/json-reader.ts';
import { checkFloats } from '../untrusted/numbers.ts';
import { checkOptions, type Fields } from '../untrusted/options.ts';
import { checkConditions, checkUnconditional, type Condition, doubled, type Unconditional } from './condition.ts';
import { checkFinite, stepText } from './finite.ts';
import type { StepRecorder } from './statistics.ts';
import type { Transformer } from './transformer.ts';
import { withDenoiser } from './with-denoiser.ts';

/** Classifier-free guidance of one generation. */
export interface Guidance {
  /** 1 is no guidance, at half the price. */
  readonly scale: number;
  /**
   * The condition that stands for "nothing in particular"; or one for each image, where it depends on what the image is
   * to show.
   */
  readonly unconditional: Unconditional;
  /** How many of the output's first channels are guided: see `guided`. */
  readonly channels: number;
}

/** All that images depend on but the plan. */
export interface TrajectoryOptions {
  readonly steps: DiffusionSteps;
  /** What each image is to show. */
  readonly conditions: readonly Condition[];
  readonly guidance?: Guidance | undefined;
  /** By default what the steps say, else `"ddim"`. */
  readonly sampler?: SamplerName | undefined;
  /** Of DDIM: see `SamplerOptions`. */
  readonly eta?: number | undefined;
  /**
   * The seed of each image's noise, so that an image does not depend on the others; 0, 1, 2, ... unless given.
   *
   * Of a seed the lowest 32 bits count, as in PyTorch; what is injected on the way is independent of it
   * (`noiseStreams`).
   */
  readonly seeds?: readonly Seed[] | undefined;
  /** The noise to begin with instead of the seeds', [images, channels, height, width]. */
  readonly noise?: Float32Array | undefined;
}

/** What is done along the way. */
export interface FollowOptions {
  /** Checked before each step; an `AbortSignal` is one. */
  readonly signal?: { throwIfAborted(): void } | undefined;
  /** Records what the model does at each step, guidance not included. */
  readonly recorder?: StepRecorder | undefined;
}

export interface WalkOptions {
  /** The letters of the schedule, for messages. */
  readonly pattern?: string | undefined;
  readonly onStep?: SampleOptions['onStep'];
}

/**
 * One way from noise to images that can be taken again and again: the same noise, conditions, guidance and sampler,
 * whatever the plan. Everything that samples goes through it, so that what is searched is what is drawn.
 */
export interface Trajectory {
  /** The transformer's. */
  readonly topology: Topology;
  readonly steps: number;
  readonly images: number;
  /** Runs the sampler from the trajectory's noise to the final latents, [images, channels, height, width]. */
  sample(denoise: Denoiser, options?: WalkOptions): Promise<Float32Array>;
  /**
   * Lends a denoiser that follows a plan, guidance included. Steps whose features no other step needs may be left out.
   */
  follow<Result>(plan: Plan, use: (denoise: Denoiser) => Promise<Result>, options?: FollowOptions): Promise<Result>;
}

/**
 * The trajectory of some images through a transformer.
 *
 * @throws {ProCacheError} `invalid-input` for conditions, seeds or noise that do not fit.
 */
export function trajectoryOf<T>(transformer: Transformer<T>, options: TrajectoryOptions): Trajectory {
  checkTrajectoryOptions(options);
  const { steps, conditions, guidance, sampler, eta, seeds = seedsOf(0, conditions.length) } = options;
  const { latent: shape } = transformer;
  const images = conditions.length;
  if (seeds.length !== images) {
    throw new ProCacheError(
      'invalid-input',
      `there are ${seeds.length} seeds for ${images} conditions; pass one seed for each image`,
    );
  }
  const streams = noiseStreams(seeds);
  const start =
    options.noise === undefined
      ? streams.start(shape.channels * shape.height * shape.width)
      : checkedNoise(options.noise, shape, images);
  samplerFor(steps, { shape, sampler, eta, noise: streams.injected() }); // refuses before anything is computed
  const guidedBy = guidance !== undefined && guidance.scale !== 1 ? guidance : undefined;
  const batch = {
    timesteps: steps.timesteps,
    images: guidedBy ? doubled(conditions, guidedBy.unconditional) : conditions,
  };
  return {
    topology: transformer.topology,
    steps: steps.count,
    images,
    sample: (denoise, { pattern, onStep } = {}) =>
      sample(denoise, start, steps, {
        shape,
        sampler,
        eta,
        noise: streams.injected(),
        onStep: finiteSteps(images, { pattern, onStep }),
      }),
    follow: (plan, use, { signal, recorder } = {}) => {
      const onEvaluated = recorder?.onEvaluated;
      const options = { transformer, plan, conditions: batch, seed: seeds[0]!, pictures: images, signal, onEvaluated };
      return withDenoiser(options, (denoise) => {
        const own = recorder ? recorder.timed(denoise) : denoise;
        return use(guidedBy ? guided(own, guidedBy.scale, { shape, channels: guidedBy.channels }) : own);
      });
    },
  };
}

function checkedNoise(noise: Float32Array, { channels, height, width }: LatentShape, images: number): Float32Array {
  const size = channels * height * width;
  if (noise.length === images * size) {
    checkFinite(noise, { what: 'the noise', images, way: 'pass normal numbers', code: 'invalid-input' });
    return noise;
  }
  throw new ProCacheError(
    'invalid-input',
    `the noise has ${noise.length} numbers, but ${images} images of ${channels}x${height}x${width} take ` +
      `${images * size}; ` +
      `pass as many images of noise as conditions`,
  );
}

/** What comes after each step, and before it the check that the latent which the step led to is finite. */
function finiteSteps(images: number, { pattern, onStep }: WalkOptions): (event: SampledStep) => void | Promise<void> {
  return (event) => {
    checkFinite(event.latent, { what: `${stepText(event.step, pattern)}: the latent that the step led to`, images });
    return onStep?.(event);
  };
}

/** Every field of such options, for those that take more. */
export const TRAJECTORY_FIELDS: Fields<TrajectoryOptions> = {
  steps: true,
  conditions: true,
  guidance: true,
  sampler: true,
  eta: true,
  seeds: true,
  noise: true,
};

/**
 * Refuses options that it would not read, or could not follow. What fits the model is checked later.
 *
 * @throws {ProCacheError} `invalid-input`, with the name of the option
 */
function checkTrajectoryOptions(options: TrajectoryOptions): void {
  checkOptions('trajectoryOf', options, TRAJECTORY_FIELDS);
  const { steps, conditions, guidance, sampler, eta, seeds, noise } = options;
  checkSteps(steps);
  checkConditions(conditions, 'conditions');
  if (guidance !== undefined) checkGuidance(guidance);
  if (sampler !== undefined) nameOf({ value: sampler, place: 'sampler', code: 'invalid-input' }, SAMPLER_NAMES);
  if (eta !== undefined) numberOf({ value: eta, place: 'eta', code: 'invalid-input' }, 0, 1);
  if (seeds !== undefined)
    for (const { value } of listOf({ value: seeds, place: 'seeds', code: 'invalid-input' })) exactSeed(value as Seed);
  if (noise !== undefined) checkFloats(noise, 'noise');
}

const GUIDANCE_FIELDS: Fields<Guidance> = { scale: true, unconditional: true, channels: true };

function checkGuidance(guidance: Guidance): void {
  checkOptions('guidance', guidance, GUIDANCE_FIELDS);
  numberOf({ value: guidance.scale, place: 'guidance.scale', code: 'invalid-input' }, -Infinity, Infinity);
  checkUnconditional(guidance.unconditional, 'guidance.unconditional');
  integerOf({ value: guidance.channels, place: 'guidance.channels', code: 'invalid-input' }, 1);
}
