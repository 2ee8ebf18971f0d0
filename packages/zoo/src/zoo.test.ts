import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesSource, openCheckpoint, readFloats } from '@procache/model';
import { describe, expect, it } from 'vitest';
import { zooClassifier } from './classifier.ts';
import { zooModel, zooNames } from './zoo.ts';

describe('zooModel', () => {
  it('knows nothing of other names', () => {
    expect(zooModel('fashion-classifier')).toBeUndefined();
    expect(zooModel('../models/fashion-dit')).toBeUndefined();
  });

  it.each(zooNames())(
    '%s ships with weights of at most 20 MB, a config.json, a card and its pictures',
    async (name) => {
      const { folder } = zooModel(name);
      expect((await stat(join(folder, 'model.safetensors'))).size).toBeLessThanOrEqual(20e6);
      for (const file of ['config.json', 'README.md', 'samples.png', 'loss.csv'])
        expect((await stat(join(folder, file))).isFile()).toBe(true);
    },
  );

  it.each(zooNames().filter((name) => zooModel(name).classifier))('%s names a classifier that ships', (name) => {
    expect(zooClassifier(zooModel(name).classifier!)).toBeDefined();
  });

  it.each(zooNames().filter((name) => zooModel(name).text))(
    '%s has a vector of a word for each row of its vocabulary',
    async (name) => {
      const { folder, text } = zooModel(name);
      const vocabulary = JSON.parse(await readFile(text!.vocabulary, 'utf8')) as string[];
      const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as Record<string, number>;
      const { tensors } = await openCheckpoint(
        bytesSource('text_encoder.safetensors', await readFile(text!.embedding)),
      );
      const embedding = tensors.get('embedding.weight')!;
      expect(embedding.shape).toEqual([vocabulary.length, config['caption_channels']]);
      expect((await readFloats(embedding)).every(Number.isFinite)).toBe(true);
      expect(vocabulary.slice(0, 2)).toEqual(['', '</s>']);
      expect(new Set(vocabulary).size).toBe(vocabulary.length);
    },
  );

  it('says of a model without text that it takes none', () => {
    expect(zooModel('fashion-dit')).not.toHaveProperty('text');
  });
});
