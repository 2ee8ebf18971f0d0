import { ProCacheError } from '../errors.ts';
import { MAX_STEPS } from '../limits.ts';
import { refuse } from '../untrusted/json-reader.ts';
import { MAX_TRAIN_TIMESTEPS } from './forward-process.ts';
import { type Level, straightLevel } from './level.ts';
import type { SamplerName, SdeSettings, StraightPath } from './samplers/settings.ts';
import { solverOrders } from './solver-orders.ts';
import { FEW_STEPS, type SolverSettings } from './solver-settings.ts';

/**
 * How the noise levels of a straight path are picked.
 *
 * - `"linspace"`: as diffusers' `FlowMatchEulerDiscreteScheduler` does: evenly from all noise to the least that there
 *   was in training, and from there to none. Of `dpm++` and `unipc` as those of diffusers do for flow matching
 *   (`use_flow_sigmas`): evenly down from a trace of the image.
 * - `"uniform"`: as SiT does: in equal strides from noise to image.
 */
export const STRAIGHT_RULES = ['linspace', 'uniform'] as const;
export type StraightRule = (typeof STRAIGHT_RULES)[number];

export interface StraightOptions {
  readonly path: StraightPath;
  readonly rule: StraightRule;
  readonly sampler: SamplerName;
  readonly trainTimesteps: number;
  /** Above 1 there are more steps where there is much noise: see `shifted`. */
  readonly shift: number;
  readonly sde: SdeSettings | undefined;
  readonly solver?: SolverSettings | undefined;
}

/** What there is to know of each step: see `DiffusionSteps`. */
export interface StraightSteps {
  readonly timesteps: readonly number[];
  readonly levels: readonly Level[];
  readonly next: readonly Level[];
  readonly orders?: readonly number[];
}

/**
 * The steps along a straight path, one for each evaluation of the model: Euler's method and Euler-Maruyama evaluate it
 * once for each update, Heun's twice, where the update begins and where Euler's would end.
 *
 * @throws {ProCacheError} `invalid-input` for a number of steps, a shift or settings that there are not.
 */
export function straightSteps(count: number, options: StraightOptions): StraightSteps {
  checkCount(count, options);
  const { path, sampler, trainTimesteps } = options;
  const towards = path === 'sit' ? 'image' : 'noise';
  const grid = signalsOf(sampler === 'heun' ? count / 2 : count, options).map((signal) =>
    straightLevel(signal, towards),
  );
  const [froms, tos] = [grid.slice(0, -1), grid.slice(1)];
  const levels = sampler === 'heun' ? froms.flatMap((from, i) => [from, tos[i]!]) : froms;
  const next = sampler === 'heun' ? tos.flatMap((to) => [to, to]) : tos;
  return {
    ...(isMultistep(sampler) && { orders: ordersOf(count, options, grid[0]!) }),
    timesteps: levels.map(({ signal, noise }) => (path === 'sit' ? signal : noise * trainTimesteps)),
    levels,
    next,
  };
}

/** The shares of the image from update to update: one more than there are updates, from 0 to 1. */
function signalsOf(updates: number, { rule, trainTimesteps, shift, sampler, sde }: StraightOptions): readonly number[] {
  checkShift(shift);
  checkTimesteps(trainTimesteps);
  const signals = (count: number, noiseAt: (i: number) => number) =>
    Array.from({ length: count }, (_, i) => 1 - shifted(noiseAt(i), shift));
  if (rule === 'linspace' && isMultistep(sampler)) {
    const stride = (1 - 1 / trainTimesteps) / updates; // diffusers' `use_flow_sigmas`
    return [...signals(updates, (i) => (updates - i) * stride), 1];
  }
  if (rule === 'linspace') {
    const least = shifted(1 / trainTimesteps, shift); // diffusers shifts it twice: here, and with the others
    return [...signals(updates, (i) => (updates === 1 ? 1 : 1 + (i * (least - 1)) / (updates - 1))), 1];
  }
  const { lastStep = 'mean', lastStepSize = 0.04 } = sde ?? {};
  if (sampler !== 'euler-maruyama' || lastStep === 'none') return signals(updates + 1, (i) => 1 - i / updates);
  return [...signals(updates, (i) => 1 - (i * (1 - lastStepSize)) / (updates - 1)), 1];
}

/** The order of each step of a multistep solver; all of them end at the clean image. */
function ordersOf(count: number, { sampler, solver = {} }: StraightOptions, first: Level): readonly number[] {
  if (solver.kind === 'bh1' && sampler === 'unipc' && first.signal === 0) {
    const problem = '"bh1" is infinity times nothing where a path begins at nothing but noise; use "bh2"';
    refuse('solver.kind', problem, 'invalid-input');
  }
  const multistep = sampler === 'unipc' ? 'unipc' : 'dpm++';
  return solverOrders(count, multistep, { solver, few: FEW_STEPS.diffusers, clean: true });
}

function isMultistep(sampler: SamplerName): boolean {
  return sampler === 'dpm++' || sampler === 'unipc';
}

/** A share of noise, shifted as Esser et al. (2024, Eq. 23) do. */
function shifted(noise: number, shift: number): number {
  return shift === 1 ? noise : (shift * noise) / (1 + (shift - 1) * noise);
}

function checkShift(shift: number): void {
  if (shift > 0 && shift <= 1000) return;
  throw new ProCacheError(
    'invalid-input',
    `the shift is ${shift}; it is a number above 0, at most 1000, and 1 for none`,
  );
}

function checkTimesteps(count: number): void {
  if (Number.isInteger(count) && count >= 1 && count <= MAX_TRAIN_TIMESTEPS) return;
  throw new ProCacheError(
    'invalid-input',
    `there are ${count} training timesteps on a straight path; use 1 to ${MAX_TRAIN_TIMESTEPS}, mostly 1000`,
  );
}

function checkCount(count: number, { sampler, rule, sde }: StraightOptions): void {
  if (!Number.isInteger(count) || count < 1 || count > MAX_STEPS) {
    throw new ProCacheError(
      'invalid-input',
      `cannot take ${count} steps along a straight path; ask for 1 to ${MAX_STEPS}`,
    );
  }
  if (sampler === 'heun' && count % 2 === 1) {
    const near = count === 1 ? '2' : `${count - 1} or ${count + 1}`;
    throw new ProCacheError(
      'invalid-input',
      `heun evaluates the model twice for each update, and each evaluation is a step, so it cannot take ` +
        `${count}; use ${near}`,
    );
  }
  if (sampler === 'euler-maruyama') checkLastStep(count, rule, sde ?? {});
}

function checkLastStep(count: number, rule: StraightRule, { lastStep, lastStepSize }: SdeSettings): void {
  if (lastStep !== 'none' && count === 1) {
    throw new ProCacheError(
      'invalid-input',
      'euler-maruyama takes an update and a last step at least, so it cannot take 1 step; use 2',
    );
  }
  if (lastStepSize !== undefined && rule === 'linspace') {
    throw new ProCacheError(
      'invalid-input',
      `sde.lastStepSize is ${lastStepSize}, but under the rule "linspace" the last step begins at the last ` +
        `noise level; ` +
        `leave it out, or take the rule "uniform"`,
    );
  }
}
