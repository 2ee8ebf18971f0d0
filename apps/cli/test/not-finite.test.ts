import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FIXTURES, procache, temporaryFolder } from './spawn-procache.ts';

const inFolder = temporaryFolder();
const model = join(FIXTURES, 'cases/18-nan/nanpix');

describe('a model that gives what is not finite', () => {
  it.each([
    ['generate', ['generate', '--model', model, '-l', '1', '--steps', '2']],
    ['a comparison', ['generate', '--model', model, '-l', '1,2', '--steps', '2', '--schedule', 'fora-2', '--compare']],
    ['ddpm', ['generate', '--model', model, '-l', '1', '--steps', '3', '--sampler', 'ddpm']],
  ])('ends %s at the first step, by name, with exit code 1 and without a picture', async (name, words) => {
    const out = inFolder(name.replace(' ', '-'));
    const { code, stdout, stderr } = await procache([
      ...words,
      '--out',
      out,
      '--save-latents',
      inFolder('latents.safetensors'),
    ]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /step 0 \('#'\): the model's output has \d+ of \d+ numbers that are not finite, the first of them NaN, in \w+ 0/,
    );
    expect(stdout).not.toMatch(/PSNR|wall clock/);
    expect(existsSync(join(out, 'grid.png'))).toBe(false);
    expect(existsSync(inFolder('latents.safetensors'))).toBe(false);
  });

  it('says so in JSON', async () => {
    const { code, stdout } = await procache([
      'generate',
      '--model',
      model,
      '-l',
      '1',
      '--steps',
      '2',
      '--json',
      '--out',
      inFolder('json'),
    ]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: 'execution-failed', message: expect.stringContaining("step 0 ('#')") },
    });
  });

  it('ends a search and a benchmark too', async () => {
    const search = await procache([
      'search',
      '--model',
      model,
      '--steps',
      '6',
      '--budget',
      '3',
      '--out',
      inFolder('search'),
    ]);
    expect(search).toMatchObject({ code: 1, stderr: expect.stringContaining('numbers that are not finite') });
    const bench = await procache([
      'bench',
      '--model',
      model,
      '--steps',
      '3',
      '--schedules',
      'fora-2',
      '--rounds',
      '1',
      '--images',
      '1',
      '--no-peak',
    ]);
    expect(bench).toMatchObject({ code: 1, stderr: expect.stringContaining('numbers that are not finite') });
  });

  it('refuses noise that is not finite before it computes anything', async () => {
    const noise = new Float32Array(32 * 32).fill(NaN, 3, 4);
    const header = JSON.stringify({
      noise: { dtype: 'F32', shape: [1, 1, 32, 32], data_offsets: [0, noise.byteLength] },
    });
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    await writeFile(
      inFolder('noise.safetensors'),
      Buffer.concat([length, Buffer.from(header), Buffer.from(noise.buffer)]),
    );
    const { code, stderr } = await procache([
      'generate',
      '-l',
      '1',
      '--steps',
      '2',
      '--noise',
      inFolder('noise.safetensors'),
      '--out',
      inFolder('noise'),
    ]);
    expect(code).toBe(2); // what the user passed cannot be taken
    expect(stderr).toContain('value 3 of the tensor is NaN; noise is finite');
  });
});
