import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Denoiser } from '../denoiser.ts';
import type { DiffusionSteps } from '../diffusion-steps.ts';
import { diffusionSteps } from '../diffusion.ts';
import type { LatentShape } from '../latent-shape.ts';
import { levelOfAlpha } from '../level.ts';
import type { NoiseSource } from '../noise.ts';
import { predictionOf } from './prediction.ts';
import { sample, type SampleOptions } from './sample.ts';

// The model, the noise and the numbers of test/samplers.py: two images of one channel of 1x2.
const shape: LatentShape = { channels: 1, outChannels: 2, height: 1, width: 2 };
const plainShape: LatentShape = { ...shape, outChannels: 1 };
const steps = diffusionSteps(5);
const start = Float32Array.of(0.5, -1.25, 2, 0.125);
const injected: NoiseSource = (step, length) => Float32Array.from({ length }, (_, i) => Math.cos(3 * step + i));

const denoise: Denoiser = async (latent, step) => {
  const timestep = steps.timesteps[step]!;
  const noise = Array.from(latent, (x, i) => 0.4 * x + 0.1 * Math.sin(timestep / 100 + i));
  const variance = Array.from(latent, (_, i) => Math.sin(timestep / 50 + i));
  return Float32Array.of(
    noise[0]!,
    noise[1]!,
    variance[0]!,
    variance[1]!,
    noise[2]!,
    noise[3]!,
    variance[2]!,
    variance[3]!,
  );
};
const denoisePlain: Denoiser = async (latent, step) => {
  const { noise } = predictionOf(await denoise(latent, step), latent, steps.levels[step]!, { shape, kind: 'epsilon' });
  return Float32Array.from(noise);
};
const sampleDdim = (model: Denoiser, x: Float32Array, through: DiffusionSteps, options: SampleOptions) =>
  sample(model, x, through, { ...options, sampler: 'ddim' });
const sampleDdpm = (model: Denoiser, x: Float32Array, through: DiffusionSteps, options: SampleOptions) =>
  sample(model, x, through, { ...options, sampler: 'ddpm' });

function expectClose(actual: Float32Array, expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  expected.forEach((value, i) =>
    expect(Math.abs(actual[i]! - value)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(value))),
  );
}

/** Knows the one clean image there is, and so sees all else as noise. */
const knows =
  (image: readonly number[], { levels }: DiffusionSteps): Denoiser =>
  async (latent, step) =>
    latent.map((x, i) => (x - levels[step]!.signal * image[i]!) / levels[step]!.noise);

