import type { Spelling } from '@procache/core';
import { describe, expect, it } from 'vitest';
import { defaultsOf } from './known-model.ts';
import { type AskedProcess, processOf, scaleOf } from './process.ts';
import type { OptionName } from './spelling.ts';
import { CLASSES, DEFAULTS, knownModel, SMALL_TEXTS } from './testing/small-models.ts';

const betas = knownModel();
const sit = knownModel({ defaults: { ...DEFAULTS, path: 'sit', rule: 'uniform', sampler: 'euler' } });
const flags: Spelling<OptionName> = (option) => `--${option.replace('.', '-')}`;

describe('processOf', () => {
  it("is the model's own where nothing is asked for", () => {
    const { stepsOf, ...process } = processOf({}, betas);
    expect(process).toEqual({ sampler: 'ddim', eta: 0, rule: 'original', sde: undefined, scale: 4 });
    expect(stepsOf(5).timesteps).toHaveLength(5);
    expect(processOf({}, sit)).toMatchObject({ sampler: 'euler', rule: 'uniform' });
  });

  it("picks timesteps as a chosen sampler's own code does, where they are not the model's", () => {
    const pixart = knownModel({ defaults: { ...DEFAULTS, rule: 'time-uniform', sampler: 'dpm++' } });
    const piped = knownModel({ defaults: { ...DEFAULTS, rule: 'trailing', sampler: 'unipc' } });
    const rulesBy = (known: typeof betas) =>
      ['ddim', 'ddpm', 'dpm++', 'unipc', 'euler', 'lcm'].map((sampler) => processOf({ sampler }, known).rule);
    expect(rulesBy(betas)).toEqual(['original', 'original', 'linspace', 'linspace', 'linspace', 'distilled']);
    expect(rulesBy(pixart)).toEqual(['original', 'original', 'time-uniform', 'linspace', 'linspace', 'distilled']);
    expect(rulesBy(piped)).toEqual(['trailing', 'trailing', 'linspace', 'trailing', 'linspace', 'distilled']);
    expect(processOf({ sampler: 'dpm++', timesteps: 'original' }, betas).stepsOf(5).timesteps.at(-1)).toBe(0);
    expect(processOf({ sampler: 'dpm++' }, sit)).toMatchObject({ sampler: 'dpm++', rule: 'uniform' });
  });

  it('settles all that there is to say of Euler-Maruyama', () => {
    const asked = { sampler: 'euler-maruyama', sde: { norm: 2 } };
    expect(processOf(asked, sit).sde).toEqual({ form: 'sigma', norm: 2, lastStep: 'mean', lastStepSize: 0.04 });
    expect(processOf({ ...asked, sde: { lastStep: 'none' } }, sit).sde).toEqual({
      form: 'sigma',
      norm: 1,
      lastStep: 'none',
    });
  });

  it.each<[string, AskedProcess, typeof betas]>([
    ["sampler: there is no sampler 'dim'; there are ddim, ddpm", { sampler: 'dim' }, betas],
    ['sampler: the sampler dpm++2m is called dpm++ here; there are ddim, ddpm, dpm++', { sampler: 'dpm++2m' }, betas],
    [
      "sampler: heun does not go along the model's path, which is that of a diffusion by betas; there are ddim, ddpm",
      { sampler: 'heun' },
      betas,
    ],
    ["sampler: ddim does not go along the model's path, which is straight", { sampler: 'ddim' }, sit],
    ['eta belongs to the sampler ddim; ddpm adds its own noise, so leave it out', { sampler: 'ddpm', eta: 0.5 }, betas],
    ['eta belongs to the sampler ddim; euler takes none of it, so leave it out', { eta: 0 }, sit],
    ['eta belongs to the sampler ddim; dpm++ takes none of it', { sampler: 'dpm++', eta: 0 }, betas],
    [
      'timesteps time-uniform: it is not for the sampler unipc; there are linspace, leading, trailing',
      { sampler: 'unipc', timesteps: 'time-uniform' },
      betas,
    ],
    ['timesteps original: it is not for the sampler lcm', { sampler: 'lcm', timesteps: 'original' }, betas],
    ["timesteps uniform: the model's path is that of a diffusion by betas", { timesteps: 'uniform' }, betas],
    ['sde.form belongs to sampler euler-maruyama; add it, or leave this out', { sde: { form: 'sigma' } }, betas],
    [
      'sde.lastStepSize belongs to a last step, and to timesteps uniform; add it, or leave this out',
      { sampler: 'euler-maruyama', sde: { lastStep: 'none', lastStepSize: 0.1 } },
      sit,
    ],
    ['sde.norm: ', { sampler: 'euler-maruyama', sde: { norm: 101 } }, sit],
    ['sde: unknown key "nrom"; did you mean "norm"?', { sampler: 'euler-maruyama', sde: { nrom: 1 } as object }, sit],
    ['guidance: ', { guidance: NaN }, betas],
  ])('says %s', (message, asked, known) => {
    expect(() => processOf(asked, known)).toThrow(message);
  });

  it('names options as they were given', () => {
    expect(() => processOf({ sde: { norm: 1 } }, betas, flags)).toThrow(
      '--sde-norm belongs to --sampler euler-maruyama',
    );
    const sde = { norm: 101 };
    expect(() => processOf({ sampler: 'euler-maruyama', sde }, sit, flags)).toThrow(/^--sde-norm: /);
    expect(() => processOf({}, betas, flags).stepsOf(2000)).toThrow(/^--steps 2000: /);
  });
});

describe('scaleOf', () => {
  const without = knownModel({ takes: { ...CLASSES, unconditional: undefined } });

  it('is what is asked for, else what is advised, else 4; 1 of a model that was trained without', () => {
    expect(scaleOf(2, betas)).toBe(2);
    expect(scaleOf(undefined, { ...betas, recommended: { guidance: 1.5 } })).toBe(1.5);
    expect([betas, without].map((known) => scaleOf(undefined, known))).toEqual([4, 1]);
    expect(scaleOf(1, without)).toBe(1);
    expect(scaleOf(3, knownModel({ takes: SMALL_TEXTS }))).toBe(3);
  });

  it('refuses guidance where there is no image without a class', () => {
    expect(() => scaleOf(2, without, flags)).toThrow(
      '--guidance: small knows no image without a class, which guidance needs; use --guidance 1',
    );
  });
});

describe('defaultsOf', () => {
  it('says what is done where nothing is asked for', () => {
    expect(defaultsOf(betas)).toEqual({ steps: 50, guidance: 4, sampler: 'ddim', timesteps: 'original' });
    const pixart = { ...DEFAULTS, rule: 'time-uniform', sampler: 'dpm++', steps: 20, guidance: 4.5 } as const;
    const defaults = { steps: 20, guidance: 4.5, sampler: 'dpm++', timesteps: 'time-uniform' };
    expect(defaultsOf(knownModel({ defaults: pixart }))).toEqual(defaults);
    expect(defaultsOf({ ...sit, recommended: { steps: 20 } })).toMatchObject({ steps: 20, sampler: 'euler' });
  });
});
