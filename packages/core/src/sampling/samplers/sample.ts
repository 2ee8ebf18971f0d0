import { ProCacheError } from '../../errors.ts';
import { checkFloats, checkNumber } from '../../untrusted/numbers.ts';
import { checkOptions, type Fields } from '../../untrusted/options.ts';
import type { Denoiser } from '../denoiser.ts';
import { checkSteps, type DiffusionSteps } from '../diffusion-steps.ts';
import { checkShape, type LatentShape } from '../latent-shape.ts';
import { checkClip, type Clip } from './clip.ts';
import { ddim } from './ddim.ts';
import { ddpm } from './ddpm.ts';
import { dpmSolver } from './dpm-solver.ts';
import { eulerMaruyama } from './euler-maruyama.ts';
import { euler } from './euler.ts';
import { heun } from './heun.ts';
import { lcm } from './lcm.ts';
import { predictionOf } from './prediction.ts';
import type { Sampler, SamplerFactory, SamplerOptions } from './sampler.ts';
import { checkSamplerOf, checkVariance, type SamplerName, samplersOf } from './settings.ts';
import { unipc } from './unipc.ts';

const SAMPLERS: Readonly<Record<SamplerName, SamplerFactory>> = {
  ddim,
  ddpm,
  'dpm++': dpmSolver,
  unipc,
  euler,
  lcm,
  heun,
  'euler-maruyama': eulerMaruyama,
};

/** A sampler, and what it is made from. */
export interface ChosenSampler extends SamplerOptions {
  /** By default what the steps say, else `"ddim"`. */
  readonly sampler?: SamplerName | undefined;
}

export interface SampleOptions extends ChosenSampler {
  /** By default what the steps say, which is mostly no clamping: latents have no range. */
  readonly clip?: Clip | undefined;
  /** Called after each step; awaited. */
  readonly onStep?: ((event: SampledStep) => void | Promise<void>) | undefined;
}

/** A step that was taken: an evaluation of the model. Both are only to be read, [images, channels, height, width]. */
export interface SampledStep {
  readonly step: number;
  /** The latent that the step led to; of the first step of an update of two, where Euler's method would have led. */
  readonly latent: Float32Array;
  /** The image that the model saw in the latent before, as its prediction tells it: what a preview shows. */
  readonly clean: Float32Array;
}

/**
 * Samples: from a latent of noise, step by step, to the clean latent, which it returns. Only reads the latent that it
 * is given, [images, channels, height, width].
 *
 * @throws {ProCacheError} `invalid-input` for settings that the sampler cannot use, noise that is missing, or sizes
 * that do not fit.
 */
export async function sample(
  denoise: Denoiser,
  latent: Float32Array,
  steps: DiffusionSteps,
  options: SampleOptions,
): Promise<Float32Array> {
  checkOptions('sample', options, FIELDS);
  checkSteps(steps);
  const { shape, onStep, clip = steps.clip } = options;
  checkFloats(latent, 'latent');
  checkShape(shape);
  checkClip(clip, 'clip');
  checkLatent(latent, shape);
  const next = samplerFor(steps, options);
  const kind = steps.prediction ?? 'epsilon';
  let x = begun(latent, steps.begin);
  for (let step = 0; step < steps.count; step++) {
    const said = predictionOf(await denoise(x, step), x, steps.levels[step]!, { shape, kind, clip });
    x = next(x, said, step);
    await onStep?.({ step, latent: x, clean: Float32Array.from(said.clean) });
  }
  return x;
}

/** The noise as the steps begin with it. */
function begun(latent: Float32Array, begin: number = 1): Float32Array {
  return begin === 1 ? latent : latent.map((value) => begin * value);
}

/**
 * Makes the sampler of one generation.
 *
 * @throws {ProCacheError} `invalid-input` for a sampler that the steps are not for, and settings that it cannot use.
 */
export function samplerFor(steps: DiffusionSteps, options: ChosenSampler): Sampler {
  const { path = 'diffusion' } = steps;
  const made = steps.sampler ?? samplersOf(path)[0];
  const { sampler = made, eta = 0, variance } = options;
  checkNumber(eta, 'eta');
  checkVariance(variance, 'variance');
  checkSamplerOf(path, sampler);
  if (sampler !== made && !(areAlike(sampler) && areAlike(made))) {
    throw new ProCacheError(
      'invalid-input',
      `sampler: the steps were made for ${made}, and those of ${sampler} are others; ` +
        `make them with diffusionSteps and "sampler": "${sampler}"`,
    );
  }
  if (eta !== 0 && sampler !== 'ddim') {
    throw new ProCacheError('invalid-input', `eta is ${eta}, but only ddim has one, and not ${sampler}; leave it out`);
  }
  return SAMPLERS[sampler](steps, options);
}

/** Whether the steps of a sampler are those of DDIM, which serve DDPM too. */
function areAlike(sampler: SamplerName): boolean {
  return sampler === 'ddim' || sampler === 'ddpm';
}

const FIELDS: Fields<SampleOptions> = {
  shape: true,
  sampler: true,
  eta: true,
  variance: true,
  clip: true,
  noise: true,
  onStep: true,
};

/** Checks that a latent holds whole images of this shape. */
function checkLatent(latent: Float32Array, { channels, height, width }: LatentShape): void {
  if (latent.length === 0 || latent.length % (channels * height * width) !== 0) {
    throw new ProCacheError(
      'invalid-input',
      `a latent of ${latent.length} numbers is not made of images of ${channels}x${height}x${width} = ` +
        `${channels * height * width}; ` +
        `pass [images, channels, height, width]`,
    );
  }
}