describe('sampleDdim', () => {
  it('takes the steps that the original code takes', async () => {
    expectClose(
      await sampleDdim(denoise, start, steps, { shape }),
      [20.134557723999023, -40.57050704956055, 74.82920837402344, 2.9765098094940186],
    );
  });

  it('injects noise with eta, and re-derives the noise of a clamped image', async () => {
    const eta = await sampleDdim(denoise, start, steps, { shape, eta: 0.7, noise: injected });
    expectClose(eta, [21.682336807250977, -35.09062957763672, 66.98986053466797, -0.5519829392433167]);
    const clipped = await sampleDdim(denoise, start, steps, { shape, eta: 1, noise: injected, clip: { range: 1 } });
    expectClose(clipped, [0.03650328516960144, 0.11849762499332428, -0.19973306357860565, 0.013349004089832306]);
  });

  it('goes on with the noise that the model said where it is told so, clamped or not', async () => {
    const one: DiffusionSteps = {
      count: 1,
      timesteps: [999],
      levels: [levelOfAlpha(0.25)],
      next: [levelOfAlpha(0.64)],
    };
    const noise = [0.5, -0.5, 1, 0];
    const clip = { range: 1, noise: 'predicted' } as const;
    const found = await sampleDdim(async () => Float32Array.from(noise), start, one, { shape: plainShape, clip });
    const clean = noise.map((eps, i) => Math.min(Math.max((start[i]! - Math.sqrt(0.75) * eps) / 0.5, -1), 1));
    expectClose(
      found,
      clean.map((x, i) => 0.8 * x + 0.6 * noise[i]!),
    );
  });

  it('does as the steps say, unless it is told otherwise', async () => {
    const clip = { range: 1 };
    const clipped = await sampleDdim(denoise, start, steps, { shape, clip });
    expect(await sampleDdim(denoise, start, { ...steps, clip }, { shape })).toEqual(clipped);
    expect(await sampleDdim(denoise, start, { ...steps, clip }, { shape, clip: { range: 2 } })).not.toEqual(clipped);
    const small = await sampleDdpm(denoise, start, steps, { shape, noise: injected, variance: 'fixed-small' });
    expect(await sampleDdpm(denoise, start, { ...steps, variance: 'fixed-small' }, { shape, noise: injected })).toEqual(
      small,
    );
  });

  it('takes a model without variance, and the noise only of steps that inject some', async () => {
    const asked: number[] = [];
    const noise: NoiseSource = (step, length) => (asked.push(step), injected(step, length));
    const plain = await sampleDdim(denoisePlain, start, steps, { shape: plainShape, eta: 0.7, noise });
    expect(plain).toEqual(await sampleDdim(denoise, start, steps, { shape, eta: 0.7, noise: injected }));
    expect(asked).toEqual([0, 1, 2, 3]);
    await sampleDdim(denoise, start, steps, { shape, noise });
    expect(asked).toHaveLength(4);
  });

  it('finds the only image there is, in any number of steps', async () => {
    const counts = fc.integer({ min: 1, max: 30 });
    const images = fc.array(fc.float({ min: -2, max: 2, noNaN: true }), { minLength: 4, maxLength: 4 });
    const rule = fc.constantFrom('original' as const, 'leading' as const);
    await fc.assert(
      fc.asyncProperty(counts, images, rule, fc.constantFrom(0, 0.5, 1), async (count, image, name, eta) => {
        const some = diffusionSteps(count, { rule: name });
        const found = await sampleDdim(knows(image, some), start, some, { shape: plainShape, eta, noise: injected });
        found.forEach((x, i) => expect(x).toBeCloseTo(image[i]!, 3));
      }),
      { numRuns: 50 },
    );
  });

  it('only reads the latent, and awaits what is called after each step', async () => {
    const seen: [number, Float32Array][] = [];
    const kept = start.slice();
    const onStep = async ({ step, latent }: { step: number; latent: Float32Array }) => {
      await Promise.resolve();
      seen.push([step, latent]);
    };
    const last = await sampleDdim(denoise, start, steps, { shape, onStep });
    expect(start).toEqual(kept);
    expect(seen.map(([step]) => step)).toEqual([0, 1, 2, 3, 4]);
    expect(seen.at(-1)![1]).toBe(last);
  });

  it('says what is wrong with its arguments', async () => {
    await expect(sampleDdim(denoise, start, steps, { shape, eta: -1 })).rejects.toThrow(
      'eta is -1; it is 0 for deterministic sampling',
    );
    await expect(sampleDdim(denoise, start, steps, { shape, clip: { range: NaN } })).rejects.toThrow(
      'the clip range is NaN; it is a number above 0',
    );
    await expect(sampleDdim(denoise, start, steps, { shape, eta: 0.5 })).rejects.toThrow(
      'pass a noise source, or an eta of 0',
    );
    await expect(sampleDdim(denoise, start.slice(1), steps, { shape })).rejects.toThrow(
      'a latent of 3 numbers is not made of images of 1x1x2 = 2',
    );
    await expect(sampleDdim(denoise, start, steps, { shape: plainShape })).rejects.toThrow(
      'the model returned 8 numbers for a latent of 4, where 1 channels for 1 make 4',
    );
    await expect(
      sampleDdim(denoise, start, steps, { shape, eta: 1, noise: () => new Float32Array(1) }),
    ).rejects.toThrow('step 0: the noise source returned 1 numbers for a latent of 4');
  });
});

describe('sampleDdpm', () => {
  it.each([
    ['learned-range', [19.4783878326416, -28.11009979248047, 55.32344055175781, -1.4540942907333374]],
    ['fixed-small', [19.473058700561523, -28.069414138793945, 55.33095932006836, -1.8620169162750244]],
    ['fixed-large', [19.048084259033203, -28.481388092041016, 55.31074142456055, -1.471880555152893]],
  ] as const)('takes the steps that the original code takes: %s', async (variance, expected) => {
    expectClose(await sampleDdpm(denoise, start, steps, { shape, variance, noise: injected }), expected);
  });

  it('clamps the predicted image', async () => {
    const clipped = await sampleDdpm(denoise, start, steps, { shape, noise: injected, clip: { range: 1 } });
    expectClose(clipped, [0.034570906311273575, 0.07399928569793701, -0.20564667880535126, 0.42189279198646545]);
  });

  it('uses the variance that the model was made for', async () => {
    expectClose(
      await sampleDdpm(denoise, start, steps, { shape, noise: injected }),
      [19.4783878326416, -28.11009979248047, 55.32344055175781, -1.4540942907333374],
    );
    expectClose(
      await sampleDdpm(denoisePlain, start, steps, { shape: plainShape, noise: injected }),
      [19.048084259033203, -28.481388092041016, 55.31074142456055, -1.471880555152893],
    );
    await expect(
      sampleDdpm(denoisePlain, start, steps, { shape: plainShape, noise: injected, variance: 'learned-range' }),
    ).rejects.toThrow('a learned variance takes 2 output channels, 1 of noise and 1 of variance, but the model has 1');
  });

  it('leads to the timestep of the next step, and adds noise where that is above 0, as in diffusers', async () => {
    const asked: number[] = [];
    const noise: NoiseSource = (step, length) => (asked.push(step), injected(step, length));
    const trailing = diffusionSteps(10, { rule: 'trailing' });
    expect(trailing.timesteps.at(-1)).toBe(99);
    const found = await sampleDdpm(knows([1, -1, 0.5, 0], trailing), start, trailing, {
      shape: plainShape,
      noise,
      variance: 'fixed-small',
    });
    expect(asked).toHaveLength(10);
    [1, -1, 0.5, 0].forEach((x, i) => expect(found[i]).toBeCloseTo(x, 4)); // with a standard deviation of 1e-10
    const large = await sampleDdpm(knows([1, -1, 0.5, 0], trailing), start, trailing, {
      shape: plainShape,
      noise,
      variance: 'fixed-large',
    });
    const deviation = trailing.levels.at(-1)!.noise;
    [1, -1, 0.5, 0].forEach((x, i) => expect(large[i]).toBeCloseTo(x + deviation * Math.cos(27 + i), 4));
  });

  it('adds no noise at the last step', async () => {
    const asked: number[] = [];
    const noise: NoiseSource = (step, length) => (asked.push(step), injected(step, length));
    const image = [1, -1, 0.5, 0];
    const found = await sampleDdpm(knows(image, steps), start, steps, { shape: plainShape, noise });
    expect(asked).toEqual([0, 1, 2, 3]);
    found.forEach((x, i) => expect(x).toBeCloseTo(image[i]!, 4));
  });
});

