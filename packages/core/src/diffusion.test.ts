import { describe, expect, it } from 'vitest';
import { cumulativeAlphas, diffusionSteps } from './diffusion.ts';

describe('cumulativeAlphas', () => {
  // Printed by test/diffusion.py.
  it.each([
    [{}, { 0: 0.9999, 1: 0.9997800920720721, 20: 0.9937354285721993, 499: 0.07858724288177821, 958: 9.087136175311652e-5, 999: 4.0358297653756754e-5 }],
    [
      { betaSchedule: 'scaled_linear', betaStart: 0.00085, betaEnd: 0.012 },
      { 0: 0.99915, 1: 0.9982960278384514, 20: 0.981314362200552, 499: 0.27766965045646763, 979: 0.005912769761263187, 999: 0.004660098513077234 },
    ],
  ] as const)('agrees with Python: %o', (process, expected) => {
    const alphas = cumulativeAlphas(process);
    expect(alphas).toHaveLength(1000);
    for (const [timestep, alpha] of Object.entries(expected)) expect(alphas[Number(timestep)]! / alpha).toBeCloseTo(1, 13);
  });

  it('refuses betas that are no noise schedule', () => {
    expect(() => cumulativeAlphas({ betaStart: 0.02, betaEnd: 1e-4 })).toThrow('betas from 0.02 to 0.0001');
    expect(() => cumulativeAlphas({ trainTimesteps: 1 })).toThrow('at least 2 training timesteps, not 1');
  });
});

describe('diffusionSteps', () => {
  const alphas = cumulativeAlphas();

  it('leads each original step to the next, and the last to a clean image', () => {
    const steps = diffusionSteps(50);
    expect(steps.count).toBe(50);
    expect(steps.timesteps.slice(0, 2)).toEqual([999, 979]);
    expect(steps.alphas[0]).toBe(alphas[999]);
    expect(steps.previousAlphas).toEqual([...steps.alphas.slice(1), 1]);
  });

  it('has the ᾱ of the betas that SpacedDiffusion recomputes', () => {
    const { alphas: taken, previousAlphas } = diffusionSteps(50);
    const betas = taken.map((alpha, i) => 1 - alpha / previousAlphas[i]!).reverse();
    let product = 1;
    const respaced = betas.map((beta) => (product *= 1 - beta)).reverse();
    respaced.forEach((alpha, i) => expect(alpha / taken[i]!).toBeCloseTo(1, 13));
  });

  it('goes back by the floored stride under the rules of diffusers', () => {
    const steps = diffusionSteps(50, { rule: 'linspace' });
    expect(steps.timesteps[1]).toBe(979);
    expect(steps.previousAlphas[1]).toBe(alphas[959]); // not 958, where the next step is
    expect(steps.previousAlphas.at(-1)).toBe(1);
    const offset = diffusionSteps(20, { rule: 'leading', stepsOffset: 1 });
    expect(offset.previousAlphas.slice(-2)).toEqual([alphas[1], 1]);
    expect(diffusionSteps(20, { rule: 'leading', setAlphaToOne: false }).previousAlphas.at(-1)).toBe(alphas[0]);
  });

  it('loses image at every step towards the noise', () => {
    for (const rule of ['original', 'original-ddim', 'leading', 'trailing', 'linspace'] as const) {
      const { alphas: taken, previousAlphas } = diffusionSteps(25, { rule });
      taken.forEach((alpha, i) => expect(alpha).toBeLessThan(previousAlphas[i]!));
    }
  });
});
