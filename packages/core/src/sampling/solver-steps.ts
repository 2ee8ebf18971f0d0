import { refuse } from '../untrusted/json-reader.ts';
import { cumulativeAlphas, type ForwardProcess } from './forward-process.ts';
import { type Level, levelOfAlpha } from './level.ts';
import type { SamplerName } from './samplers/settings.ts';
import { FEW_STEPS, type SolverSettings } from './solver-settings.ts';
import { solverOrders } from './solver-orders.ts';
import { roundHalfEven, timestepsOf, type TimestepRule, trailing } from './timesteps.ts';

/** The samplers by betas whose steps each lead to the level of the next. */
export type SolverName = Extract<SamplerName, 'dpm++' | 'unipc' | 'euler'>;

/** Whether a sampler is one of those, where the path is by betas. */
export function isSolver(sampler: SamplerName): sampler is SolverName {
  return sampler === 'dpm++' || sampler === 'unipc' || sampler === 'euler';
}

export interface SolverOptions {
  readonly sampler: SolverName;
  readonly rule: TimestepRule;
  readonly trainTimesteps: number;
  readonly stepsOffset: number;
  readonly solver: SolverSettings;
}

/** What there is to know of the steps of a solver: see `DiffusionSteps`. */
export interface SolverSteps {
  readonly timesteps: readonly number[];
  readonly levels: readonly Level[];
  readonly next: readonly Level[];
  readonly orders?: readonly number[];
  readonly begin?: number;
}

/**
 * The steps of a solver by betas, as diffusers' `DPMSolverMultistepScheduler`, `UniPCMultistepScheduler` and
 * `EulerDiscreteScheduler` take them; under the rule `"time-uniform"` as PixArt's own `DPMS` does, which ends at the
 * least noise that there was in training.
 *
 * Noise is told here by σ = noise / signal. Under `"original"` and `"original-ddim"`, which those schedulers do not
 * have, the timesteps are DiT's.
 *
 * @throws {ProCacheError} `invalid-input` where there are not that many steps, and for settings of another sampler.
 */
export function solverSteps(count: number, forward: ForwardProcess, options: SolverOptions): SolverSteps {
  const { sampler, rule, solver } = options;
  const alphas = solvedAlphas(forward);
  if (rule === 'time-uniform') return uniformSteps(count, alphas, options);
  const sigmas = sigmasOf(alphas);
  const spaced = solverTimesteps(count, alphas, options);
  const own = spaced.map((timestep) => between(sigmas, timestep));
  const grid = solver.karras ? karrasSigmas(count, rangeOf(sampler, own, sigmas)) : own;
  const timesteps = solver.karras ? timestepsAt(grid, sigmas, forward, sampler) : spaced;
  const end = solver.end === 'least' ? leastSigma(options, grid, sigmas) : 0;
  checkFalling([...grid, end], timesteps, solver.end === 'least');
  const levels = [...grid, end].map((sigma) => levelOfAlpha(1 / (1 + sigma ** 2)));
  const steps = { timesteps, levels: levels.slice(0, -1), next: levels.slice(1) };
  if (sampler === 'euler') return { ...steps, ...(rule !== 'leading' && { begin: levels[0]!.noise }) };
  return { ...steps, orders: solverOrders(count, sampler, { solver, few: FEW_STEPS.diffusers, clean: end === 0 }) };
}

/** ᾱ; where nothing of the image is left, a trace of it, as diffusers' solvers have it. */
function solvedAlphas(forward: ForwardProcess): readonly number[] {
  return cumulativeAlphas(forward).map((alpha) => (alpha === 0 ? 2 ** -24 : alpha));
}

/**
 * The noise at each training timestep. diffusers rounds ᾱ to 32 bits, which moves the least noise by 8e-5 of it; the
 * levels of Karras end there.
 */
function sigmasOf(alphas: readonly number[]): readonly number[] {
  return alphas.map(Math.fround).map((alpha) => Math.sqrt((1 - alpha) / alpha));
}

/** The timesteps of a rule: those of diffusers' multistep solvers leave out the last of one more. */
function solverTimesteps(count: number, alphas: readonly number[], options: SolverOptions): readonly number[] {
  const { sampler, rule, trainTimesteps: train, stepsOffset, solver } = options;
  const usual = timestepsOf(count, rule, { trainTimesteps: train, stepsOffset });
  if (rule === 'original' || rule === 'original-ddim') return usual;
  if (sampler === 'euler') {
    if (rule !== 'linspace') return usual;
    return usual.map((_, i) => ((count - 1 - i) * (train - 1)) / Math.max(1, count - 1));
  }
  const last = lastTimestep(alphas, sampler === 'dpm++' ? solver.leastLambda : undefined);
  if (rule === 'linspace')
    return usual.map((_, i) => (i === 0 ? last - 1 : roundHalfEven((count - i) * ((last - 1) / count))));
  if (rule === 'leading') {
    const stride = Math.floor(last / (count + 1));
    const timesteps = usual.map((_, i) => (count - i) * stride + stepsOffset);
    return checkedWithin(timesteps, train, stepsOffset);
  }
  if (last === train) return trailing(count, train);
  return refuse(
    'solver.leastLambda',
    `leaves out the timesteps from ${last} on, where the rule "trailing" would take fewer than ${count} steps; ` +
      'use the rule "linspace"',
    'invalid-input',
  );
}

