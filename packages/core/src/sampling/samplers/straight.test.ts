import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { uncached } from '../../methods/uncached.ts';
import { planOf } from '../../plan/lower.ts';
import { generate } from '../../running/generate.ts';
import type { Transformer } from '../../running/transformer.ts';
import type { Denoiser } from '../denoiser.ts';
import type { DiffusionSteps } from '../diffusion-steps.ts';
import { type DiffusionOptions, diffusionSteps } from '../diffusion.ts';
import type { NoiseSource } from '../noise.ts';
import { predictionOf } from './prediction.ts';
import { sample } from './sample.ts';
import { injectsNoise, SAMPLER_NAMES, samplersOf } from './settings.ts';

const shape = { channels: 1, outChannels: 1, height: 1, width: 4 };
const start = Float32Array.of(0.5, -1.25, 2, 0.125);
const noise: NoiseSource = (step, length) => Float32Array.from({ length }, (_, i) => Math.cos(3 * step + i));
const PATHS = ['flow', 'sit'] as const;
const RULES = ['linspace', 'uniform'] as const;

/** Follows a velocity from noise to image at the share of the image, as a model of these steps would say it. */
const following =
  ({ path, levels }: DiffusionSteps, velocity: (x: number, signal: number) => number): Denoiser =>
  async (latent, step) =>
    latent.map((x) => (path === 'sit' ? 1 : -1) * velocity(x, levels[step]!.signal));

/** Knows the one clean image there is, and so sees all else as noise; where none is left, that which there was. */
const knows =
  (image: readonly number[], { path, levels }: DiffusionSteps): Denoiser =>
  async (latent, step) => {
    const { signal, noise: share } = levels[step]!;
    return latent.map((x, i) => {
      const eps = share === 0 ? start[i]! : (x - signal * image[i]!) / share;
      return path === 'sit' ? image[i]! - eps : eps - image[i]!;
    });
  };

describe('the samplers of straight paths', () => {
  it('find the only image there is, whatever the path, the rule and the number of steps', async () => {
    const images = fc.array(fc.float({ min: -2, max: 2, noNaN: true }), { minLength: 4, maxLength: 4 });
    const ends = fc.constantFrom('tweedie' as const, 'euler' as const);
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          count: fc.integer({ min: 1, max: 15 }),
          path: fc.constantFrom(...PATHS),
          rule: fc.constantFrom(...RULES),
        }),
        fc.record({ sampler: fc.constantFrom(...samplersOf('flow')), shift: fc.constantFrom(1, 3), lastStep: ends }),
        images,
        async ({ count, path, rule }, { sampler, shift, lastStep }, image) => {
          const sde = sampler === 'euler-maruyama' ? { lastStep } : undefined;
          const steps = diffusionSteps(2 * count, { path, rule, shift, sampler, sde });
          const found = await sample(knows(image, steps), start, steps, { shape, noise });
          found.forEach((x, i) => expect(x).toBeCloseTo(image[i]!, 3));
        },
      ),
    );
  });

  it('follow a velocity: Euler with an error of the first order in the stride, Heun of the second', async () => {
    const errorOf = async (sampler: 'euler' | 'heun', path: 'flow' | 'sit', updates: number) => {
      const steps = diffusionSteps(sampler === 'heun' ? 2 * updates : updates, { path, rule: 'uniform', sampler });
      const [end] = await sample(
        following(steps, (x, t) => 3 * t ** 2 * x),
        Float32Array.of(1, 1, 1, 1),
        steps,
        { shape },
      );
      return Math.abs(end! - Math.E); // dx/dt = 3 t² x
    };
    for (const path of PATHS) {
      expect((await errorOf('euler', path, 64)) / (await errorOf('euler', path, 128))).toBeCloseTo(2, 0);
      expect((await errorOf('heun', path, 32)) / (await errorOf('heun', path, 64))).toBeCloseTo(4, 0);
      expect(await errorOf('heun', path, 64)).toBeLessThan((await errorOf('euler', path, 128)) / 20);
    }
  });

  it('are the same along both conventions of the path', async () => {
    for (const sampler of samplersOf('sit')) {
      const [flow, sit] = await Promise.all(
        PATHS.map(async (path) => {
          const steps = diffusionSteps(12, { path, rule: 'uniform', sampler });
          return sample(
            following(steps, (x, t) => t - 0.5 * x),
            start,
            steps,
            { shape, noise },
          );
        }),
      );
      flow!.forEach((x, i) => expect(x).toBeCloseTo(sit![i]!, 5));
    }
  });

  it('hand out latent and clean image of each evaluation: of the first of two, where Euler would lead', async () => {
    const steps = diffusionSteps(6, { path: 'sit', sampler: 'heun' });
    const denoise = following(steps, (x, t) => t - x);
    const seen: Float32Array[] = [];
    const cleans: Float32Array[] = [];
    const onStep = ({ latent, clean }: { latent: Float32Array; clean: Float32Array }) => {
      seen.push(latent);
      cleans.push(clean);
    };
    await sample(denoise, start, steps, { shape, onStep });
    expect(cleans.map(({ length }) => length)).toEqual([4, 4, 4, 4, 4, 4]);
    const [first] = seen;
    const once = diffusionSteps(3, { path: 'sit' });
    const euler: Float32Array[] = [];
    await sample(denoise, start, once, { shape, onStep: ({ latent }) => void euler.push(latent) });
    expect(first).toEqual(euler[0]);
    expect(seen[1]).not.toEqual(euler[0]);
  });

  it('begin anew with every sample: Heun remembers nothing of another', async () => {
    const steps = diffusionSteps(8, { path: 'sit', sampler: 'heun' });
    const draw = () =>
      sample(
        following(steps, (x, t) => t - x),
        start,
        steps,
        { shape },
      );
    const [a, b] = await Promise.all([draw(), draw()]);
    expect(a).toEqual(b);
    expect(await draw()).toEqual(a);
  });
});

