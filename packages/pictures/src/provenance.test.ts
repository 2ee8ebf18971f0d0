import { describe, expect, it } from 'vitest';
import { encodePng, insertPngText, pictureName, type Provenance, provenanceText, toldImages } from './index.ts';

const provenance: Provenance = {
  version: '0.1.0',
  model: { name: 'fashion\ndit', family: 'dit', flavour: 'original', fingerprint: '0123456789abcdef' },
  schedule: { name: 'fora-2', version: 1, pattern: '##.#', legend: {} },
  steps: 4,
  sampler: 'ddim',
  eta: 0,
  timesteps: 'spaced',
  guidance: 1.5,
  images: [
    { condition: 8, name: 'bag', seed: 3 },
    { condition: 1, name: 'a\u0000\u001b[2J\nSteps: 7\u202e', seed: '18446744073709551615' },
  ],
};
const picture = { width: 1, height: 1, channels: 1, data: Uint8Array.of(7) } as const;

describe('what a picture says of how it was made', () => {
  it('has all of it as JSON, and the most of it in a line for people', () => {
    const { parameters, procache } = provenanceText(provenance);
    expect(JSON.parse(procache)).toEqual(provenance);
    expect(parameters).toBe(
      'bag, a\\u{0}\\u{1b}[2J Steps: 7\\u{202e}\nSteps: 4, Sampler: ddim, CFG scale: 1.5, ' +
        'Seed: 3 to 18446744073709551615, Schedule: fora-2 ##.#, Model: fashion dit, ' +
        'Model fingerprint: 0123456789abcdef, Version: ProCache 0.1.0',
    );
  });

  it('says what guidance leads away from, the size, and how far a preview is, as other tools write it', () => {
    const more = { ...provenance, negative: 'blurry,\nugly', width: 800, height: 600, taken: 2 };
    expect(provenanceText(more).parameters.split('\n').slice(1)).toEqual([
      'Negative prompt: blurry, ugly',
      expect.stringMatching(/^Steps: 2 of 4, Sampler: ddim, CFG scale: 1.5, Seed: 3 to \d+, Size: 800x600, Schedule: /),
    ]);
    expect(JSON.parse(provenanceText(more).procache)).toEqual(more);
  });

  it('names the file of noise where no seed was drawn from', () => {
    const images = [{ condition: 8, name: 'bag', noise: 'noise.safetensors' }];
    expect(provenanceText({ ...provenance, images }).parameters).toContain('Seed: noise.safetensors, ');
  });

  it('is read back out of a file', () => {
    expect(toldImages(encodePng(picture, provenanceText(provenance)))).toEqual(provenance.images);
  });
});

describe('toldImages', () => {
  const said = (text: string) => toldImages(insertPngText(encodePng(picture), { procache: text }));

  it('takes what is in a file for what anybody may have written', () => {
    expect(
      said('{"images": [null, 7, {"name": 8}, {"name": "a", "seed": "../x"}, {"name": "b", "seed": "12"}]}'),
    ).toEqual([
      { name: 'a', condition: undefined, seed: undefined },
      { name: 'b', condition: undefined, seed: '12' },
    ]);
  });

  it('reads what pictures of earlier versions call a label', () => {
    expect(said('{"images": [{"name": "bag", "label": 8, "seed": 1}]}')).toEqual([
      { name: 'bag', condition: 8, seed: 1 },
    ]);
  });

  it.each(['null', '7', '[]', '{"images": 7}', '{', ''])('finds none in %j', (text) => {
    expect(said(text)).toBeUndefined();
  });

  it('finds none in other pictures and other files', () => {
    expect(toldImages(encodePng(picture))).toBeUndefined();
    expect(toldImages(Uint8Array.of(1, 2, 3))).toBeUndefined();
  });
});

describe('pictureName', () => {
  it.each([
    ['bag', 3, '07-bag-seed3.png'],
    ['T-shirt / top', 12n, '07-t-shirt-top-seed12.png'],
    ['../../x', '5', '07-x-seed5.png'],
    ['...', undefined, '07-image-noise.png'],
    ['x'.repeat(99), 0, `07-${'x'.repeat(40)}-seed0.png`],
  ])('of %s with seed %s is %s', (name, seed, file) => {
    expect(pictureName({ name, seed }, 7)).toBe(file);
  });
});
