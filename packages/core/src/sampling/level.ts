import { listOf, nameOf, numberOf, objectOf, type Placed } from '../untrusted/json-reader.ts';

/**
 * What a latent is made of at a step: `x = signal * clean + noise * eps`.
 *
 * All paths from noise to image are told by such levels, and all that a model predicts is told by them as a clean image
 * and a noise (`predictionOf`). So paths, predictions and samplers add up, rather than multiply.
 */
export interface Level {
  readonly signal: number;
  readonly noise: number;
  /** What a model that predicts a velocity means by it here: `velocity[0] * clean + velocity[1] * eps`. */
  readonly velocity: readonly [ofClean: number, ofNoise: number];
}

/**
 * The level of a variance-preserving process, of which `alpha` (ᾱ) is the share of the image in the variance (Ho et
 * al., 2020, Eq. 4). Its velocity is that of Salimans and Ho (2022), diffusers' `v_prediction`.
 *
 * @throws {ProCacheError} `invalid-input` for what is no share.
 */
export function levelOfAlpha(alpha: number): Level {
  numberOf({ value: alpha, place: 'alpha', code: 'invalid-input' }, 0, 1);
  const [signal, noise] = [Math.sqrt(alpha), Math.sqrt(1 - alpha)];
  return { signal, noise, velocity: [-noise, signal] };
}

/**
 * The level of a straight path, at a share `signal` of the image and one minus it of noise. Its velocity leads to the
 * image (SiT) or to the noise (flow matching as diffusers has it).
 */
export function straightLevel(signal: number, towards: 'image' | 'noise'): Level {
  numberOf({ value: signal, place: 'signal', code: 'invalid-input' }, 0, 1);
  nameOf({ value: towards, place: 'towards', code: 'invalid-input' }, ['image', 'noise']);
  return { signal, noise: 1 - signal, velocity: towards === 'image' ? [1, -1] : [-1, 1] };
}

/** Refuses what is no level of a path. */
export function checkLevel({ value, place, code }: Placed): void {
  const { signal, noise, velocity } = objectOf({ value, place, code });
  numberOf({ value: signal, place: `${place}.signal`, code }, 0, 1);
  numberOf({ value: noise, place: `${place}.noise`, code }, 0, 1);
  for (const part of listOf({ value: velocity, place: `${place}.velocity`, code })) numberOf(part, -1, 1);
}
