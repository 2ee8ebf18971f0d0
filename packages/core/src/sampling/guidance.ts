import { ProCacheError } from '../errors.ts';
import { checkNumber } from '../untrusted/numbers.ts';
import { checkOptions } from '../untrusted/options.ts';
import type { Denoiser } from './denoiser.ts';
import { checkShape, type LatentShape } from './latent-shape.ts';

/** A scale far beyond all that draws anything; the noise that it is multiplied with stays finite. */
export const MAX_GUIDANCE = 1e6;

export interface GuidanceOptions {
  readonly shape: LatentShape;
  /**
   * How many of the output's first channels are guided. The model says it: `guidanceChannels` of its defaults.
   *
   * diffusers guides all that the latent has, the original DiT the first 3 of the output (`forward_with_cfg`, "for
   * exact reproducibility reasons"), those of a variance among them where the latent has fewer. The channels after
   * them are the conditional image's.
   */
  readonly channels: number;
}

/**
 * Classifier-free guidance (Ho and Salimans, 2022) as a wrapper: a denoiser of 2n images as a denoiser of n.
 *
 * The wrapped denoiser sees every latent twice, first the conditional images, then the
 * unconditional ones (`doubled`). Its output is
 * `unconditional + scale * (conditional - unconditional)`, so a scale of 1 is the conditional
 * model at twice the price: leave the wrapper out, and the unconditional half with it.
 *
 * @throws {ProCacheError} `invalid-input` for a scale beyond 1e6, channels that there are not, or an output of the
 * wrong size.
 */
export function guided(denoise: Denoiser, scale: number, options: GuidanceOptions): Denoiser {
  checkOptions('guided', options, { shape: true, channels: true });
  const { shape, channels } = options;
  checkShape(shape);
  checkNumber(scale, 'scale');
  checkNumber(channels, 'channels');
  if (!(Math.abs(scale) <= MAX_GUIDANCE)) {
    throw new ProCacheError(
      'invalid-input',
      `the guidance scale is ${scale}; use a number, mostly 1.5 to 8, at most ${MAX_GUIDANCE}`,
    );
  }
  if (!Number.isInteger(channels) || channels < 1 || channels > shape.outChannels) {
    throw new ProCacheError(
      'invalid-input',
      `cannot guide ${channels} of ${shape.outChannels} output channels; use 1 to ${shape.outChannels}`,
    );
  }
  const pixels = shape.height * shape.width;
  const stride = shape.outChannels * pixels;
  const guidedPart = channels * pixels;
  return async (latent, step) => {
    const both = await denoise(twice(latent), step); // [2 * images, outChannels, height, width]
    const length = (latent.length / shape.channels) * shape.outChannels;
    if (both.length !== 2 * length) {
      throw new ProCacheError(
        'invalid-input',
        `the model returned ${both.length} numbers, where guidance expects ${2 * length}: ` +
          `${shape.outChannels} channels for each latent twice; check the shape`,
      );
    }
    const output = both.slice(0, length);
    for (let i = 0; i < length; i++) {
      const unconditional = both[length + i]!;
      if (i % stride < guidedPart) output[i] = unconditional + scale * (both[i]! - unconditional);
    }
    return output; // [images, outChannels, height, width]
  };
}

function twice(latent: Float32Array): Float32Array {
  const both = new Float32Array(2 * latent.length);
  both.set(latent);
  both.set(latent, latent.length);
  return both;
}
