import { copyFile, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { uncached } from '@procache/core';
import { afterAll, describe, expect, it } from 'vitest';
import { chooseModel } from '../arguments/model-choice.ts';
import { ofSameModel } from './same-model.ts';

const fixture = fileURLToPath(
  new URL('../../../../packages/conformance/fixtures/dit/model.safetensors', import.meta.url),
);
const folder = await mkdtemp(join(tmpdir(), 'procache-same-model-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('ofSameModel', () => {
  it('keeps no image that was drawn while the weights were replaced', async () => {
    const path = join(folder, 'model.safetensors');
    await copyFile(fixture, path);
    const chosen = await chooseModel({ model: path, numHeads: 4 });
    const images = [Float32Array.of(1)];
    const render = ofSameModel(chosen, () => Promise.resolve(images));
    expect(await render(uncached({ steps: 1 }), [0])).toBe(images);

    const file = await open(path, 'r+');
    await file.write(Buffer.of(1, 2, 3, 4), 0, 4, (await file.stat()).size - 4);
    await file.close();
    await expect(render(uncached({ steps: 1 }), [0])).rejects.toMatchObject({
      code: 'invalid-model',
      message: expect.stringContaining('model.safetensors: its weights were replaced while the search ran'),
    });
  });
});
