import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesSource, openCheckpoint, readFloats } from '@procache/model';
import { describe, expect, it } from 'vitest';
import { zooClassifier } from './classifier.ts';
import { zooModel, zooNames } from './zoo.ts';

/** Of a schedule that ships, what is looked at here. */
interface Shipped {
  readonly pattern: string;
  readonly notes: { readonly judged: { readonly seeds: object } };
}

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

  it('emoji-pixart advises captions of its own words, and searches by others than it judges on', async () => {
    const { text, recommended } = zooModel('emoji-pixart');
    const { captions, searched } = recommended;
    const words = new Set(JSON.parse(await readFile(text!.vocabulary, 'utf8')) as string[]);
    const all = [...captions!, ...searched!.search, ...searched!.judge];
    expect(all.flatMap((caption) => caption.split(' ')).filter((word) => !words.has(word))).toEqual([]);
    expect([captions!.length, searched!.search.length, searched!.judge.length]).toEqual([10, 192, 64]);
    const concepts = [...searched!.search, ...searched!.judge].map((caption) => caption.replace(/^\w+ /, ''));
    expect(new Set(concepts).size).toBe(256);
    expect(searched!.search.slice(0, 3)).toEqual([
      'noto mahjong red dragon',
      'twemoji free button',
      'fluent up button',
    ]);
  });

  it.each(zooNames())(
    '%s ships schedules of the steps that it advises, with as many computed as they are called by',
    async (name) => {
      const { schedules, recommended } = zooModel(name);
      expect(Object.keys(schedules)).toEqual(['searched-8', 'searched-10', 'searched-17', 'searched-25']);
      for (const [called, file] of Object.entries(schedules)) {
        const { pattern, notes } = JSON.parse(await readFile(file, 'utf8')) as Shipped;
        expect(pattern).toHaveLength(recommended.steps);
        expect(`searched-${Array.from(pattern).filter((letter) => letter === '#').length}`).toBe(called);
        expect(notes).toMatchObject({
          model: name,
          searched: { steps: recommended.steps, guidance: recommended.guidance },
        });
        expect(notes.judged.seeds).toEqual({ first: 200_000, last: 200_255 });
      }
    },
  );

  it('says of a model without text that it takes none', () => {
    expect(zooModel('fashion-dit')).not.toHaveProperty('text');
  });
});
