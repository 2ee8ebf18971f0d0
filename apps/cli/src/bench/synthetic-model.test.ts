import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { openModelFiles } from '@procache/backend-node';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../test/spawn-procache.ts';
import { syntheticModel } from './synthetic-model.ts';

const out = temporaryFolder();
const going = new AbortController().signal;

describe('a model of a published size with random weights', () => {
  it('is written once, and opens', async () => {
    const folder = await syntheticModel('dit-s/2', out('cache'), going);
    const written = await stat(`${folder}/model.safetensors`);
    const opened = await openModelFiles(folder);
    await opened.close();
    expect(opened.model.topology.blocks).toHaveLength(12);
    expect(await syntheticModel('DiT-S/2', out('cache'), going)).toBe(folder);
    expect((await stat(`${folder}/model.safetensors`)).mtimeMs).toBe(written.mtimeMs);
    expect((await readdir(folder)).toSorted()).toEqual(['config.json', 'model.safetensors']);
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
