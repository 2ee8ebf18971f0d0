import { copyFile, mkdtemp, open, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { checkSameWeights, openFromHeaders, readModelHeaders } from './index.ts';

const fixture = fileURLToPath(new URL('../../conformance/fixtures/dit/model.safetensors', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'procache-same-weights-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

const path = join(folder, 'model.safetensors');
const told = { name: 'mine', advice: 'begin again' };
beforeEach(() => copyFile(fixture, path));
const headers = () => readModelHeaders(path, { num_heads: 4 });

async function changeWeights(): Promise<void> {
  const file = await open(path, 'r+');
  await file.write(Buffer.of(1, 2, 3, 4), 0, 4, (await file.stat()).size - 4);
  await file.close();
}

describe('checkSameWeights', () => {
  it('passes files that are as they were', async () => {
    await expect(checkSameWeights(await headers(), told)).resolves.toBeUndefined();
  });

  it('tells weights that were replaced from a file that was only touched', async () => {
    const before = await headers();
    await utimes(path, 1, 1);
    await expect(checkSameWeights(before, told)).rejects.toMatchObject({
      code: 'invalid-model',
      message: expect.stringContaining('model.safetensors: was written to while the model was in use'),
    });
    await changeWeights();
    await expect(checkSameWeights(before, told)).rejects.toMatchObject({
      code: 'invalid-model',
      message: expect.stringMatching(
        /^mine: its weights were replaced while they were in use \(.* before, .* now\); begin again$/,
      ),
    });
  });
});

describe('openFromHeaders', () => {
  it('opens the model that was looked at, and no other in its place', async () => {
    const before = await headers();
    const transformer = await openFromHeaders(before);
    expect(transformer.model.parameters).toBe(before.model.parameters);
    await transformer.dispose();
    await changeWeights();
    await expect(openFromHeaders(before)).rejects.toMatchObject({ code: 'invalid-model' });
  });
});
