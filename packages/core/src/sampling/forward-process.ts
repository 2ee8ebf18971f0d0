import { ProCacheError } from '../errors.ts';
import { nameOf, objectOf } from '../untrusted/json-reader.ts';
import { checkNumber, checkNumbers, checkSwitch } from '../untrusted/numbers.ts';

/** The most training timesteps of a forward process; published ones have up to 4000. */
export const MAX_TRAIN_TIMESTEPS = 100_000;

/** How the betas of a forward process rise, by the names of diffusers. */
export const BETA_SCHEDULES = ['linear', 'scaled_linear', 'squaredcos_cap_v2'] as const;
export type BetaSchedule = (typeof BETA_SCHEDULES)[number];

/**
 * The forward process: how much of the image is left at each training timestep.
 *
 * The defaults are those of DDPM (Ho et al., 2020), which DiT and PixArt were trained with.
 */
export interface ForwardProcess {
  readonly trainTimesteps?: number | undefined;
  /**
   * `"scaled_linear"` is linear in the square root of beta (latent diffusion); `"squaredcos_cap_v2"` is the cosine
   * schedule (Nichol and Dhariwal, 2021, Eq. 17), which `betaStart` and `betaEnd` say nothing about.
   */
  readonly betaSchedule?: BetaSchedule | undefined;
  readonly betaStart?: number | undefined;
  readonly betaEnd?: number | undefined;
  /** The betas themselves, one per training timestep, instead of a schedule. */
  readonly trainedBetas?: readonly number[] | undefined;
  /**
   * Whether the betas are rescaled so that nothing of the image is left at the last timestep (Lin et al., 2024,
   * Algorithm 1).
   */
  readonly zeroTerminalSnr?: boolean | undefined;
}

/**
 * ᾱ at each training timestep: the running product of `1 - beta`, in float64.
 *
 * @throws {ProCacheError} `invalid-input` for betas that are no noise schedule.
 */
export function cumulativeAlphas(process: ForwardProcess = {}): readonly number[] {
  checkProcess(process);
  let product = 1;
  const alphas = betasOf(process).map((beta) => (product *= 1 - beta));
  if (!(product > 0)) {
    throw new ProCacheError(
      'invalid-input',
      `the betas leave nothing of the image at timestep ${alphas.indexOf(0)} of ${alphas.length}; ` +
        `most models' rise from 0.0001 to 0.02`,
    );
  }
  return process.zeroTerminalSnr ? withZeroTerminalSnr(alphas) : alphas;
}

/** Refuses a forward process whose parts are of the wrong kind. */
export function checkProcess(process: ForwardProcess): void {
  objectOf({ value: process, place: 'process', code: 'invalid-input' });
  for (const key of ['trainTimesteps', 'betaStart', 'betaEnd'] as const)
    if (process[key] !== undefined) checkNumber(process[key], key);
  if (process.betaSchedule !== undefined)
    nameOf({ value: process.betaSchedule, place: 'betaSchedule', code: 'invalid-input' }, BETA_SCHEDULES);
  if (process.trainedBetas !== undefined) checkNumbers(process.trainedBetas, 'trainedBetas');
  checkSwitch(process.zeroTerminalSnr, 'zeroTerminalSnr');
}

/** The variance that each training timestep adds. */
function betasOf({
  trainTimesteps = 1000,
  betaSchedule = 'linear',
  betaStart = 1e-4,
  betaEnd = 0.02,
  trainedBetas,
}: ForwardProcess): readonly number[] {
  checkTimesteps(trainTimesteps);
  if (trainedBetas) return checkedBetas(trainedBetas, trainTimesteps);
  if (betaSchedule !== 'squaredcos_cap_v2') checkRise(betaStart, betaEnd);
  switch (betaSchedule) {
    case 'linear':
      return ramp(betaStart, betaEnd, trainTimesteps);
    case 'scaled_linear':
      return ramp(Math.sqrt(betaStart), Math.sqrt(betaEnd), trainTimesteps).map((root) => root * root);
    case 'squaredcos_cap_v2':
      return cosineBetas(trainTimesteps);
  }
}

function checkTimesteps(count: number): void {
  if (Number.isInteger(count) && count >= 2 && count <= MAX_TRAIN_TIMESTEPS) return;
  throw new ProCacheError(
    'invalid-input',
    `a forward process has 2 to ${MAX_TRAIN_TIMESTEPS} training timesteps, not ${count}; most models have 1000`,
  );
}

function checkRise(first: number, last: number): void {
  if (0 < first && first <= last && last < 1) return;
  throw new ProCacheError(
    'invalid-input',
    `betas from ${first} to ${last} are no noise schedule; they rise within 0 and 1, most models' from 0.0001 to 0.02`,
  );
}

function checkedBetas(betas: readonly number[], trainTimesteps: number): readonly number[] {
  if (betas.length !== trainTimesteps) {
    throw new ProCacheError(
      'invalid-input',
      `there are ${betas.length} trained betas for ${trainTimesteps} training timesteps; each timestep has one`,
    );
  }
  const wrong = betas.findIndex((beta) => !(beta > 0 && beta < 1));
  if (wrong < 0) return betas;
  throw new ProCacheError(
    'invalid-input',
    `the trained beta of timestep ${wrong} is ${betas[wrong]!}; betas lie within 0 and 1`,
  );
}

/** The cosine schedule, each beta at most 0.999, as `betas_for_alpha_bar` of diffusers writes it. */
function cosineBetas(count: number): readonly number[] {
  const left = (time: number) => Math.cos((((time + 0.008) / 1.008) * Math.PI) / 2) ** 2;
  return Array.from({ length: count }, (_, i) => Math.min(1 - left((i + 1) / count) / left(i / count), 0.999));
}

/** √ᾱ shifted so that the last is 0, and stretched so that the first stays as it is. */
function withZeroTerminalSnr(alphas: readonly number[]): readonly number[] {
  const [first, last] = [Math.sqrt(alphas[0]!), Math.sqrt(alphas.at(-1)!)];
  return alphas.map((alpha) => (((Math.sqrt(alpha) - last) * first) / (first - last)) ** 2);
}

function ramp(first: number, last: number, count: number): readonly number[] {
  const stride = (last - first) / (count - 1);
  return Array.from({ length: count }, (_, i) => (i === count - 1 ? last : first + i * stride));
}
