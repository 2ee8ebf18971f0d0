import { readdir } from 'node:fs/promises';
import { openFile } from '@procache/backend-node';
import { openCheckpoint, readFloats } from '@procache/model';
import { describe, expect, it } from 'vitest';
import { procache, temporaryFolder } from './spawn-procache.ts';

const inFolder = temporaryFolder();

async function numbersIn(path: string): Promise<Float32Array> {
  const source = await openFile(path);
  const { tensors } = await openCheckpoint(source);
  const numbers = await readFloats([...tensors.values()][0]!);
  await source.close();
  return numbers;
}

function deviation(values: Float32Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

describe('seeds', () => {
  it.each(['5', '3000000000'])(
    'of %s begin and inject noise of their own: the first step of ddpm leaves the latent as wide as it was',
    async (seed) => {
      const file = inFolder(`${seed}.safetensors`);
      const words = [
        'generate',
        '--sampler',
        'ddpm',
        '--steps',
        '20',
        '-l',
        '0,1,5,7,8',
        '--seed',
        seed,
        '--save-trajectory',
        file,
        '--out',
        inFolder(`wide-${seed}`),
        '--quiet',
      ];
      expect(await procache(words)).toMatchObject({ code: 0, stderr: '' });
      const trajectory = await numbersIn(file); // [steps, images, 1, 32, 32]
      const first = trajectory.subarray(0, trajectory.length / 20);
      expect(deviation(first)).toBeGreaterThan(0.95);
      expect(deviation(first)).toBeLessThan(1.05); // 1.388 where the injected noise is the noise that it began with
    },
  );

  it.each([
    ['9007199254740993', '9007199254740994'],
    ['18446744073709551615', '0'],
  ])('%s is read, counted up and printed to the last digit', async (seed, next) => {
    const out = inFolder(`exact-${seed}`);
    const { code, stdout, stderr } = await procache([
      'generate',
      '--steps',
      '1',
      '-l',
      '0,1',
      '--seed',
      seed,
      '--out',
      out,
      '--json',
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { images } = JSON.parse(stdout) as { readonly images: readonly { readonly seed: number | string }[] };
    expect(images.map((image) => String(image.seed))).toEqual([seed, next]);
    const files = await readdir(out);
    expect(files).toContain(`00-t-shirt-seed${seed}.png`);
    expect(files).toContain(`01-trouser-seed${next}.png`);
    const picture = await procache(['inspect', inFolder(`exact-${seed}`, `00-t-shirt-seed${seed}.png`)]);
    expect(picture.stdout).toContain(`Seed: ${seed}`);
  });

  it('count by their low 32 bits, as in PyTorch', async () => {
    for (const seed of ['1', '4294967297', '9007199254740993']) {
      const words = [
        'generate',
        '--steps',
        '2',
        '-l',
        '4',
        '--sampler',
        'ddpm',
        '--seed',
        seed,
        '--save-latents',
        inFolder(`low-${seed}.safetensors`),
        '--out',
        inFolder(`low-${seed}`),
      ];
      expect(await procache([...words, '--quiet'])).toMatchObject({ code: 0 });
    }
    const [one, ...others] = await Promise.all(
      ['1', '4294967297', '9007199254740993'].map((seed) => numbersIn(inFolder(`low-${seed}.safetensors`))),
    );
    for (const other of others) expect(other).toEqual(one);
  });

  it.each(['18446744073709551616', '-1', '1.5', '1e3', '0x10', ''])(
    'refuses %j as wrong usage, naming the option',
    async (seed) => {
      const { code, stderr } = await procache(['generate', `--seed=${seed}`, '--out', inFolder('none')]);
      expect(code).toBe(2);
      expect(stderr).toContain('--seed');
      expect(stderr).toContain('a whole number from 0 to 18446744073709551615');
    },
  );
});
