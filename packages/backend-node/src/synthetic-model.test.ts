import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openModelFiles, syntheticModel } from './index.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'procache-synthetic-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
const out = (name: string): string => join(folder, name);
const going = new AbortController().signal;

describe('a model of a published size with random weights', () => {
  it('is written once, and opens', async () => {
    const model = await syntheticModel('dit-s/2', out('cache'), going);
    const written = await stat(`${model}/model.safetensors`);
    const opened = await openModelFiles(model);
    await opened.close();
    expect(opened.model.topology.blocks).toHaveLength(12);
    expect(await syntheticModel('DiT-S/2', out('cache'), going)).toBe(model);
    expect((await stat(`${model}/model.safetensors`)).mtimeMs).toBe(written.mtimeMs);
    expect((await readdir(model)).toSorted()).toEqual(['config.json', 'model.safetensors']);
  });

  it('leaves nothing behind where its writing is stopped', async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort('SIGINT'), 5);
    await expect(syntheticModel('dit-xl/2', out('stopped'), stop.signal)).rejects.toBe('SIGINT');
    await expect(stat(out('stopped'))).rejects.toThrow('ENOENT');
  });

  it('says where it cannot be written', async () => {
    await writeFile(out('file'), 'text');
    await expect(syntheticModel('dit-s/2', out('file'), going)).rejects.toMatchObject({
      name: 'ProCacheError',
      code: 'execution-failed',
    });
    await expect(syntheticModel('dit-s/2', '/proc/cache', going)).rejects.toMatchObject({
      name: 'ProCacheError',
      code: 'execution-failed',
    });
    expect(await readFile(out('file'), 'utf8')).toBe('text');
  });
});
