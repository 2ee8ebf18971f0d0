import { describe, expect, it } from 'vitest';
import { CAPTIONS } from './captions.ts';
import { conditionsJson, conditionsOf, describeTakes, nameOfCondition, takenText } from './conditions.ts';
import { CLASSES, countingEncoder, knownModel, SMALL_TEXTS } from './testing/small-models.ts';

const place = 'conditions';
const classes = knownModel();
const texts = knownModel({ takes: SMALL_TEXTS });

describe('conditionsOf', () => {
  it('takes classes of a model of classes, by number and by name', async () => {
    expect(await conditionsOf([2, 'bag', 'boot', '1', 3], classes, { place })).toEqual([2, 0, 1, 1, 3]);
    expect(await conditionsOf('all', classes, { place })).toEqual([0, 1, 2]);
    expect(await conditionsOf(undefined, classes, { place })).toEqual([0, 1, 2]);
  });

  it('reads each text of a model of texts once, and takes embeddings as they are', async () => {
    const encoder = countingEncoder();
    const own = { values: new Float32Array(6), tokens: 1 };
    const [first, second, third, fourth] = await conditionsOf(['a cat', own, 'a dog', 'a cat'], texts, {
      place,
      encoder,
    });
    expect(encoder.asked).toEqual([['a cat', 'a dog']]);
    expect(second).toBe(own);
    expect(fourth).toBe(first);
    expect([first, third].map((condition) => nameOfCondition(condition!, SMALL_TEXTS))).toEqual(['a cat', 'a dog']);
  });

  it('of texts are what makers advise where nothing is asked for, else a caption of our own', async () => {
    const encoder = countingEncoder();
    const captions = ['a cat', 'a dog'];
    const advised = knownModel({ takes: SMALL_TEXTS }, { recommended: { captions } });
    expect(await conditionsOf(undefined, advised, { place, encoder })).toMatchObject([
      { text: 'a cat' },
      { text: 'a dog' },
    ]);
    expect(await conditionsOf(undefined, texts, { place, encoder })).toMatchObject([{ text: CAPTIONS[0] }]);
  });

  it.each([
    [
      'a text for classes',
      classes,
      [{ values: new Float32Array(6), tokens: 2 }],
      'small draws classes, not texts; labels',
    ],
    ['a class for texts', texts, [7], 'small draws from texts, and 7 is none; give a text for each image'],
    ['all classes for texts', texts, 'all', 'small draws from texts, not classes; give a text for each image'],
    [
      'an embedding of another model',
      texts,
      ['a cat', { values: new Float32Array(5), tokens: 2 }],
      'an embedding has 5 numbers, but small takes 2 tokens of 3; encode the text for this model',
    ],
    ['what is nothing at all', classes, [null], 'small draws classes, not texts'],
    ['an empty list', classes, [], 'there is none; give one for each image'],
    ['no list', classes, 7, '7 is not an array'],
  ])('refuses %s, and reads nothing', async (_, known, asked, message) => {
    const encoder = countingEncoder();
    await expect(conditionsOf(asked as never, known, { place, encoder })).rejects.toThrow(`conditions: ${message}`);
    expect(encoder.asked).toEqual([]);
  });

  it('says where there is nothing that reads texts', async () => {
    await expect(conditionsOf(['a cat'], texts, { place: '--prompt' })).rejects.toThrow(
      '--prompt: small draws from texts, and there is nothing here that reads them; give their embeddings',
    );
  });
});

describe('words', () => {
  it('call conditions and what a model takes by their names', () => {
    expect([0, 3].map((label) => nameOfCondition(label, CLASSES))).toEqual(['bag', 'no class']);
    expect(nameOfCondition({ values: new Float32Array(6), tokens: 1 }, SMALL_TEXTS)).toBe('a text');
    expect(takenText(CLASSES)).toBe('labels are 0 to 2 (bag, ankle boot, coat), or 3 for no class');
    expect(takenText(SMALL_TEXTS)).toBe('it takes texts of up to 2 tokens');
    expect(describeTakes(CLASSES)).toBe('3, and 3 for none: bag, ankle boot, coat');
    expect(describeTakes({ ...CLASSES, names: undefined, guessed: true, unconditional: undefined })).toBe(
      '3, and none without a class (row 3 of its label table is taken for "no class"; if it is a class, say ' +
        '"num_classes": 4 in the config)',
    );
    expect(describeTakes(SMALL_TEXTS)).toBe('up to 2 tokens of 3 numbers');
  });

  it('are what JSON has', () => {
    expect([[0, 1, 2], [1]].map((labels) => conditionsJson(labels, CLASSES))).toEqual(['all', [1]]);
    const values = new Float32Array(6);
    expect(conditionsJson([{ values, tokens: 1, text: 'a cat' }], SMALL_TEXTS)).toEqual(['a cat']);
  });
});
