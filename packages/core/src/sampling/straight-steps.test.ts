import { describe, expect, it } from 'vitest';
import { type DiffusionOptions, diffusionSteps } from './diffusion.ts';

const close = (numbers: readonly number[]) => numbers.map((number) => expect.closeTo(number, 6) as number);
const noises = (count: number, options: DiffusionOptions) => {
  const { levels, next } = diffusionSteps(count, options);
  return [...levels, next.at(-1)!].map(({ noise }) => noise);
};

describe('diffusionSteps along a straight path', () => {
  it('go from noise to image in equal strides for SiT, to whose model the time is the share of the image', () => {
    expect(diffusionSteps(2, { path: 'sit' })).toEqual({
      count: 2,
      path: 'sit',
      sampler: 'euler',
      prediction: 'velocity',
      timesteps: [0, 0.5],
      levels: [
        { signal: 0, noise: 1, velocity: [1, -1] },
        { signal: 0.5, noise: 0.5, velocity: [1, -1] },
      ],
      next: [
        { signal: 0.5, noise: 0.5, velocity: [1, -1] },
        { signal: 1, noise: 0, velocity: [1, -1] },
      ],
    });
  });

  it('go over the least noise of training for flow matching, to whose model the time is the share of noise', () => {
    const steps = diffusionSteps(3, { path: 'flow' });
    expect(steps.timesteps).toEqual(close([1000, 500.5, 1]));
    expect(steps.levels[0]!.velocity).toEqual([-1, 1]);
    expect(noises(3, { path: 'flow', trainTimesteps: 10 })).toEqual(close([1, 0.55, 0.1, 0]));
    expect(noises(1, { path: 'flow' })).toEqual([1, 0]);
  });

  it('are shifted, the least noise of training twice', () => {
    expect(noises(2, { path: 'flow', shift: 3 })).toEqual(close([1, 0.0089286, 0]));
    expect(noises(2, { path: 'flow', shift: 3, rule: 'uniform' })).toEqual(close([1, 0.75, 0]));
    expect(noises(2, { path: 'sit', shift: 1 })).toEqual([1, 0.5, 0]);
    for (const shift of [0, -1, NaN, 1e9])
      expect(() => diffusionSteps(2, { path: 'flow', shift })).toThrow(`the shift is ${shift}; it is a number above 0`);
  });

  it('of Heun are two for each update: where it begins, and where it ends', () => {
    const steps = diffusionSteps(4, { path: 'sit', sampler: 'heun' });
    expect(steps.timesteps).toEqual([0, 0.5, 0.5, 1]);
    expect(steps.next.map(({ signal }) => signal)).toEqual([0.5, 0.5, 1, 1]);
    expect(() => diffusionSteps(5, { path: 'sit', sampler: 'heun' })).toThrow(
      'heun evaluates the model twice for each update, and each evaluation is a step, so it cannot take 5; use 4 or 6',
    );
    expect(() => diffusionSteps(1, { path: 'sit', sampler: 'heun' })).toThrow('so it cannot take 1; use 2');
  });

  it('of Euler-Maruyama leave some noise to the last step, which is one of them', () => {
    const sampler = 'euler-maruyama';
    expect(noises(3, { path: 'sit', sampler })).toEqual(close([1, 0.52, 0.04, 0]));
    expect(noises(3, { path: 'sit', sampler, sde: { lastStepSize: 0.2 } })).toEqual(close([1, 0.6, 0.2, 0]));
    expect(noises(2, { path: 'sit', sampler, sde: { lastStep: 'none' } })).toEqual([1, 0.5, 0]);
    expect(noises(1, { path: 'sit', sampler, sde: { lastStep: 'none' } })).toEqual([1, 0]);
    expect(noises(3, { path: 'flow', sampler })).toEqual(close([1, 0.5005, 0.001, 0]));
    expect(() => diffusionSteps(1, { path: 'sit', sampler })).toThrow('so it cannot take 1 step; use 2');
    expect(() => diffusionSteps(3, { path: 'flow', sampler, sde: { lastStepSize: 0.1 } })).toThrow(
      'sde.lastStepSize is 0.1, but under the rule "linspace" the last step begins at the last noise level',
    );
  });

  it.each([0, -1, 2.5, NaN, 5000])('are not %d', (count) => {
    expect(() => diffusionSteps(count, { path: 'sit' })).toThrow(
      `cannot take ${count} steps along a straight path; ask for 1 to 4096`,
    );
  });

  it.each([
    [
      { path: 'sit', rule: 'leading' },
      'rule: leading picks timesteps of a diffusion by betas, and the path is straight; use linspace or uniform',
    ],
    [
      { path: 'flow', sampler: 'ddim' },
      "sampler: ddim goes along the path of a diffusion by betas, and the model's is straight",
    ],
    [{ path: 'sit', prediction: 'epsilon' }, 'prediction: a straight path begins at nothing but noise'],
    [{ path: 'sit', prediction: 'sample', sampler: 'heun' }, 'prediction: heun ends at a clean image'],
    [{ path: 'sit', sde: {} }, 'sde: it belongs to the sampler euler-maruyama, and not to euler; leave it out'],
    [{ path: 'curved' }, 'path: "curved" is none of "diffusion", "flow", "sit"'],
    [{ rule: 'uniform' }, 'rule: uniform belongs to straight paths (flow matching, SiT)'],
    [{ sampler: 'heun' }, 'sampler: heun goes along straight paths (flow matching, SiT)'],
    [{ shift: 3 }, 'shift: it belongs to straight paths'],
    [{ sde: {} }, 'sde: it belongs to straight paths'],
  ])('refuse %o, which is of another path', (options, message) => {
    expect(() => diffusionSteps(4, options as DiffusionOptions)).toThrow(message);
  });
});
