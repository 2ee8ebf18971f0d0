import type { DiffusionSteps } from '../diffusion-steps.ts';
import type { Level } from '../level.ts';

/** What the steps of a solver of several steps have to do with each other. */
export interface Stride {
  /** The step's length in λ = log(signal / noise); infinite where it begins at noise or ends at the clean image. */
  readonly h: number;
  /** What the latent is multiplied by, and what the clean image: signal (e^-h - 1), less nothing. */
  readonly ofLatent: number;
  readonly ofClean: number;
}

/** log(signal / noise), which solvers take for the time. */
export function lambdaOf({ signal, noise }: Level): number {
  return Math.log(signal / noise);
}

/** From one level to another: the exact solution of what is linear (Lu et al., 2022b, Proposition 4.1). */
export function strideOf(from: Level, to: Level): Stride {
  const h = lambdaOf(to) - lambdaOf(from);
  return { h, ofLatent: to.noise / from.noise, ofClean: -to.signal * Math.expm1(-h) };
}

/** The order of a step: what the steps say, else 2 but for the first step, and for one to the clean image. */
export function orderAt({ orders, next }: DiffusionSteps, step: number): number {
  return orders?.[step] ?? (step === 0 || next[step]!.noise === 0 ? 1 : 2);
}
