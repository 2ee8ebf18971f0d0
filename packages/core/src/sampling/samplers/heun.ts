import { euler } from './euler.ts';
import type { Prediction } from './prediction.ts';
import type { SamplerFactory } from './sampler.ts';

/**
 * Heun's method along a straight path, `heun2` of torchdiffeq: of each two steps the first is Euler's, and the second
 * takes it back and goes along the mean of both velocities. The second of the last update sees a clean image.
 */
export const heun: SamplerFactory = (steps, options) => {
  const predicted = euler(steps, options);
  let begun: { readonly latent: Float32Array; readonly said: Prediction } | undefined;
  return (x, said, step) => {
    if (step % 2 === 0) {
      begun = { latent: x, said };
      return predicted(x, said, step);
    }
    const { latent, said: before } = begun!;
    const [from, to] = [steps.levels[step - 1]!, steps.next[step]!];
    const [toImage, toNoise] = [(to.signal - from.signal) / 2, (to.noise - from.noise) / 2];
    return latent.map(
      (value, i) =>
        value + toImage * (before.clean[i]! + said.clean[i]!) + toNoise * (before.noise[i]! + said.noise[i]!),
    );
  };
};