describe('Euler-Maruyama', () => {
  const drawn = (sde: DiffusionOptions['sde'], count = 8, source: NoiseSource | undefined = noise) => {
    const steps = diffusionSteps(count, { path: 'sit', sampler: 'euler-maruyama', sde });
    return sample(
      following(steps, (x, t) => t - x),
      start,
      steps,
      { shape, noise: source },
    );
  };

  it('is Euler without diffusion', async () => {
    const steps = diffusionSteps(8, { path: 'sit' });
    const euler = await sample(
      following(steps, (x, t) => t - x),
      start,
      steps,
      { shape },
    );
    const still = await drawn({ norm: 0, lastStep: 'none' });
    still.forEach((x, i) => expect(x).toBeCloseTo(euler[i]!, 6));
  });

  it('asks for noise at each update, and for none at the last step', async () => {
    const askedBy = async (sde: DiffusionOptions['sde']) => {
      const asked: number[] = [];
      await drawn(sde, 4, (step, length) => (asked.push(step), noise(step, length)));
      return asked;
    };
    expect(await askedBy({ lastStep: 'mean' })).toEqual([0, 1, 2]);
    expect(await askedBy({ lastStep: 'none' })).toEqual([0, 1, 2, 3]);
  });

  it('ends in three ways and falls off in two: some of those of other paths are one on a straight path', async () => {
    const ends = await Promise.all(
      (['mean', 'tweedie', 'euler', 'none'] as const).map((lastStep) => drawn({ lastStep })),
    );
    expect(ends[2]).toEqual(ends[1]);
    expect(new Set(ends.map(String)).size).toBe(3);
    const forms = await Promise.all((['sigma', 'linear', 'decreasing'] as const).map((form) => drawn({ form })));
    expect(forms[1]).toEqual(forms[0]);
    expect(forms[2]).not.toEqual(forms[0]);
  });

  it.each([
    [
      { form: 'SBDM' },
      'sde.form: "SBDM" is not finite at the noise that every image begins with; there are sigma, linear, decreasing',
    ],
    [{ form: 'constant' }, 'sde.form: "constant" ends in an error in SiT\'s own code'],
    [{ form: 'increasing-decreasing' }, 'sde.form: "increasing-decreasing" ends in an error in SiT\'s own code'],
    [{ form: 'sigmoid' }, 'sde.form: "sigmoid" is none of "sigma", "linear", "decreasing"'],
    [{ norm: -1 }, 'sde.norm: -1 is not between 0 and 100'],
    [{ norm: NaN }, 'sde.norm: NaN is not between'],
    [{ lastStep: 'Mean' }, 'sde.lastStep: "Mean" is none of "mean", "tweedie", "euler", "none"; did you mean "mean"?'],
    [{ lastStepSize: 0 }, 'sde.lastStepSize: 0 is not between 0.0001 and 0.9999'],
    [{ lastStepSize: 1 }, 'sde.lastStepSize: 1 is not between'],
    [{ lastStep: 'none', lastStepSize: 0.1 }, 'sde.lastStepSize: is 0.1, but there is no last step; leave it out'],
    [{ last_step: 'none' }, 'sde: unknown key "last_step"; did you mean "lastStep"?'],
  ])('refuses %o', (sde, message) => {
    expect(() => diffusionSteps(4, { path: 'sit', sampler: 'euler-maruyama', sde: sde as never })).toThrow(message);
  });
});

