import type { Denoiser } from '../denoiser.ts';
import type { DiffusionSteps } from '../diffusion.ts';
import { ProCacheError } from '../errors.ts';
import { checkNumber } from '../process-check.ts';
import { checkOptions } from '../untrusted/options.ts';
import { checkLatent, checkSampling, clamping, noiseFor, type NoiseSource, type SampleOptions, splitOutput } from './sampling.ts';

export interface DdimOptions extends SampleOptions {
  /** How much of DDPM's noise is injected, 0 to 1: 0, the default, is deterministic, 1 is as random as DDPM. */
  readonly eta?: number;
  /** The injected noise; needed where `eta` is not 0. */
  readonly noise?: NoiseSource;
}

/**
 * DDIM sampling (Song et al., 2021, Eqs. 12 and 16), as `ddim_sample` of Improved DDPM and DiT writes it.
 *
 * Returns the clean latent, and only reads the one it is given, [images, channels, height, width].
 * The arithmetic is float64 per element, rounded to float32 once per step.
 *
 * @throws {ProCacheError} `invalid-input` for an eta outside 0 to 1, noise that is missing, or sizes that do not fit.
 */
export async function sampleDdim(denoise: Denoiser, latent: Float32Array, steps: DiffusionSteps, options: DdimOptions): Promise<Float32Array> {
  checkOptions('sampleDdim', options, { shape: true, eta: true, noise: true, clip: true, onStep: true });
  checkSampling(latent, steps, options);
  const { shape, eta = 0, noise: source, clip = steps.clip, onStep } = options;
  const clamp = clamping(clip);
  checkLatent(latent, shape);
  checkNumber(eta, 'eta');
  checkEta(eta, source);
  let x = latent;
  for (let step = 0; step < steps.count; step++) {
    const { noise } = splitOutput(await denoise(x, step), x.length, shape);
    const [alpha, previous] = [steps.alphas[step]!, steps.previousAlphas[step]!];
    const sigma = eta * Math.sqrt((1 - previous) / (1 - alpha)) * Math.sqrt(1 - alpha / previous); // Eq. 16; 0 at the last step
    const injected = source && sigma > 0 ? noiseFor(step, x, source) : undefined;
    const [recip, recipMinusOne] = [Math.sqrt(1 / alpha), Math.sqrt(1 / alpha - 1)];
    const [toImage, toNoise] = [Math.sqrt(previous), Math.sqrt(1 - previous - sigma ** 2)];

    x = x.map((value, i) => {
      const clean = clamp(recip * value - recipMinusOne * noise[i]!);
      const eps = clip?.noise === 'predicted' ? noise[i]! : (recip * value - clean) / recipMinusOne;
      return toImage * clean + toNoise * eps + sigma * (injected?.[i] ?? 0); // Eq. 12
    });
    await onStep?.({ step, latent: x });
  }
  return x;
}

function checkEta(eta: number, source: NoiseSource | undefined): void {
  if (!(eta >= 0 && eta <= 1)) throw new ProCacheError('invalid-input', `eta is ${eta}; it is 0 for deterministic sampling, and 1 for as much noise as DDPM`);
  if (eta > 0 && !source) {
    throw new ProCacheError('invalid-input', `eta is ${eta}, and that injects noise at each step; pass a noise source, or an eta of 0`);
  }
}
