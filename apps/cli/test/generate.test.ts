import { copyFile, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openFile } from '@procache/backend-node';
import { openCheckpoint, readFloats } from '@procache/model';
import { readPngText } from '@procache/pictures';
import { describe, expect, it } from 'vitest';
import { FIXTURES, procache, temporaryFolder } from './spawn-procache.ts';

const inFolder = temporaryFolder();
const golden = join(FIXTURES, 'dit');

async function tensorIn(
  path: string,
  name: string,
): Promise<{ readonly shape: readonly number[]; readonly data: Float32Array }> {
  const source = await openFile(path);
  const { tensors } = await openCheckpoint(source);
  const tensor = tensors.get(name)!;
  const data = await readFloats(tensor);
  await source.close();
  return { shape: tensor.shape, data };
}

async function record(words: readonly string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await procache([...words, '--json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe('procache generate', () => {
  it('writes pictures that say how they were made, and tells people what it did', async () => {
    const out = inFolder('pictures');
    const { code, stdout, stderr } = await procache([
      'generate',
      '--labels',
      'bag,7',
      '--steps',
      '4',
      '--schedule',
      'fora-2',
      '--out',
      out,
      '--seed',
      '3',
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(
      'fashion-dit: 2 images of 32x32, 4 steps of ddim, guidance 1.5\nschedule: fora-2\n\n  ##.#\n',
    );
    expect(stdout).toMatch(/ #\s+computed\s+3\s+[\d.]+ ms\s+[\d.]+ s\s+\d+ %/);
    expect(stdout).toMatch(/[\d.]+ s wall clock/);
    expect(
      Math.max(...stdout.split('\n').map((line) => line.length - (line.includes(out) ? out.length : 0))),
    ).toBeLessThanOrEqual(80);
    expect((await readdir(out)).sort()).toEqual(['00-bag-seed3.png', '01-sneaker-seed4.png', 'grid.png']);

    const text = readPngText(await readFile(join(out, '01-sneaker-seed4.png')));
    const [title, settings] = text['parameters']!.split('\n');
    expect(title).toBe('sneaker');
    expect(settings!.split(', ').slice(0, 7)).toEqual([
      'Steps: 4',
      'Sampler: ddim',
      'CFG scale: 1.5',
      'Seed: 4',
      'Size: 32x32',
      'Schedule: fora-2 ##.#',
      'Model: fashion-dit',
    ]);
    expect(JSON.parse(text['procache']!)).toMatchObject({
      model: { name: 'fashion-dit', fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/) },
      schedule: { name: 'fora-2', version: 1, pattern: '##.#' },
      images: [{ condition: 7, name: 'sneaker', seed: 4 }],
    });
  });

  it('draws classes whatever they are called', async () => {
    const [config, out] = [inFolder('names.json'), inFolder('names')];
    await writeFile(
      config,
      JSON.stringify({
        classes: [
          'a',
          '\u0000\u001b[2J\nSteps: 7\u202e',
          '\ud800',
          '...',
          '../../x',
          ' ',
          '鹤',
          'é'.repeat(400),
          'b',
          'c',
        ],
      }),
    );
    const { files } = await record(['generate', '--config', config, '--steps', '1', '--out', out]);
    expect((files as { pictures: string[] }).pictures.map((path) => path.slice(out.length + 1))).toEqual([
      ...[
        '00-a',
        '01-2j-steps-7',
        '02-image',
        '03-image',
        '04-x',
        '05-5',
        '06-鹤',
        `07-${'é'.repeat(40)}`,
        '08-b',
        '09-c',
      ].map((name, i) => `${name}-seed${i}.png`),
    ]);
    const text = readPngText(await readFile(join(out, 'grid.png')));
    expect(text['parameters']!.split('\n')).toHaveLength(2);
    expect(text['parameters']).toContain('a, \\u{0}\\u{1b}[2J Steps: 7\\u{202e}, \\u{d800}, ');
  });

  it('gives the same bytes for the same seed, and an image that does not depend on its neighbours', async () => {
    const words = ['generate', '--steps', '3', '--labels'];
    await record([...words, '1,2', '--seed', '0', '--out', inFolder('a'), '--save-latents', inFolder('a.safetensors')]);
    await record([...words, '1,2', '--seed', '0', '--out', inFolder('b'), '--save-latents', inFolder('b.safetensors')]);
    await record([...words, '2', '--seed', '1', '--out', inFolder('c')]);
    expect(await readFile(inFolder('a.safetensors'))).toEqual(await readFile(inFolder('b.safetensors')));
    expect(await readFile(inFolder('a/01-pullover-seed1.png'))).toEqual(
      await readFile(inFolder('b/01-pullover-seed1.png')),
    );
    expect(await readFile(inFolder('a/01-pullover-seed1.png'))).toEqual(
      await readFile(inFolder('c/00-pullover-seed1.png')),
    );
  });

  it('prints one JSON object, and keeps the trajectory', async () => {
    const trajectory = inFolder('t.safetensors');
    const result = await record([
      'generate',
      '--steps',
      '3',
      '--labels',
      '1',
      '--schedule',
      'fora-2',
      '--out',
      inFolder('json'),
      '--save-trajectory',
      trajectory,
    ]);
    expect(result).toMatchObject({
      steps: 3,
      sampler: 'ddim',
      eta: 0,
      timesteps: 'original',
      guidance: 1.5,
      files: { pictures: [inFolder('json/00-trouser-seed0.png')], grid: inFolder('json/grid.png'), trajectory },
      summary: { timeline: '#.#', computed: 2, reused: 1 },
      milliseconds: expect.any(Number),
    });
    expect((await tensorIn(trajectory, 'trajectory')).shape).toEqual([3, 1, 1, 32, 32]);
  });

  it('compares with no caching', async () => {
    const out = inFolder('compare');
    const words = [
      'generate',
      '--steps',
      '6',
      '--labels',
      '1,2',
      '--schedule',
      'fora-2',
      '--compare',
      '--repeat',
      '2',
      '--out',
      out,
    ];
    const shown = await procache(words);
    expect(shown).toMatchObject({ code: 0, stderr: '' });
    expect(shown.stdout).toMatch(/speed-up +[\d.]+x {2}wall clock; 2 rounds in turns/);
    expect(shown.stdout).toMatch(/multiply-adds +[\d.]+x {2}fewer, counted: arithmetic, not time/);
    expect((await stat(join(out, 'compare.png'))).size).toBeGreaterThan(2000);
    const { comparison } = await record([...words.slice(0, 4), '1', '--compare', '--repeat', '1', '--out', out]);
    expect(comparison).toMatchObject({
      rounds: [{ cached: expect.any(Number) }],
      closeness: { latentError: 0, pixels: { psnr: null, ssim: 1 } },
    });
  });

  it('follows the golden trajectory of the reference, from its noise, with a model of latents', async () => {
    const [out, trajectory] = [inFolder('golden'), inFolder('golden.safetensors')];
    const model = ['--model', join(golden, 'model.safetensors'), '--num-heads', '4', '--guidance', '1.5'];
    const labels = [...(await tensorIn(join(golden, 'noise.safetensors'), 'labels')).data].join(',');
    const noise = ['--noise', join(golden, 'noise.safetensors'), '--labels', labels];
    const { files } = await record([
      'generate',
      ...model,
      ...noise,
      '--schedule',
      'fora-3',
      '--out',
      out,
      '--save-trajectory',
      trajectory,
    ]);
    expect(files).toEqual({ pictures: [], latents: join(out, 'latents.safetensors'), trajectory });
    const ours = await tensorIn(trajectory, 'trajectory');
    const theirs = await tensorIn(join(golden, 'fora-3/expected.safetensors'), 'trajectory');
    expect(ours.shape).toEqual(theirs.shape);
    const difference = ours.data.reduce((most, value, i) => Math.max(most, Math.abs(value - theirs.data[i]!)), 0);
    const magnitude = theirs.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(difference / magnitude).toBeLessThan(1e-4);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('ends soon after %s, and leaves nothing behind', async (signal) => {
    const out = inFolder('interrupted', 'deeper');
    const words = ['generate', '--steps', '1000', '--labels', '1', '--out', out, '--json'];
    const ended = await procache(words.slice(0, -1), { interrupt: { signal, after: 'fashion-dit' } });
    expect(ended).toMatchObject({
      code: signal === 'SIGINT' ? 130 : 143,
      stderr: 'procache: interrupted; no file was written\n',
    });
    expect(ended.milliseconds).toBeLessThan(3000);
    await expect(stat(inFolder('interrupted'))).rejects.toThrow('ENOENT');
  });

  it('finds out before it begins that the output folder cannot be written to', async () => {
    await writeFile(inFolder('file'), 'x');
    for (const [out, reason] of [
      ['file', 'there is a file of that name'],
      ['file/deeper', 'a part of the path is a file'],
    ] as const) {
      const ended = await procache(['generate', '--steps', '1000', '--out', inFolder(out)]);
      expect(ended).toMatchObject({ code: 1, stdout: '' });
      expect(ended.stderr).toBe(
        `procache: ${inFolder(out)}: cannot be used as an output folder: ${reason}; choose another folder\n`,
      );
    }
  });

  it('leaves the pictures of one run in a folder, and whatever is not its own', async () => {
    const out = inFolder('twice');
    const words = ['generate', '--steps', '1', '--out', out];
    await record([...words, '--labels', '1,2', '--compare', '--repeat', '1']);
    expect((await readdir(out)).sort()).toEqual([
      '00-trouser-seed0.png',
      '01-pullover-seed1.png',
      'compare.png',
      'grid.png',
    ]);
    await copyFile(join(out, '01-pullover-seed1.png'), join(out, 'kept.png'));
    // looks like one of a run, and is not of this one
    await copyFile(join(out, '01-pullover-seed1.png'), join(out, '02-coat-seed2.png'));
    await writeFile(join(out, '01-pullover-seed1.png'), 'somebody has painted over it');
    await symlink('kept.png', join(out, '07-bag-seed7.png'));
    const others = ['01-pullover-seed1.png', '02-coat-seed2.png', '07-bag-seed7.png', 'kept.png'];

    const second = await procache([...words, '--labels', '3']);
    expect(second).toMatchObject({ code: 0, stderr: '' });
    expect(second.stdout).toContain(`\n2 pictures of an earlier run removed from ${out}\n`);
    expect((await readdir(out)).sort()).toEqual(['00-dress-seed0.png', ...others, 'grid.png'].sort());

    const { files } = await record([...words, '--labels', '3,4']);
    expect(files).not.toHaveProperty('removed');
    const fewer = await record([...words, '--labels', '3']);
    expect(fewer).toMatchObject({ files: { removed: [join(out, '01-coat-seed1.png')] } });
    expect((await readdir(out)).sort()).toEqual(['00-dress-seed0.png', ...others, 'grid.png'].sort());
  });

  it('prints nothing when it is asked to be quiet', async () => {
    const ended = await procache(['generate', '--steps', '1', '--labels', '1', '--quiet', '--out', inFolder('quiet')]);
    expect(ended).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });
});
