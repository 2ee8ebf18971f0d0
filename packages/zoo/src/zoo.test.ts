import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { zooClassifier } from './classifier.ts';
import { zooModel, zooNames } from './zoo.ts';

describe('zooModel', () => {
  it('knows nothing of other names', () => {
    expect(zooModel('fashion-classifier')).toBeUndefined();
    expect(zooModel('../models/fashion-dit')).toBeUndefined();
  });

  it.each(zooNames())('%s ships with weights of at most 20 MB, a config.json, a card and its pictures', async (name) => {
    const { folder } = zooModel(name)!;
    expect((await stat(join(folder, 'model.safetensors'))).size).toBeLessThanOrEqual(20e6);
    for (const file of ['config.json', 'README.md', 'samples.png', 'loss.csv']) expect((await stat(join(folder, file))).isFile()).toBe(true);
  });

  it.each(zooNames().filter((name) => zooModel(name)!.classifier))('%s names a classifier that ships', (name) => {
    expect(zooClassifier(zooModel(name)!.classifier!)).toBeDefined();
  });
});
