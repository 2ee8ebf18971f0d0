import { ddim } from './ddim.ts';
import type { SamplerFactory } from './sampler.ts';

/**
 * Euler's method along a straight path: DDIM without noise, which knows of no path in particular.
 *
 * On such a path the image and the noise that the model sees make its velocity, image less noise; so mixing them as the
 * next level asks is the same as following the velocity there.
 */
export const euler: SamplerFactory = (steps, options) => ddim(steps, { ...options, eta: 0 });
