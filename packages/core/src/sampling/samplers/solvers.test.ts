import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Denoiser } from '../denoiser.ts';
import { diffusionSteps } from '../diffusion.ts';
import type { DiffusionSteps } from '../diffusion-steps.ts';
import type { LatentShape } from '../latent-shape.ts';
import { gaussians } from '../random.ts';
import { sample, samplerFor } from './sample.ts';
import type { SamplerName } from './settings.ts';

// That they take the steps that diffusers and PixArt's own code take is in `golden-samplers.test.ts` of `model`.

const shape: LatentShape = { channels: 1, outChannels: 1, height: 4, width: 4 };
const start = gaussians(3)(16);
const SPREAD = 0.7;

/** What the best of all models says of images that are normal numbers of this spread: its trajectories are known. */
const knows =
  ({ levels, prediction = 'epsilon' }: DiffusionSteps): Denoiser =>
  (latent, step) => {
    const { signal, noise, velocity } = levels[step]!;
    const variance = (signal * SPREAD) ** 2 + noise ** 2;
    return Promise.resolve(
      latent.map((x) => {
        const [clean, eps] = [(signal * SPREAD ** 2 * x) / variance, (noise * x) / variance];
        return prediction === 'epsilon' ? eps : velocity[0] * clean + velocity[1] * eps;
      }),
    );
  };

/** How far a sampler ends from where that trajectory leads, as a share of it. */
async function errorOf(steps: DiffusionSteps): Promise<number> {
  const found = await sample(knows(steps), start, steps, { shape });
  const spread = ({ signal, noise }: { signal: number; noise: number }) => Math.hypot(signal * SPREAD, noise);
  const factor = ((steps.begin ?? 1) * spread(steps.next.at(-1)!)) / spread(steps.levels[0]!);
  return (
    Math.max(...found.map((x, i) => Math.abs(x - factor * start[i]!))) / (factor * Math.max(...start.map(Math.abs)))
  );
}

describe('the order of the solvers', () => {
  const end = { solver: { end: 'least', lowerOrderFinal: false } } as const;

  it.each([
    ['dpm++', 'midpoint'],
    ['dpm++', 'heun'],
    ['unipc', 'bh1'],
    ['unipc', 'bh2'],
  ] as const)('%s, %s: errors fall with the square of the steps', async (sampler, kind) => {
    const solver = { ...end.solver, kind, karras: sampler === 'dpm++' };
    const rule = sampler === 'dpm++' ? 'linspace' : 'trailing';
    const [few, many] = [
      await errorOf(diffusionSteps(40, { sampler, rule, solver })),
      await errorOf(diffusionSteps(80, { sampler, rule, solver })),
    ];
    expect(few / many).toBeGreaterThan(3);
  });

  it('of order 1 it is DDIM, and so is Euler by betas', async () => {
    const first = diffusionSteps(10, { sampler: 'dpm++', solver: { order: 1 } });
    const [ones, euler] = [
      await sample(knows(first), start, first, { shape }),
      diffusionSteps(10, { sampler: 'euler' }),
    ];
    const ddim = await sample(knows(first), start, { ...first, sampler: 'ddim' }, { shape });
    ones.forEach((x, i) => expect(x).toBeCloseTo(ddim[i]!, 6));
    expect(first.orders).toEqual(Array.from({ length: 10 }, () => 1));
    const found = await sample(knows(euler), start, euler, { shape });
    const begun = start.map((x) => euler.begin! * x);
    const plain = { ...euler, begin: undefined, sampler: 'ddim' } as const;
    expect(found).toEqual(await sample(knows(euler), begun, plain, { shape }));
  });

  it('few steps are nearer than those of DDIM', async () => {
    const of = (sampler: SamplerName) => errorOf(diffusionSteps(20, { sampler, rule: 'linspace' }));
    const ddim = await of('ddim');
    for (const sampler of ['dpm++', 'unipc'] as const) expect(await of(sampler)).toBeLessThan(ddim / 5);
  });
});

describe('the orders of steps', () => {
  const ordersOf = (count: number, options: object = {}) =>
    diffusionSteps(count, { sampler: 'dpm++', ...options }).orders!.join('');

  it('of DPM-Solver++ are lowered at a clean end, and at the end of few', () => {
    expect(ordersOf(5)).toBe('12221');
    expect(ordersOf(5, { solver: { lowerOrderFinal: false } })).toBe('12221');
    expect(ordersOf(14, { solver: { end: 'least' } })).toMatch(/21$/);
    expect(ordersOf(15, { solver: { end: 'least' } })).toMatch(/22$/);
    expect(ordersOf(15, { solver: { end: 'least', eulerAtFinal: true } })).toMatch(/21$/);
    expect([9, 10].map((count) => ordersOf(count, { rule: 'time-uniform' }).at(-1))).toEqual(['1', '2']);
  });

  it('of UniPC are lowered at the end, however many there are', () => {
    expect(ordersOf(4, { sampler: 'unipc' })).toBe('1221');
    expect(ordersOf(4, { sampler: 'unipc', solver: { end: 'least', lowerOrderFinal: false } })).toBe('1222');
  });
});

