import { lambdaOf, orderAt, strideOf } from './history.ts';
import type { SamplerFactory } from './sampler.ts';

/**
 * DPM-Solver++ in several steps (Lu et al., 2022b, Algorithm 2): of order 1 it is DDIM, and of order 2 it leans on the
 * clean image of the step before.
 *
 * `"midpoint"` and `"heun"` are diffusers' `solver_type`s. It is told by levels alone, so it goes along straight paths
 * too.
 */
export const dpmSolver: SamplerFactory = (steps) => {
  const isHeun = steps.solver?.kind === 'heun';
  let before: Float64Array | undefined;
  return (x, { clean }, step) => {
    const { h, ofLatent, ofClean } = strideOf(steps.levels[step]!, steps.next[step]!);
    const last = before;
    before = clean;
    if (orderAt(steps, step) === 1 || last === undefined) {
      return x.map((value, i) => ofLatent * value + ofClean * clean[i]!);
    }
    const h0 = lambdaOf(steps.levels[step]!) - lambdaOf(steps.levels[step - 1]!);
    const ofSlope = isHeun && h !== 0 ? steps.next[step]!.signal * (Math.expm1(-h) / h + 1) : ofClean / 2;
    const lean = (h / h0) * ofSlope; // nothing where the step before began at nothing but noise
    return x.map((value, i) => ofLatent * value + ofClean * clean[i]! + lean * (clean[i]! - last[i]!));
  };
};
