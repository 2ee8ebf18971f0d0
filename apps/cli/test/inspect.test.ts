import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeSafetensors } from '@procache/model';
import { encodePng } from '@procache/pictures';
import { describe, expect, it } from 'vitest';
import { runCommandLine } from '../src/command-line.ts';
import { FIXTURES, temporaryFolder } from './spawn-procache.ts';

const inFolder = temporaryFolder();

async function inspect(...words: string[]) {
  const written = { stdout: '', stderr: '' };
  const stream = (name: keyof typeof written) => ({ write: (text: string) => (written[name] += text) });
  const code = await runCommandLine(['inspect', ...words], {
    stdout: stream('stdout'),
    stderr: stream('stderr'),
    env: {},
    signal: new AbortController().signal,
  });
  return { code, ...written };
}

async function inspectJson(...words: string[]): Promise<unknown> {
  const { code, stdout, stderr } = await inspect(...words, '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

describe('procache inspect', () => {
  it('shows a model of the zoo', async () => {
    const { code, stdout } = await inspect('fashion-dit');
    expect(code).toBe(0);
    expect(stdout).toMatch(
      new RegExp(
        [
          String.raw`^file +model\.safetensors, safetensors, [\d.]+ MiB`,
          String.raw`tensors +\d+ \(.*\)`,
          String.raw`parameters +8\.18 M`,
          String.raw`(metadata .*\n)?fingerprint +[0-9a-f]{16}`,
          '',
          String.raw`supported +yes, as dit \(original\)`,
          'blocks +12 of attn, mlp\n',
        ].join('\n'),
      ),
    );
    expect(stdout).toContain('classes           10, and 10 for none: t-shirt, trouser,');
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('shows what a torch training checkpoint holds, and what was taken of it', async () => {
    expect(await inspectJson(join(FIXTURES, 'checkpoints/train.pt'))).toMatchObject({
      kind: 'checkpoint',
      format: 'torch',
      tensors: 12,
      types: { F32: 12 },
      metadata: { 'procache.state': 'ema' },
      model: { supported: false, why: expect.stringContaining('not of a supported model') },
    });
  });

  it('says which weights of several are taken', async () => {
    const averaged = join(FIXTURES, 'cases/07-ema-under-other-keys/state_dict_ema.pt');
    expect((await inspect(averaged)).stdout).toContain(
      "\ntaken             'state_dict_ema' (passed over: 'state_dict')\n",
    );
    const compiled = join(FIXTURES, 'cases/06-name-prefixes/_orig_mod.safetensors');
    expect((await inspect(compiled)).stdout).toContain("\ntaken             names after '_orig_mod.'\n");
    expect((await inspect(join(FIXTURES, 'checkpoints/plain.pt'))).stdout).not.toContain('taken');
  });

  it('compares checksums, and finds what was damaged', async () => {
    const path = join(FIXTURES, 'checkpoints/plain.pt');
    expect((await inspect(path, '--check')).stdout).toMatch(
      /\nchecked {11}[\d.]+ MiB of weights have the checksums that the file keeps\n/,
    );
    expect((await inspect('fashion-dit', '--check')).stdout).toContain(
      '\nchecked           nothing, as the file keeps no checksums\n',
    );
    const damaged = await readFile(path);
    damaged[Math.floor(damaged.length / 2)]! ^= 1;
    await writeFile(inFolder('damaged.pt'), damaged);
    const { code, stderr } = await inspect(inFolder('damaged.pt'), '--check');
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /damaged\.pt: 'plain\/data\/\d+' has the checksum [0-9a-f]{8} but [0-9a-f]{8} is noted/,
      ),
    });
  });

  it('lists no more than a line of the name of a tensor', async () => {
    const tensors = new Map(
      ['a', 'b'].map((letter) => [letter.repeat(50_000), { shape: [1], data: Float32Array.of(1) }]),
    );
    await writeFile(inFolder('long.safetensors'), writeSafetensors(tensors));
    const { stdout } = await inspect(inFolder('long.safetensors'), '--tensors');
    expect(stdout.length).toBeLessThan(2000);
    expect(stdout).toMatch(/b{20}/);
  });

  it('takes what a checkpoint does not tell from the command line', async () => {
    const path = join(FIXTURES, 'checkpoints/plain.pt');
    expect(await inspectJson(path)).toMatchObject({
      model: { supported: false, why: expect.stringContaining('num_heads') },
    });
    const known = await inspectJson(path, '--num-heads', '4', '--tensors');
    expect(known).toMatchObject({
      model: { supported: true, flavour: 'original', latent: { channels: 4, height: 16 }, valueRange: null },
    });
    expect(known).toHaveProperty('tensorList.length', 292);
  });

  it('says something of every checkpoint fixture, and never a stack', async () => {
    for (const file of await readdir(join(FIXTURES, 'checkpoints'))) {
      const { code, stdout, stderr } = await inspect(join(FIXTURES, 'checkpoints', file));
      expect(code === 0 ? stdout : stderr).toContain(file);
      expect(code).toBeLessThanOrEqual(1);
      expect(stderr).not.toMatch(/\n\s+at |a defect/);
    }
  });

  it('checks a schedule, for a model as well', async () => {
    await writeFile(inFolder('s.json'), JSON.stringify({ version: 1, pattern: '#..', legend: {} }));
    expect(await inspectJson(inFolder('s.json'))).toMatchObject({
      kind: 'schedule',
      steps: 3,
      letters: { '#': 1, '.': 2 },
      fits: null,
    });
    expect(await inspectJson(inFolder('s.json'), '--model', 'fashion-dit')).toMatchObject({ fits: 'fashion-dit' });
  });

  it('reads how a picture was made, and knows those that it did not make', async () => {
    const picture = { width: 1, height: 1, channels: 1 as const, data: Uint8Array.of(7) };
    await writeFile(
      inFolder('ours.png'),
      encodePng(picture, { procache: '{"steps":50}', parameters: 'bag\nSteps: 50' }),
    );
    await writeFile(inFolder('theirs.png'), encodePng(picture, { Software: 'another' }));
    await writeFile(inFolder('cut.png'), encodePng(picture).subarray(0, 20));
    expect(await inspectJson(inFolder('ours.png'))).toEqual({ kind: 'picture', steps: 50 });
    expect((await inspect(inFolder('ours.png'))).stdout).toMatch(/^bag\nSteps: 50\n/);
    expect(await inspect(inFolder('theirs.png'))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('was not made by procache generate'),
    });
    expect(await inspect(inFolder('cut.png'))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('it was cut short'),
    });
  });
});
