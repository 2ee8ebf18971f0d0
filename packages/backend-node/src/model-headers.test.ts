import { fileURLToPath } from 'node:url';
import { zooModel } from '@procache/zoo';
import { describe, expect, it } from 'vitest';
import { readConfigFile, readModelHeaders } from './model-headers.ts';
import { openTransformer } from './transformer.ts';

const { folder } = zooModel('fashion-dit');

describe('readModelHeaders', () => {
  it('tells what a model is and what its files are, which can be opened as they were', async () => {
    const { model, own, fingerprint, files, path, config } = await readModelHeaders(folder, { family: 'dit' });
    expect(model).toMatchObject({ family: 'dit', takes: { kind: 'classes', count: 10 } });
    expect(own['num_heads']).toBe(6);
    expect(fingerprint).toMatch(/^[0-9a-f]{16}$/);
    const transformer = await openTransformer(path, { config, unchangedSince: files });
    expect(transformer.topology).toEqual(model.topology);
    await transformer.dispose();
  });
});

describe('readConfigFile', () => {
  it('reads fields, and says of what is none where it stands', async () => {
    expect(await readConfigFile(`${folder}/config.json`)).toMatchObject({ num_heads: 6 });
    const self = fileURLToPath(import.meta.url);
    await expect(readConfigFile(self, '--config mine')).rejects.toThrow(
      /^--config mine, line 1, .*give the path of a config.json$/,
    );
  });
});
