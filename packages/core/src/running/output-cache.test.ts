import { describe, expect, it } from 'vitest';
import type { Denoiser } from '../sampling/denoiser.ts';
import { cachedOutput } from './output-cache.ts';

/** A model whose output is a polynomial in the step, and that counts its calls. */
function polynomial(...coefficients: number[]): { denoise: Denoiser; calls: number[] } {
  const calls: number[] = [];
  const denoise: Denoiser = async (latent, step) => {
    calls.push(step);
    return latent.map((_, i) => (i + 1) * coefficients.reduceRight((sum, coefficient) => sum * step + coefficient, 0));
  };
  return { denoise, calls };
}

async function walk(denoise: Denoiser, steps: number): Promise<number[]> {
  const outputs: number[] = [];
  for (let step = 0; step < steps; step++) outputs.push((await denoise(new Float32Array(2), step))[1]!);
  return outputs;
}

describe('cachedOutput', () => {
  it('asks the model where the pattern computes, and holds its output elsewhere', async () => {
    const { denoise, calls } = polynomial(1, 1);
    expect(await walk(cachedOutput(denoise, '#..#.'), 5)).toEqual([2, 2, 2, 8, 8]);
    expect(calls).toEqual([0, 3]);
  });

  it('is the model where everything is computed', async () => {
    const { denoise } = polynomial(3, -1, 2);
    expect(await walk(cachedOutput(denoise, '####', { order: 2 }), 4)).toEqual(await walk(denoise, 4));
  });

  it.each([
    ['taylor', 1],
    ['lagrange', 1],
    ['lagrange', 2],
    ['lagrange', 3],
  ] as const)(
    '%s of order %d is exact on a polynomial of that degree, once it has the history',
    async (forecast, order) => {
      const { denoise } = polynomial(...[2, -1, 0.5, 0.25].slice(0, order + 1));
      const outputs = await walk(cachedOutput(denoise, '#.#..##..#..', { order, forecast }), 12);
      const exact = await walk(denoise, 12);
      for (const step of [10, 11]) expect(outputs[step]).toBeCloseTo(exact[step]!, 3);
    },
  );

  it('falls back to the highest order that the history allows', async () => {
    const { denoise } = polynomial(1, 1);
    expect(await walk(cachedOutput(denoise, '#.#.', { order: 3 }), 4)).toEqual([2, 2, 6, 8]);
  });

  it('refuses patterns that it cannot follow', async () => {
    const { denoise } = polynomial(1);
    expect(() => cachedOutput(denoise, '.#')).toThrow("does not begin with '#'");
    expect(() => cachedOutput(denoise, '#.+.')).toThrow(
      "step 2 is '+', but a model's output is computed ('#') or forecast ('.')",
    );
    expect(() => cachedOutput(denoise, '#.', { order: -1 })).toThrow('order: -1 is not an integer between 0 and 10');
    await expect(cachedOutput(denoise, '#.')(new Float32Array(1), 1)).rejects.toThrow(
      'take its steps in order, from 0',
    );
    await expect(cachedOutput(denoise, '#.')(new Float32Array(1), 2)).rejects.toThrow(
      'step 2 cannot be taken: the pattern has 2 steps',
    );
  });
});
