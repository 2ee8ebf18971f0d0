import {
  checkSde,
  ProCacheError,
  SAMPLER_NAMES,
  type SamplerName,
  samplersOf,
  type SdeSettings,
  STRAIGHT_RULES,
  TIMESTEP_RULES,
} from '@procache/core';
import { shownName } from '@procache/core/untrusted';
import type { SamplingDefaults } from '@procache/model';
import { checkBelong } from './belongs.ts';

/** The options that say which steps are taken from noise to an image, and how. */
export interface SamplerFlags {
  readonly sampler?: string;
  readonly eta?: number;
  readonly timesteps?: SamplingDefaults['rule'];
  readonly diffusionForm?: string;
  readonly diffusionNorm?: number;
  readonly lastStep?: SdeSettings['lastStep'];
  readonly lastStepSize?: number;
}

/** What the options come to for a model. */
export interface ChosenSampler {
  readonly sampler: SamplerName;
  readonly eta: number;
  readonly rule: SamplingDefaults['rule'];
  /** Of Euler-Maruyama, all that there is to say. */
  readonly sde: SdeSettings | undefined;
}

/** The samplers of other tools, so that who asks for one learns that it is not a typing mistake. */
const MISSING: Readonly<Record<string, string>> = {
  'dpm++2m': 'is not there yet',
  unipc: 'is not there yet',
  dopri5: 'chooses itself how often it evaluates the model, which a schedule has to know beforehand',
};

/** Refuses what does not go along the path that the model was trained on. */
export function chooseSampler(flags: SamplerFlags, defaults: SamplingDefaults): ChosenSampler {
  const sampler = samplerOf(flags, defaults);
  const rule = ruleOf(flags, defaults);
  return { sampler, eta: flags.eta ?? 0, rule, sde: sdeOf(flags, sampler, rule) };
}

function samplerOf({ sampler: asked, eta }: SamplerFlags, { path, sampler: usual }: SamplingDefaults): SamplerName {
  const names = samplersOf(path);
  const found = asked === undefined ? (usual ?? names[0]) : SAMPLER_NAMES.find((name) => name === asked);
  if (!found) {
    const known = MISSING[asked!];
    const problem =
      known === undefined ? `there is no sampler '${shownName(asked!)}'` : `the sampler ${asked!} ${known}`;
    throw new ProCacheError('invalid-input', `--sampler: ${problem}; there are ${names.join(', ')}`);
  }
  if (eta === undefined || found === 'ddim') return found;
  const noise = path === undefined ? 'adds its own noise' : 'takes none of it';
  throw new ProCacheError('invalid-input', `--eta belongs to the sampler ddim; ${found} ${noise}, so leave it out`);
}

function ruleOf({ timesteps }: SamplerFlags, { path, rule }: SamplingDefaults): SamplingDefaults['rule'] {
  const rules: readonly SamplingDefaults['rule'][] = path === undefined ? TIMESTEP_RULES : STRAIGHT_RULES;
  if (timesteps === undefined || rules.includes(timesteps)) return timesteps ?? rule;
  const what = path === undefined ? 'that of a diffusion by betas' : 'straight (flow matching, SiT)';
  throw new ProCacheError(
    'invalid-input',
    `--timesteps ${timesteps}: the model's path is ${what}; there are ${rules.join(', ')}`,
  );
}

/** The option of each setting of Euler-Maruyama. */
const OPTIONS: Readonly<Record<keyof SdeSettings, string>> = {
  form: '--diffusion-form',
  norm: '--diffusion-norm',
  lastStep: '--last-step',
  lastStepSize: '--last-step-size',
};

function sdeOf(flags: SamplerFlags, sampler: SamplerName, rule: SamplingDefaults['rule']): SdeSettings | undefined {
  const { diffusionForm, diffusionNorm, lastStep = 'mean', lastStepSize } = flags;
  const said = { form: diffusionForm, norm: diffusionNorm, lastStep: flags.lastStep, lastStepSize };
  const given = Object.fromEntries(
    Object.entries(said).map(([name, value]) => [OPTIONS[name as keyof SdeSettings], value]),
  );
  checkBelong(given, '--sampler euler-maruyama', sampler === 'euler-maruyama');
  if (sampler !== 'euler-maruyama') return undefined;
  const hasSize = lastStep !== 'none' && rule === 'uniform';
  checkBelong({ '--last-step-size': lastStepSize }, 'a last step, and to --timesteps uniform', hasSize);
  const form = (diffusionForm ?? 'sigma') as SdeSettings['form'];
  const sde = { form, norm: diffusionNorm ?? 1, lastStep, ...(hasSize && { lastStepSize: lastStepSize ?? 0.04 }) };
  try {
    checkSde(sde);
  } catch (cause) {
    if (!(cause instanceof ProCacheError)) throw cause;
    const message = cause.message.replace(/^sde\.(\w+)/, (_, name: keyof SdeSettings) => OPTIONS[name]);
    throw new ProCacheError('invalid-input', message, { cause });
  }
  return sde;
}