describe('any number of steps', () => {
  const samplers = ['dpm++', 'unipc', 'euler', 'lcm'] as const;
  const noise = (_: number, length: number) => gaussians(9)(length);

  it.each(samplers)('%s ends at finite numbers, the same each time', async (sampler) => {
    for (const count of sampler === 'lcm' ? [1, 2, 50] : [1, 2, 3, 14, 15, 250, 999]) {
      const steps = diffusionSteps(count, { sampler });
      const once = await sample(knows(steps), start, steps, { shape, noise });
      expect(once.every(Number.isFinite), String(count)).toBe(true);
      expect(await sample(knows(steps), start, steps, { shape, noise })).toEqual(once);
    }
  });

  it.each(['flow', 'sit'] as const)('along the path %s too', async (path) => {
    for (const sampler of ['dpm++', 'unipc'] as const) {
      for (const count of [1, 2, 20]) {
        const steps = diffusionSteps(count, { path, sampler });
        const found = await sample(knows(steps), start, steps, { shape });
        expect(found.every(Number.isFinite), `${sampler} ${count}`).toBe(true);
      }
      const [few, many] = await Promise.all([20, 40].map((count) => errorOf(diffusionSteps(count, { path, sampler }))));
      expect(few! / many!).toBeGreaterThan(1.5);
    }
  });

  it('an image does not depend on the others, nor on a generation before', async () => {
    const one = { channels: 1, outChannels: 1, height: 1, width: 1 };
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('dpm++', 'unipc', 'euler'),
        fc.integer({ min: 1, max: 30 }),
        async (sampler, count) => {
          const steps = diffusionSteps(count, { sampler });
          const together = await sample(knows(steps), start, steps, { shape: one });
          const alone = await sample(knows(steps), start.slice(5, 6), steps, { shape: one });
          expect(together[5]).toBe(alone[0]);
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe('lcm', () => {
  it('finds the image at once, and adds noise to it until the last step', async () => {
    const steps = diffusionSteps(4, { sampler: 'lcm' });
    expect(steps.timesteps).toEqual([999, 759, 499, 259]);
    const next = samplerFor(steps, { shape, noise: () => new Float32Array(16).fill(1) });
    const said = { clean: new Float64Array(16).fill(0.5), noise: new Float64Array(16), variance: undefined };
    const time = 9990; // 999 times 10; the boundary condition leaves 0.25 / (time² + 0.25) of the latent
    const found = 0.25 / (time ** 2 + 0.25) + (0.5 * time) / Math.sqrt(time ** 2 + 0.25);
    const { signal, noise } = steps.levels[1]!;
    expect(next(new Float32Array(16).fill(1), said, 0)[0]).toBeCloseTo(signal * found + noise, 6);
    expect(next(new Float32Array(16), said, 3)[0]).toBeCloseTo(0.5, 6);
  });

  it('begins without noise to add only where there is one step', async () => {
    const sampled = (count: number) => {
      const steps = diffusionSteps(count, { sampler: 'lcm' });
      return sample(knows(steps), start, steps, { shape });
    };
    await expect(sampled(2)).rejects.toThrow('lcm injects noise at each step but the last; pass a noise source');
    expect((await sampled(1)).every(Number.isFinite)).toBe(true);
  });
});

describe('what cannot be followed', () => {
  const dpm = (options: object) => ({ sampler: 'dpm++' as const, ...options });
  const unipc = (solver: object) => ({ sampler: 'unipc' as const, solver });
  it.each([
    [20, unipc({ kind: 'bh1' }), 'solver.kind: "bh1" is infinity times nothing in a last step to the clean image'],
    [20, unipc({ lowerOrderFinal: false }), 'solver.lowerOrderFinal: is false, and the last step to the clean image'],
    [
      20,
      { ...unipc({ kind: 'bh1' }), path: 'sit' as const },
      'solver.kind: "bh1" is infinity times nothing where a path',
    ],
    [20, dpm({ solver: { order: 3 } }), 'solver.order: 3 is not an integer between 1 and 2'],
    [20, dpm({ solver: { kind: 'bh3' } }), 'solver.kind: "bh3" is none of "midpoint", "heun", "bh1", "bh2"'],
    [
      20,
      dpm({ rule: 'trailing', betaSchedule: 'squaredcos_cap_v2', solver: { leastLambda: -5.1 } }),
      'use the rule "linspace"',
    ],
    [1000, dpm({}), 'leads to no less noise; take fewer steps'],
    [
      20,
      { sampler: 'unipc' as const, rule: 'time-uniform' as const },
      'rule: time-uniform does not pick timesteps for the sampler unipc; use linspace,',
    ],
    [20, { rule: 'distilled' as const }, 'rule: distilled does not pick timesteps for the sampler ddim'],
    [51, { sampler: 'lcm' as const }, 'picks its steps out of 50 and cannot take 51; ask for 1 to 50'],
    [4, { sampler: 'lcm' as const, lcm: { originalSteps: 2000 } }, 'cannot be distilled with 2000 of them'],
  ])('%d steps of %j are refused', (count, options, message) => {
    expect(() => diffusionSteps(count, options as never)).toThrow(message);
  });

  it('cosine betas begin where the image can still be seen', () => {
    const cosine = { betaSchedule: 'squaredcos_cap_v2', sampler: 'dpm++' } as const;
    const clipped = diffusionSteps(10, { ...cosine, solver: { leastLambda: -5.1 } });
    expect(clipped.timesteps[0]).toBeLessThan(diffusionSteps(10, cosine).timesteps[0]!);
    const { signal, noise } = clipped.levels[0]!;
    expect(Math.log(signal / noise)).toBeGreaterThanOrEqual(-5.1);
  });
});
