import { integerOf, listOf, nameOf, numberOf } from '../untrusted/json-reader.ts';
import { checkSwitch } from '../untrusted/numbers.ts';
import { checkOptions } from '../untrusted/options.ts';

/**
 * How a step of order 2 is taken.
 *
 * - `"midpoint"`, `"heun"`: of DPM-Solver++, by the names of diffusers (Lu et al., 2022b, Algorithm 2 and appendix).
 * - `"bh1"`, `"bh2"`: of UniPC, its function B(h): h, or e^h - 1 (Zhao et al., 2023, section 3.3).
 */
export const SOLVER_KINDS = ['midpoint', 'heun', 'bh1', 'bh2'] as const;
export type SolverKind = (typeof SOLVER_KINDS)[number];

/** The most steps at whose end diffusers lowers the order, and PixArt's own code does. */
export const FEW_STEPS = { diffusers: 14, pixart: 9 } as const;

/**
 * The settings of `dpm++`, `unipc` and, as far as they pick levels, `euler` by betas, with diffusers' meaning. Other
 * samplers pass them over, as they do a `variance`.
 */
export interface SolverSettings {
  /** 1 or 2, the default. */
  readonly order?: number | undefined;
  /** Of `dpm++` `"midpoint"` unless given, of `unipc` `"bh2"`; each takes the other's names for its default. */
  readonly kind?: SolverKind | undefined;
  /** Whether the last of few steps is of order 1: of `dpm++` of fewer than 15, of `unipc` always; true unless given. */
  readonly lowerOrderFinal?: boolean | undefined;
  /** Whether the last step of `dpm++` is of order 1 however many there are. */
  readonly eulerAtFinal?: boolean | undefined;
  /** The steps of `unipc` that the next one does not correct. */
  readonly uncorrected?: readonly number[] | undefined;
  /** Whether the levels are those of Karras et al. (2022), Eq. 5 with ρ = 7, between those of the training. */
  readonly karras?: boolean | undefined;
  /** Where the last step leads: to the `"clean"` image, the default, or to the `"least"` noise of the training. */
  readonly end?: SolverEnd | undefined;
  /** Of `dpm++`: timesteps whose log(signal / noise) is less are left out, as of cosine betas. */
  readonly leastLambda?: number | undefined;
}

export const SOLVER_ENDS = ['clean', 'least'] as const;
export type SolverEnd = (typeof SOLVER_ENDS)[number];

/** What a model that was distilled to a few steps (Luo et al., 2023) was distilled with; of `lcm`. */
export interface LcmSettings {
  /** The evenly spaced timesteps that it knows, of which a generation takes some; 50 unless given. */
  readonly originalSteps?: number | undefined;
  /** What timesteps are multiplied by in the boundary condition; 10 unless given. */
  readonly timestepScaling?: number | undefined;
}

/** The settings of LCM where nothing is said: those of diffusers. */
export const USUAL_LCM = { originalSteps: 50, timestepScaling: 10 } as const;

/**
 * Refuses settings of a solver that there are not; they may be left out.
 *
 * @throws {ProCacheError} `invalid-input`, with the name of the setting.
 */
export function checkSolver(solver: SolverSettings | undefined, place: string): void {
  if (solver === undefined) return;
  checkOptions(place, solver, SOLVER_FIELDS);
  const { order, kind, uncorrected, end, leastLambda } = solver;
  const code = 'invalid-input';
  if (order !== undefined) integerOf({ value: order, place: `${place}.order`, code }, 1, 2);
  if (kind !== undefined) nameOf({ value: kind, place: `${place}.kind`, code }, SOLVER_KINDS);
  if (end !== undefined) nameOf({ value: end, place: `${place}.end`, code }, SOLVER_ENDS);
  if (leastLambda !== undefined && leastLambda !== -Infinity)
    numberOf({ value: leastLambda, place: `${place}.leastLambda`, code }, -1e3, 1e3);
  for (const key of ['lowerOrderFinal', 'eulerAtFinal', 'karras'] as const) checkSwitch(solver[key], `${place}.${key}`);
  if (uncorrected !== undefined)
    for (const step of listOf({ value: uncorrected, place: `${place}.uncorrected`, code })) integerOf(step, 0);
}

const SOLVER_FIELDS = {
  order: true,
  kind: true,
  lowerOrderFinal: true,
  eulerAtFinal: true,
  uncorrected: true,
  karras: true,
  end: true,
  leastLambda: true,
} as const;

/** Refuses settings of LCM that there are not; they may be left out. */
export function checkLcm(lcm: LcmSettings | undefined, place: string): void {
  if (lcm === undefined) return;
  checkOptions(place, lcm, { originalSteps: true, timestepScaling: true });
  const { originalSteps, timestepScaling } = lcm;
  const code = 'invalid-input';
  if (originalSteps !== undefined) integerOf({ value: originalSteps, place: `${place}.originalSteps`, code }, 1);
  if (timestepScaling !== undefined) {
    numberOf({ value: timestepScaling, place: `${place}.timestepScaling`, code }, 1e-6, 1e6);
  }
}