/** How many timesteps have a log(signal / noise) of at least so much. */
function lastTimestep(alphas: readonly number[], least: number = -Infinity): number {
  return alphas.filter((alpha) => 0.5 * Math.log(alpha / (1 - alpha)) >= least).length;
}

function checkedWithin(timesteps: readonly number[], train: number, offset: number): readonly number[] {
  if (timesteps[0]! < train) return timesteps;
  const problem =
    `the first timestep is ${timesteps[0]!} with an offset of ${offset}, outside 0 to ${train - 1}; ` +
    `use a smaller steps_offset`;
  return refuse('stepsOffset', problem, 'invalid-input');
}

/** A list's value at a place between two of its entries, which is interpolated. */
function between(values: readonly number[], place: number): number {
  const low = Math.min(Math.floor(place), values.length - 2);
  return values[low]! + (place - low) * (values[low + 1]! - values[low]!);
}

/** Between which noises Karras' levels lie: Euler's are those of its timesteps, others' those of the training. */
function rangeOf(sampler: SolverName, own: readonly number[], sigmas: readonly number[]): readonly [number, number] {
  return sampler === 'euler' ? [own[0]!, own.at(-1)!] : [sigmas.at(-1)!, sigmas[0]!];
}

/** Karras et al. (2022), Eq. 5, with ρ = 7. */
function karrasSigmas(count: number, [most, least]: readonly [number, number]): readonly number[] {
  const [from, to] = [most ** (1 / 7), least ** (1 / 7)];
  return Array.from({ length: count }, (_, i) => (from + (i / Math.max(1, count - 1)) * (to - from)) ** 7);
}

/** The timesteps of some noises, interpolated in their logarithms; DPM-Solver and UniPC round them. */
function timestepsAt(
  grid: readonly number[],
  sigmas: readonly number[],
  { betaSchedule }: ForwardProcess,
  sampler: SolverName,
): readonly number[] {
  const logs = sigmas.map(Math.log);
  const exact = grid.map((sigma) => {
    const log = Math.log(sigma);
    const above = logs.findIndex((each) => each > log);
    const low = above < 0 ? logs.length - 2 : Math.max(0, above - 1);
    const share = (log - logs[low]!) / (logs[low + 1]! - logs[low]!);
    return low + Math.min(Math.max(share, 0), 1);
  });
  const isRounded = sampler === 'unipc' || (sampler === 'dpm++' && betaSchedule !== 'squaredcos_cap_v2');
  return isRounded ? exact.map(roundHalfEven) : exact;
}

/** The noise that is left at the end: that of timestep 0, and of UniPC's Karras levels their last. */
function leastSigma({ sampler, solver }: SolverOptions, grid: readonly number[], sigmas: readonly number[]): number {
  return sampler === 'unipc' && solver.karras ? grid.at(-1)! : sigmas[0]!;
}

/** Refuses steps that lead nowhere; only the last may, to the least noise where it is already. */
function checkFalling(sigmas: readonly number[], timesteps: readonly number[], mayStay: boolean): void {
  const stuck = sigmas.findIndex((sigma, i) => i > 0 && !(sigma < sigmas[i - 1]!));
  if (stuck < 0 || (mayStay && stuck === sigmas.length - 1)) return;
  const count = timesteps.length;
  refuse(
    'steps',
    `of ${count} steps, step ${stuck - 1} at timestep ${timesteps[stuck - 1]!} leads to no less noise; ` +
      'take fewer steps',
    'invalid-input',
  );
}

/**
 * PixArt's continuous time: log √ᾱ is interpolated between timesteps, and the last step ends at timestep 0, not at the
 * clean image.
 */
function uniformSteps(count: number, alphas: readonly number[], options: SolverOptions): SolverSteps {
  const { trainTimesteps, solver } = options;
  const timesteps = timestepsOf(count, 'time-uniform', { trainTimesteps });
  const logs = alphas.map(Math.log);
  const levels = [...timesteps, 0].map((timestep) => levelOfAlpha(Math.exp(between(logs, timestep))));
  const orders = solverOrders(count, 'dpm++', { solver, few: FEW_STEPS.pixart, clean: false });
  return { timesteps, levels: levels.slice(0, -1), next: levels.slice(1), orders };
}
