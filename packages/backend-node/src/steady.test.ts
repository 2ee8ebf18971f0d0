import { chmod, copyFile, link, mkdir, mkdtemp, open, readFile, rename, rm, truncate, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fixture } from '@procache/conformance';
import { diffusionSteps, fora, generate, planOf } from '@procache/core';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type * as Backend from './index.ts';

// The worker is a file that Node loads itself, so this runs the build.
const { openModelFiles, openTransformer } = (await import(
  new URL('../dist/index.js', import.meta.url).href
)) as typeof Backend;

const folder = await mkdtemp(join(tmpdir(), 'procache-steady-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

let path: string;
let count = 0;
beforeEach(async () => {
  path = join(folder, String(count++), 'model.safetensors');
  await mkdir(join(path, '..'));
  await copyFile(fixture('dit/model.safetensors'), path);
});

/** What may happen to a file. */
const CHANGES: Readonly<Record<string, readonly [problem: string, happen: (file: string) => Promise<void>]>> = {
  'its last weights are written anew': ['was written to while the model was in use', overwrite],
  'it is cut short': ['it was written to while the model was in use', (file) => truncate(file, 1000)],
  'it grows': [
    'it was written to while the model was in use',
    async (file) => truncate(file, 10 + (await readFile(file)).length),
  ],
  'another one is renamed over it': ['was replaced by another file while the model was in use', replace],
  'it is removed': ['was removed or renamed while the model was in use', (file) => rm(file)],
  'it gets another time': ['was written to while the model was in use', (file) => utimes(file, 1, 1)],
};

async function overwrite(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  await handle.write(Buffer.of(1, 2, 3, 4), 0, 4, (await handle.stat()).size - 4);
  await handle.close();
}

async function replace(file: string): Promise<void> {
  await copyFile(fixture('dit/model.safetensors'), `${file}.new`);
  await rename(`${file}.new`, file);
}

const steps = diffusionSteps(6);
const config = { num_heads: 4 };

describe.each([
  ['in this thread', { thread: 'main', memory: 'normal' }],
  ['in this thread, with little memory', { thread: 'main', memory: 'low' }],
  ['in a worker thread', { thread: 'worker', memory: 'normal' }],
] as const)('a model %s', (_, options) => {
  const draw = async (happen: (at: number) => Promise<void>): Promise<void> => {
    const transformer = await openTransformer(path, { ...options, threads: 1, config });
    try {
      const plan = planOf(fora({ steps: 6, interval: 3 }), transformer.topology);
      await happen(-1);
      await generate(transformer, { plan, steps, conditions: [1], onStep: ({ step }) => happen(step) });
    } finally {
      await transformer.dispose();
    }
  };

  it.each(Object.entries(CHANGES))('gives no picture once %s', async (_name, [problem, happen]) => {
    for (const moment of [-1, 1, 4]) {
      await copyFile(fixture('dit/model.safetensors'), path);
      await expect(
        draw(async (at) => (at === moment ? happen(path) : undefined)),
        `at ${moment}`,
      ).rejects.toMatchObject({
        code: 'invalid-model',
        message: expect.stringContaining(problem) as string,
      });
    }
  });

  it('does not mind what leaves the weights as they are', async () => {
    await draw(async (at) => {
      if (at === 0) await chmod(path, 0o444);
      if (at === 1) await link(path, `${path}.link`);
      if (at === 2) await readFile(path);
    });
  });

  it('is not opened where its file is another one than was looked at', async () => {
    const looked = await openModelFiles(path, config);
    await looked.close();
    await (await openTransformer(path, { ...options, config, unchangedSince: looked.files })).dispose();
    await overwrite(path);
    await expect(openTransformer(path, { ...options, config, unchangedSince: looked.files })).rejects.toThrow(
      `${path}: was written to while the model was in use; open the model again`,
    );
    const other = join(path, '..', 'other.safetensors');
    await copyFile(path, other);
    const now = await openModelFiles(path, config);
    await now.close();
    await expect(openTransformer(other, { ...options, config, unchangedSince: now.files })).rejects.toThrow(
      `${other}: the model was in ${path} when it was looked at, and is here now`,
    );
  });
});
