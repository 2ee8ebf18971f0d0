import type { DiffusionSteps } from '../diffusion-steps.ts';
import { lambdaOf, orderAt, strideOf } from './history.ts';
import type { SamplerFactory } from './sampler.ts';

/**
 * UniPC of order 1 or 2 that predicts the clean image (Zhao et al., 2023, Algorithms 5 to 8): each evaluation first
 * corrects the step that led to it, then predicts the next.
 *
 * An evaluation serves both, so a step is one, as of other samplers. What the correction starts from is the latent
 * that the step before set out from.
 */
export const unipc: SamplerFactory = (steps) => {
  const uncorrected = new Set(steps.solver?.uncorrected);
  let set: { readonly latent: Float64Array | Float32Array; readonly images: readonly Float64Array[] } | undefined;
  return (x, { clean }, step) => {
    const known = set?.images ?? [];
    const latent = set && !uncorrected.has(step - 1) ? corrected(steps, step, set.latent, [clean, ...known]) : x;
    const images = [clean, ...known.slice(0, 1)];
    set = { latent, images };
    return Float32Array.from(predicted(steps, step, latent, images));
  };
};

/** The latent after a step, from that before it and the clean images of this step and the ones before, newest first. */
function predicted(
  steps: DiffusionSteps,
  step: number,
  x: Float64Array | Float32Array,
  [clean, before]: readonly Float64Array[],
): Float64Array {
  const { ofLatent, ofClean, ofBoth, ratio } = halfStep(steps, step);
  const isSecond = orderAt(steps, step) === 2;
  const lean = isSecond ? (0.5 * ofBoth) / ratio : 0;
  return Float64Array.from(x, (value, i) => {
    const plain = ofLatent * value + ofClean * clean![i]!;
    return isSecond ? plain - lean * (before![i]! - clean![i]!) : plain;
  });
}

/** The latent of a step once more, now that its clean image is known: from that of the step before, newest first. */
function corrected(
  steps: DiffusionSteps,
  step: number,
  x: Float64Array | Float32Array,
  [found, clean, before]: readonly Float64Array[],
): Float64Array {
  const { ofLatent, ofClean, ofBoth, ratio, moments } = halfStep(steps, step - 1);
  const isSecond = orderAt(steps, step - 1) === 2;
  const ofBefore = isSecond ? (moments[0] - moments[1]) / (1 - ratio) : 0; // the solution of a system of two
  const ofFound = isSecond ? moments[0] - ofBefore : 0.5;
  return Float64Array.from(x, (value, i) => {
    const plain = ofLatent * value + ofClean * clean![i]!;
    const slope = isSecond ? (ofBefore * (before![i]! - clean![i]!)) / ratio : 0;
    return plain - ofBoth * (slope + ofFound * (found![i]! - clean![i]!));
  });
}

/** What the step `step` takes of what it knows, as diffusers' `multistep_uni_p_bh_update` calls it: B(h) and b. */
function halfStep(steps: DiffusionSteps, step: number) {
  const [from, to] = [steps.levels[step]!, steps.next[step]!];
  const { h, ofLatent, ofClean } = strideOf(from, to);
  const isFirst = steps.solver?.kind === 'bh1';
  const grown = Math.expm1(-h);
  const scale = isFirst ? -h : grown;
  const second = grown / -h - 1;
  const third = second / -h - 0.5;
  return {
    ofLatent,
    ofClean,
    ofBoth: to.signal * scale,
    /** How far back the step before lies, in strides of this one. */
    ratio: step > 0 ? (lambdaOf(steps.levels[step - 1]!) - lambdaOf(from)) / h : 0,
    moments: [second / scale, (2 * third) / scale] as const,
  };
}