describe('a model that predicts the velocity or the image', () => {
  /** Knows the one clean image there is, and says it as a model of the kind does. */
  const saying =
    (image: readonly number[], { prediction, levels }: DiffusionSteps): Denoiser =>
    async (latent, step) => {
      const { signal, noise, velocity } = levels[step]!;
      return latent.map((x, i) => {
        const eps = (x - signal * image[i]!) / noise;
        return prediction === 'sample' ? image[i]! : velocity[0] * image[i]! + velocity[1] * eps;
      });
    };

  it('is drawn with from nothing but noise too, by DDIM and by DDPM', async () => {
    const images = fc.array(fc.float({ min: -2, max: 2, noNaN: true }), { minLength: 4, maxLength: 4 });
    const options = fc.record({
      prediction: fc.constantFrom('velocity' as const, 'sample' as const),
      rule: fc.constantFrom('trailing' as const, 'linspace' as const),
      zeroTerminalSnr: fc.boolean(),
    });
    const how = fc.constantFrom({ eta: 0 }, { eta: 1 }, { sampler: 'ddpm' as const, variance: 'fixed-small' as const });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 20 }),
        images,
        options,
        how,
        async (count, image, process, sampler) => {
          const some = diffusionSteps(count, process);
          const found = await sample(saying(image, some), start, some, {
            shape: plainShape,
            noise: injected,
            ...sampler,
          });
          const left = some.next.at(-1)!.noise; // the rule "trailing" may end on a trace of noise
          found.forEach((x, i) => expect(Math.abs(x - image[i]!)).toBeLessThanOrEqual(1e-4 + 4 * left));
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('predictionOf', () => {
  const at = levelOfAlpha(0.36);

  it('splits each image into what the model says and the variance', () => {
    const { noise, variance } = predictionOf(Float32Array.of(1, 2, -1, -2, 3, 4, -3, -4), start, at, {
      shape,
      kind: 'epsilon',
    });
    expect([...noise]).toEqual([1, 2, 3, 4]);
    expect([...variance!]).toEqual([-1, -2, -3, -4]);
  });

  it('has no variance where the model has none', () => {
    const output = Float32Array.of(1, 2, 3, 4);
    const said = predictionOf(output, start, at, { shape: plainShape, kind: 'epsilon' });
    expect(said.noise).toBe(output);
    expect(said.variance).toBeUndefined();
  });

  it('finds the image and the noise that the latent is made of, whatever the model predicts', () => {
    const level = fc.oneof(
      fc.double({ min: 0.01, max: 0.99, noNaN: true }).map(levelOfAlpha),
      fc
        .double({ min: 0.05, max: 0.95, noNaN: true })
        .map((t) => ({ signal: t, noise: 1 - t, velocity: [1, -1] as const })),
    );
    const floats = fc.array(fc.float({ min: -2, max: 2, noNaN: true }), { minLength: 2, maxLength: 2 });
    fc.assert(
      fc.property(level, floats, floats, (l, clean, eps) => {
        const x = Float32Array.from(clean, (c, i) => l.signal * c + l.noise * eps[i]!);
        const outputs = {
          epsilon: eps,
          sample: clean,
          velocity: clean.map((c, i) => l.velocity[0] * c + l.velocity[1] * eps[i]!),
        };
        for (const kind of ['epsilon', 'sample', 'velocity'] as const) {
          const said = predictionOf(Float32Array.from(outputs[kind]), x, l, { shape: plainShape, kind });
          const slack = 1e-6 * (1 + 1 / l.signal + 1 / l.noise);
          clean.forEach((c, i) => expect(Math.abs(said.clean[i]! - c)).toBeLessThanOrEqual(slack));
          eps.forEach((e, i) => expect(Math.abs(said.noise[i]! - e)).toBeLessThanOrEqual(slack));
        }
      }),
    );
  });
});
