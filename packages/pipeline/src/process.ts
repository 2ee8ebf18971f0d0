import {
  checkSde,
  type DiffusionSteps,
  diffusionSteps,
  injectsNoise,
  ProCacheError,
  rulesOf,
  SAMPLER_NAMES,
  type SamplerName,
  samplersOf,
  type SdeSettings,
  type Spelling,
  STRAIGHT_RULES,
  TIMESTEP_RULES,
} from '@procache/core';
import { numberOf, refuse, shownName, textOf } from '@procache/core/untrusted';
import type { SamplingDefaults } from '@procache/model';
import { defaultsOf, type KnownModel } from './known-model.ts';
import { asRequested, type OptionName, spelled } from './spelling.ts';

/** How to get from noise to an image, as far as it is asked for. */
export interface AskedProcess {
  /** By default that of the model's pipeline, else the first of its path. */
  readonly sampler?: string | undefined;
  /** Of DDIM: how much fresh noise each step adds, 0 to 1; 0 unless given. */
  readonly eta?: number | undefined;
  /** How timesteps are picked; by default as the model's own code does. */
  readonly timesteps?: SamplingDefaults['rule'] | undefined;
  /** Of Euler-Maruyama. */
  readonly sde?: SdeSettings | undefined;
  /** The scale of classifier-free guidance, 1 for none; by default what is advised, else 4. */
  readonly guidance?: number | undefined;
}

/** How a model gets from noise to an image, in however many steps. */
export interface Process {
  readonly sampler: SamplerName;
  readonly eta: number;
  readonly rule: SamplingDefaults['rule'];
  /** Of Euler-Maruyama, all that there is to say. */
  readonly sde: SdeSettings | undefined;
  /** Of classifier-free guidance; 1 is none. */
  readonly scale: number;
  /** For so many evaluations of the model, each of which has a letter in a schedule. */
  readonly stepsOf: (count: number) => DiffusionSteps;
}

/** The samplers of other tools, so that who asks for one learns that it is not a typing mistake. */
const MISSING: Readonly<Record<string, string>> = {
  'dpm++2m': 'is called dpm++ here',
  'dpm-solver++': 'is called dpm++ here',
  'dpmsolver++': 'is called dpm++ here',
  heun2: 'is called heun here',
  dopri5: 'chooses itself how often it evaluates the model, which a schedule has to know beforehand',
};

/**
 * Settles how a model gets from noise to an image: what is asked for, against its defaults.
 *
 * @throws {ProCacheError} `invalid-input` for what does not go along the path that the model was trained on, for
 * settings of another sampler, and for guidance where the model was trained without.
 */
export function processOf(asked: AskedProcess, known: KnownModel, spell: Spelling<OptionName> = asRequested): Process {
  const { defaults } = known.model;
  const sampler = samplerOf(asked, defaults, spell);
  const rule = ruleOf(asked, { defaults, sampler, spell });
  const sde = sdeOf(asked, { sampler, rule, spell });
  return {
    sampler,
    eta: asked.eta ?? 0,
    rule,
    sde,
    scale: scaleOf(asked.guidance, known, spell),
    stepsOf: (count) => stepsOf(count, { ...defaults, sampler, rule, sde }, spell),
  };
}

/**
 * The scale of guidance: what is asked for, else what is advised; 1 for a model that was trained without.
 *
 * @throws {ProCacheError} `invalid-input` where guidance is asked of such a model.
 */
export function scaleOf(
  asked: number | undefined,
  known: KnownModel,
  spell: Spelling<OptionName> = asRequested,
): number {
  const { name, model } = known;
  if (asked === undefined) return defaultsOf(known).guidance;
  numberOf({ value: asked, place: spell('guidance'), code: 'invalid-input' }, -Infinity, Infinity);
  if (asked === 1 || model.takes.unconditional !== undefined || model.takes.kind === 'texts') return asked;
  return refuse(
    spell('guidance'),
    `${name} knows no image without a class, which guidance needs; use ${spell('guidance')} 1`,
    'invalid-input',
  );
}

