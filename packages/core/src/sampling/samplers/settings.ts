import { nameOf, numberOf, refuse } from '../../untrusted/json-reader.ts';
import { checkOptions } from '../../untrusted/options.ts';

/**
 * The path from noise to image that a model was trained on, and what the model calls the time there.
 *
 * - `"diffusion"`: the path of a forward process by betas, which keeps the variance. The time is a training timestep.
 * - `"flow"`: the straight one, as diffusers has it for flow matching. The time is the share of noise times the
 *   training timesteps; a velocity leads to the noise.
 * - `"sit"`: the straight one, as SiT has it (Ma et al., 2024). The time is the share of the image, 0 to 1; a velocity
 *   leads to the image.
 */
export const PATHS = ['diffusion', 'flow', 'sit'] as const;
export type Path = (typeof PATHS)[number];
export type StraightPath = Exclude<Path, 'diffusion'>;

/**
 * What a model's output is.
 *
 * - `"epsilon"`: the noise in the latent (Ho et al., 2020).
 * - `"sample"`: the clean image.
 * - `"velocity"`: the direction of the path at the latent's level (`Level.velocity`): diffusers' `v_prediction` on a
 *   variance-preserving path, the target of flow matching on a straight one.
 */
export const PREDICTION_KINDS = ['epsilon', 'sample', 'velocity'] as const;
export type PredictionKind = (typeof PREDICTION_KINDS)[number];

/** The samplers by name. */
export const SAMPLER_NAMES = ['ddim', 'ddpm', 'dpm++', 'unipc', 'euler', 'lcm', 'heun', 'euler-maruyama'] as const;
export type SamplerName = (typeof SAMPLER_NAMES)[number];

/** The samplers that go along a path; the first is the one that is taken unless another is asked for. */
export function samplersOf(path: Path = 'diffusion'): readonly [SamplerName, ...SamplerName[]] {
  nameOf({ value: path, place: 'path', code: 'invalid-input' }, PATHS);
  if (path === 'diffusion') return ['ddim', 'ddpm', 'dpm++', 'unipc', 'euler', 'lcm'];
  return ['euler', 'heun', 'euler-maruyama', 'dpm++', 'unipc'];
}

/**
 * Refuses a sampler that does not go along a path.
 *
 * @throws {ProCacheError} `invalid-input`, with the samplers that do.
 */
export function checkSamplerOf(path: Path, sampler: SamplerName): void {
  nameOf({ value: sampler, place: 'sampler', code: 'invalid-input' }, SAMPLER_NAMES);
  if (samplersOf(path).includes(sampler)) return;
  const problem =
    path === 'diffusion'
      ? `${sampler} goes along straight paths (flow matching, SiT), and the model's is that of a diffusion by betas`
      : `${sampler} goes along the path of a diffusion by betas, and the model's is straight (flow matching, SiT)`;
  refuse('sampler', `${problem}; use ${samplersOf(path).join(', ')}`, 'invalid-input');
}

/** Whether a sampler adds noise on the way, so that an image depends on more than the noise that it begins with. */
export function injectsNoise(sampler: SamplerName, eta: number = 0): boolean {
  nameOf({ value: sampler, place: 'sampler', code: 'invalid-input' }, SAMPLER_NAMES);
  numberOf({ value: eta, place: 'eta', code: 'invalid-input' }, 0, 1);
  switch (sampler) {
    case 'ddim':
      return eta > 0;
    case 'ddpm':
    case 'lcm':
    case 'euler-maruyama':
      return true;
    case 'dpm++':
    case 'unipc':
    case 'euler':
    case 'heun':
      return false;
  }
}

/**
 * The variance of a step of DDPM.
 *
 * - `"learned-range"`: the model says where it lies between the two below (Nichol and Dhariwal, 2021, Eq. 15).
 * - `"fixed-small"`: that of the posterior, the lower bound.
 * - `"fixed-large"`: beta, the upper bound.
 */
export const VARIANCES = ['learned-range', 'fixed-small', 'fixed-large'] as const;
export type Variance = (typeof VARIANCES)[number];

/** Refuses a variance that there is not; it may be left out. */
export function checkVariance(variance: unknown, place: string): void {
  if (variance !== undefined) nameOf({ value: variance, place, code: 'invalid-input' }, VARIANCES);
}

/** How much noise Euler-Maruyama adds at a share t of the image and s = 1 - t of noise, times the norm n. */
export const DIFFUSION_FORMS = ['sigma', 'linear', 'decreasing'] as const;
export type DiffusionForm = (typeof DIFFUSION_FORMS)[number];

/** How Euler-Maruyama ends, by the names of SiT. */
export const LAST_STEPS = ['mean', 'tweedie', 'euler', 'none'] as const;
export type LastStep = (typeof LAST_STEPS)[number];

/** The settings of Euler-Maruyama; names and defaults are those of SiT's code. */
export interface SdeSettings {
  /**
   * The diffusion coefficient w: `"sigma"`, the default, and `"linear"` are n · s, which are the same on a straight
   * path; `"decreasing"` is (n · cos(π t) + 1)² / 4.
   */
  readonly form?: DiffusionForm | undefined;
  /** n, 0 to 100; 1 unless given. */
  readonly norm?: number | undefined;
  /**
   * What follows the noisy updates: `"mean"`, the default, is one of them without its noise; `"tweedie"` is the clean
   * image that the model sees, and `"euler"` an update of the ODE, which on a straight path leads there too; after
   * `"none"` of them the noise of the last update stays.
   */
  readonly lastStep?: LastStep | undefined;
  /** The share of noise that is left for the last step, 0.0001 to 0.9999; 0.04 unless given. */
  readonly lastStepSize?: number | undefined;
}

/** The other forms of SiT's code, and why they are not here. */
const REFUSED_FORMS: ReadonlyMap<unknown, string> = new Map([
  ['SBDM', 'is not finite at the noise that every image begins with'],
  ['constant', "ends in an error in SiT's own code"],
  ['increasing-decreasing', "ends in an error in SiT's own code"],
]);

/**
 * Refuses settings of Euler-Maruyama that there are not. Those that pick the steps are checked where steps are made.
 *
 * @throws {ProCacheError} `invalid-input`, with the name of the setting.
 */
export function checkSde(sde: SdeSettings): void {
  const code = 'invalid-input';
  checkOptions('sde', sde, { form: true, norm: true, lastStep: true, lastStepSize: true });
  const { form, norm, lastStep, lastStepSize } = sde;
  const refused = REFUSED_FORMS.get(form);
  if (refused !== undefined)
    refuse('sde.form', `"${String(form)}" ${refused}; there are ${DIFFUSION_FORMS.join(', ')}`, code);
  if (form !== undefined) nameOf({ value: form, place: 'sde.form', code }, DIFFUSION_FORMS);
  if (norm !== undefined) numberOf({ value: norm, place: 'sde.norm', code }, 0, 100);
  if (lastStep !== undefined) nameOf({ value: lastStep, place: 'sde.lastStep', code }, LAST_STEPS);
  if (lastStepSize === undefined) return;
  numberOf({ value: lastStepSize, place: 'sde.lastStepSize', code }, 1e-4, 0.9999);
  if (lastStep === 'none')
    refuse('sde.lastStepSize', `is ${lastStepSize}, but there is no last step; leave it out`, code);
}