describe('a sampler that does not fit', () => {
  const straight = diffusionSteps(4, { path: 'sit' });

  it.each([
    [
      straight,
      { sampler: 'ddpm' },
      "sampler: ddpm goes along the path of a diffusion by betas, and the model's is straight",
    ],
    [straight, { sampler: 'ddim' }, 'sampler: ddim goes along the path of a diffusion by betas'],
    [
      straight,
      { sampler: 'heun' },
      'sampler: the steps were made for euler, and those of heun are others; ' +
        'make them with diffusionSteps and "sampler": "heun"',
    ],
    [straight, { eta: 0.5 }, 'eta is 0.5, but only ddim has one, and not euler; leave it out'],
    [
      diffusionSteps(4),
      { sampler: 'heun' },
      "sampler: heun goes along straight paths (flow matching, SiT), and the model's is that of a diffusion by " +
        'betas; use ddim, ddpm, dpm++, unipc, euler, lcm',
    ],
    [
      diffusionSteps(4),
      { sampler: 'dpm++' },
      'sampler: the steps were made for ddim, and those of dpm++ are others; ' +
        'make them with diffusionSteps and "sampler": "dpm++"',
    ],
    [diffusionSteps(4), { sampler: 'ddpm', eta: 0.5 }, 'eta is 0.5, but only ddim has one, and not ddpm'],
    [
      diffusionSteps(4),
      { sampler: 'dpm' },
      'sampler: "dpm" is none of "ddim", "ddpm", "dpm++", "unipc", "euler", "lcm", "heun", "euler-maruyama"',
    ],
    [{ ...straight, path: 'bent' }, {}, 'steps.path: "bent" is none of "diffusion", "flow", "sit"'],
  ])('is refused before anything is computed', async (steps, options, message) => {
    const idle = () => Promise.reject(new Error('something was computed'));
    const model: Transformer<never> = {
      topology: { blocks: [['attn', 'mlp']], grid: [1, 1] },
      latent: shape,
      hoists: false,
      prepare: idle,
      condition: idle,
      dispose: idle,
    };
    const plan = planOf(uncached({ steps: 4 }), model.topology);
    const drawing = generate(model, { plan, conditions: [0], steps: steps as DiffusionSteps, ...options } as never);
    await expect(drawing).rejects.toThrow(message);
  });

  it('and one that injects noise does not begin without any', async () => {
    const steps = diffusionSteps(4, { path: 'sit', sampler: 'euler-maruyama' });
    await expect(sample(() => Promise.reject(new Error('computed')), start, steps, { shape })).rejects.toThrow(
      'euler-maruyama injects noise at each step; pass a noise source, or take the sampler euler',
    );
    expect(SAMPLER_NAMES.filter((name) => injectsNoise(name))).toEqual(['ddpm', 'lcm', 'euler-maruyama']);
    expect(injectsNoise('ddim', 0.1)).toBe(true);
  });
});

describe('clip', () => {
  const two = { channels: 1, outChannels: 1, height: 1, width: 2 };
  const steps = diffusionSteps(5);
  const denoise: Denoiser = async (latent, step) =>
    latent.map((x, i) => 0.4 * x + 0.1 * Math.sin(steps.timesteps[step]! / 100 + i));
  const draw = (clip: DiffusionOptions['clip']) => sample(denoise, start, { ...steps, clip }, { shape: two });

  // Numbers of a transcription of diffusers' `_threshold_sample` and DDIM to NumPy, with `np.quantile`.
  it.each([
    [1.6, [0.5962774157524109, -0.7683608531951904, 0.9978153705596924, 0.36110079288482666]],
    [1, [0.6860324144363403, -0.7683608531951904, 0.9978153705596924, 0.36110079288482666]],
  ])('by a threshold takes the steps that diffusers takes, at most %d', async (most, expected) => {
    const found = await draw({ quantile: 0.7, most, noise: 'predicted' });
    expected.forEach((x, i) => expect(found[i]).toBeCloseTo(x, 6));
  });

  it('by a threshold is that of each image alone, and within -1 to 1', () => {
    const at = { signal: 1, noise: 0, velocity: [0, 1] as const };
    const x = Float32Array.of(8, -2, 0.5, 0.25);
    const clip = { quantile: 1, most: 4 } as const;
    const { clean } = predictionOf(x, x, at, { shape: two, kind: 'sample', clip });
    expect([...clean]).toEqual([1, -0.5, 0.5, 0.25]);
  });

  it.each([
    [{ quantile: 1.5, most: 1 }, 'the clip is the quantile 1.5, at most 1; a quantile is a number from 0 to 1'],
    [{ quantile: 0.9, most: 0 }, 'the clip is the quantile 0.9, at most 0'],
    [{ range: 0 }, 'the clip range is 0; it is a number above 0'],
  ])('refuses %o', async (clip, message) => {
    await expect(draw(clip)).rejects.toThrow(message);
  });

  it('goes on with the noise that the model said where no noise is left to derive', async () => {
    const straight = diffusionSteps(4, { path: 'sit', sampler: 'heun', clip: { range: 0.1 } });
    const found = await sample(knows([1, -1, 0.5, 0], straight), start, straight, { shape });
    expect(found.every(Number.isFinite)).toBe(true);
  });
});