function samplerOf(
  { sampler: asked, eta }: AskedProcess,
  { path, sampler: usual }: SamplingDefaults,
  spell: Spelling<OptionName>,
): SamplerName {
  const names = samplersOf(path);
  if (asked !== undefined) textOf({ value: asked, place: spell('sampler'), code: 'invalid-input' });
  const found = asked === undefined ? (usual ?? names[0]) : SAMPLER_NAMES.find((name) => name === asked);
  if (!found) {
    const known = MISSING[asked!];
    const problem =
      known === undefined ? `there is no sampler '${shownName(asked!)}'` : `the sampler ${asked!} ${known}`;
    return refuse(spell('sampler'), `${problem}; there are ${names.join(', ')}`, 'invalid-input');
  }
  if (!names.includes(found)) {
    const problem = `${found} does not go along the model's path, which is ${pathText(path)}`;
    return refuse(spell('sampler'), `${problem}; there are ${names.join(', ')}`, 'invalid-input');
  }
  if (eta === undefined || found === 'ddim') return found;
  const noise = injectsNoise(found) ? 'adds its own noise' : 'takes none of it';
  throw new ProCacheError(
    'invalid-input',
    `${spell('eta')} belongs to the sampler ddim; ${found} ${noise}, so leave it out`,
  );
}

interface RuleContext {
  readonly defaults: SamplingDefaults;
  readonly sampler: SamplerName;
  readonly spell: Spelling<OptionName>;
}

/** What is asked for, else the model's own; where that is another solver's, the sampler's own. */
function ruleOf({ timesteps }: AskedProcess, { defaults, sampler, spell }: RuleContext): SamplingDefaults['rule'] {
  const { path, rule } = defaults;
  const rules = rulesOf(path, sampler);
  if (timesteps === undefined) return servesAlike(sampler, defaults) && rules.includes(rule) ? rule : rules[0];
  if (rules.includes(timesteps)) return timesteps;
  const known: readonly string[] = [...TIMESTEP_RULES, ...STRAIGHT_RULES];
  const isOfPath = known.includes(timesteps) && (timesteps === 'uniform') !== isByBetas(path);
  const problem = isOfPath ? `it is not for the sampler ${sampler}` : `the model's path is ${pathText(path)}`;
  return refuse(
    `${spell('timesteps')} ${shownName(timesteps)}`,
    `${problem}; there are ${rules.join(', ')}`,
    'invalid-input',
  );
}

/** Whether a sampler goes as the model's own: it is that, or DDIM or DDPM, or the path is straight. */
function servesAlike(sampler: SamplerName, { path, sampler: own = samplersOf(path)[0] }: SamplingDefaults): boolean {
  return sampler === own || !isByBetas(path) || sampler === 'ddim' || sampler === 'ddpm';
}

function pathText(path: SamplingDefaults['path']): string {
  return isByBetas(path) ? 'that of a diffusion by betas' : 'straight (flow matching, SiT)';
}

function isByBetas(path: SamplingDefaults['path']): boolean {
  return path === undefined || path === 'diffusion';
}

interface SdeContext {
  readonly sampler: SamplerName;
  readonly rule: SamplingDefaults['rule'];
  readonly spell: Spelling<OptionName>;
}

function sdeOf({ sde = {} }: AskedProcess, { sampler, rule, spell }: SdeContext): SdeSettings | undefined {
  const given = (Object.keys(sde) as (keyof SdeSettings)[]).filter((name) => sde[name] !== undefined);
  const belongs = (name: keyof SdeSettings, to: string): never => {
    throw new ProCacheError('invalid-input', `${spell(`sde.${name}`)} belongs to ${to}; add it, or leave this out`);
  };
  if (sampler !== 'euler-maruyama') {
    if (given[0] !== undefined) belongs(given[0], `${spell('sampler')} euler-maruyama`);
    return undefined;
  }
  const { form = 'sigma', norm = 1, lastStep = 'mean', lastStepSize } = sde;
  const hasSize = lastStep !== 'none' && rule === 'uniform';
  if (lastStepSize !== undefined && !hasSize)
    belongs('lastStepSize', `a last step, and to ${spell('timesteps')} uniform`);
  spelled(spell, () => checkSde(sde));
  return { form, norm, lastStep, ...(hasSize && { lastStepSize: lastStepSize ?? 0.04 }) };
}

function stepsOf(
  count: number,
  options: Parameters<typeof diffusionSteps>[1],
  spell: Spelling<OptionName>,
): DiffusionSteps {
  try {
    return diffusionSteps(count, options);
  } catch (cause) {
    if (!(cause instanceof ProCacheError)) throw cause;
    throw new ProCacheError(cause.code, `${spell('steps')} ${count}: ${cause.message}`, { cause });
  }
}
