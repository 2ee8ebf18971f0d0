import { describe, expect, it } from 'vitest';
import { diffusionSteps } from './diffusion.ts';
import { cumulativeAlphas } from './forward-process.ts';
import { levelOfAlpha } from './level.ts';

describe('diffusionSteps', () => {
  const alphas = cumulativeAlphas();

  it('leads each original step to the next, and the last to a clean image', () => {
    const steps = diffusionSteps(50);
    expect(steps.count).toBe(50);
    expect(steps.timesteps.slice(0, 2)).toEqual([999, 979]);
    expect(steps.levels[0]).toEqual(levelOfAlpha(alphas[999]!));
    expect(steps.next).toEqual([...steps.levels.slice(1), levelOfAlpha(1)]);
  });

  it('has the ᾱ of the betas that SpacedDiffusion recomputes', () => {
    const { levels, next } = diffusionSteps(50);
    const betas = levels.map(({ signal }, i) => 1 - (signal / next[i]!.signal) ** 2).reverse();
    let product = 1;
    const respaced = betas.map((beta) => (product *= 1 - beta)).reverse();
    respaced.forEach((alpha, i) => expect(alpha / levels[i]!.signal ** 2).toBeCloseTo(1, 13));
  });

  it('goes back by the floored stride under the rules of diffusers', () => {
    const steps = diffusionSteps(50, { rule: 'linspace' });
    expect(steps.timesteps[1]).toBe(979);
    expect(steps.next[1]).toEqual(levelOfAlpha(alphas[959]!)); // not 958, where the next step is
    expect(steps.next.at(-1)).toEqual(levelOfAlpha(1));
    const offset = diffusionSteps(20, { rule: 'leading', stepsOffset: 1 });
    expect(offset.next.slice(-2)).toEqual([levelOfAlpha(alphas[1]!), levelOfAlpha(1)]);
    expect(diffusionSteps(20, { rule: 'leading', setAlphaToOne: false }).next.at(-1)).toEqual(levelOfAlpha(alphas[0]!));
  });

  it('hands on what a sampler is to do, and nothing that is not said', () => {
    const clip = { range: 1, noise: 'predicted' } as const;
    expect(diffusionSteps(2, { sampler: 'ddpm', clip, variance: 'fixed-small' })).toMatchObject({
      sampler: 'ddpm',
      clip,
      variance: 'fixed-small',
    });
    expect(Object.keys(diffusionSteps(2)).sort()).toEqual(['count', 'levels', 'next', 'timesteps']);
  });

  it('takes no step from nothing but noise', () => {
    const process = { zeroTerminalSnr: true, rule: 'trailing' } as const;
    expect(() => diffusionSteps(4, process)).toThrow(
      'at timestep 999 nothing of the image is left (rescale_betas_zero_snr)',
    );
    expect(diffusionSteps(4, { ...process, rule: 'leading' }).timesteps[0]).toBe(750);
    expect(diffusionSteps(4, { ...process, prediction: 'velocity' }).levels[0]!.signal).toBe(0);
  });

  it('loses image at every step towards the noise', () => {
    for (const rule of ['original', 'original-ddim', 'leading', 'trailing', 'linspace'] as const) {
      const { levels, next } = diffusionSteps(25, { rule });
      levels.forEach(({ signal }, i) => expect(signal).toBeLessThan(next[i]!.signal));
    }
  });
});
