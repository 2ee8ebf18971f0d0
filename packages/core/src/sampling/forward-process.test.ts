import { describe, expect, it } from 'vitest';
import { cumulativeAlphas } from './forward-process.ts';

describe('cumulativeAlphas', () => {
  // Printed by test/diffusion.py.
  it.each([
    [
      {},
      {
        0: 0.9999,
        1: 0.9997800920720721,
        20: 0.9937354285721993,
        499: 0.07858724288177821,
        958: 9.087136175311652e-5,
        999: 4.0358297653756754e-5,
      },
    ],
    [
      { betaSchedule: 'scaled_linear', betaStart: 0.00085, betaEnd: 0.012 },
      {
        0: 0.99915,
        1: 0.9982960278384514,
        20: 0.981314362200552,
        499: 0.27766965045646763,
        979: 0.005912769761263187,
        999: 0.004660098513077234,
      },
    ],
  ] as const)('agrees with Python: %o', (process, expected) => {
    const alphas = cumulativeAlphas(process);
    expect(alphas).toHaveLength(1000);
    for (const [timestep, alpha] of Object.entries(expected))
      expect(alphas[Number(timestep)]! / alpha).toBeCloseTo(1, 13);
  });

  it('refuses betas that are no noise schedule', () => {
    expect(() => cumulativeAlphas({ betaStart: 0.02, betaEnd: 1e-4 })).toThrow('betas from 0.02 to 0.0001');
    expect(() => cumulativeAlphas({ trainTimesteps: 1 })).toThrow('2 to 100000 training timesteps, not 1');
    expect(() => cumulativeAlphas({ trainTimesteps: 1e9 })).toThrow('2 to 100000 training timesteps, not 1000000000');
    expect(() => cumulativeAlphas({ betaStart: 0.999, betaEnd: 0.999 })).toThrow(
      'the betas leave nothing of the image at timestep 107 of 1000',
    );
    expect(() => cumulativeAlphas({ trainTimesteps: 3, trainedBetas: [0.1, 0.2] })).toThrow(
      'there are 2 trained betas for 3 training timesteps',
    );
    expect(() => cumulativeAlphas({ trainTimesteps: 2, trainedBetas: [0.1, NaN] })).toThrow(
      'the trained beta of timestep 1 is NaN',
    );
  });

  it('takes the betas of a training as they are', () => {
    expect(cumulativeAlphas({ trainTimesteps: 3, trainedBetas: [0.1, 0.5, 0.2], betaStart: 7 })).toEqual([
      0.9,
      0.45,
      0.45 * 0.8,
    ]);
  });

  it('leaves no signal at the last timestep where it is told so, and all of the first one', () => {
    const [plain, rescaled] = [cumulativeAlphas(), cumulativeAlphas({ zeroTerminalSnr: true })];
    expect(rescaled.at(-1)).toBe(0);
    expect(rescaled[0]! / plain[0]!).toBeCloseTo(1, 14);
    for (let i = 1; i < 1000; i++) expect(rescaled[i]!).toBeLessThan(rescaled[i - 1]!);
  });
});
