import { describe, expect, it } from 'vitest';
import { alphabetOf } from '../space/alphabet.ts';
import { textOfFloats } from '../study/float32-text.ts';
import type { StudyHeader } from '../study/header.ts';
import { beginStudy } from '../study/study.ts';
import { keptRecording, keptStepTimes, keptTime } from './kept-values.ts';
import { keptUncached } from './uncached-images.ts';

const place = 'study';
const alphabet = alphabetOf({ reuse: [{}, { order: 2 }] });
const times = keptStepTimes(alphabet);
const recording = keptRecording([0], 2);
const product = [1, 0.5, 2];

describe('what a search keeps in its study', () => {
  it.each([
    [times, { once: 1.5, letters: { '#': 9, '.': 1, 2: 3 } }],
    [keptTime('time'), 12.5],
    [recording, { steps: 2, families: [{}], reach: [0, 1], products: [Float64Array.of(1, 0.5, 0.5, 2)] }],
  ] as const)('reads as it was written: %#', (kept, value) => {
    expect(kept.read({ value: JSON.parse(JSON.stringify(kept.write(value as never))), place })).toEqual(value);
  });

  it.each([
    [times, null, 'study: null is not an object'],
    [times, { once: 1, letters: { '#': 9, '.': 1 } }, 'study.letters["2"]: nothing is not a number of at least 0'],
    [times, { once: -1, letters: {} }, 'study.once: -1 is not a number of at least 0'],
    [times, { once: 1, letters: [] }, 'study.letters: [] is not an object'],
    [keptTime('time'), 'NaN', 'study: "NaN" is not a number of at least 0'],
    [
      recording,
      { steps: 3, families: [{}], reach: [0, 1, 1], products: [[1, 0, 1, 0, 0, 1]] },
      'study.steps: is 3, and the search has 2; begin another study',
    ],
    [
      recording,
      { steps: 2, families: [{}], reach: [0, 1], products: [product, product] },
      'study.products: is of 2 images, and there should be 1; begin another study',
    ],
  ])('is refused with the place: %#', (kept, value, message) => {
    expect(() => kept.read({ value, place })).toThrow(message);
  });
});

describe('uncached images', () => {
  const model = { latent: { channels: 1, outChannels: 1, height: 32, width: 32 } };
  const header: StudyHeader = {
    model: 'm',
    sampler: 'ddim',
    steps: 2,
    guidance: 1,
    images: null,
    seeds: [0],
    finalSeeds: [],
    versions: {},
    objectives: [],
    strategy: null,
    constraints: null,
  };

  it('are made once, and refused where the study holds something else', async () => {
    const study = await beginStudy(header, () => undefined);
    const made = Float32Array.from({ length: 32 * 32 }, (_, i) => Math.sin(i));
    let renders = 0;
    const images = keptUncached(
      { model, steps: 2 },
      study,
      () => (renders++, Promise.resolve([made])),
      () => undefined,
    );
    expect(await images([5])).toEqual([made]);
    expect(await images([5])).toEqual([made]);
    expect(renders).toBe(1);
    for (const [seed, odd, message] of [
      [6, null, 'the study, "uncached 6": null is no image of 1024 numbers in base64; begin another study'],
      [7, 'AAAA', '"AAAA" is no image of 1024 numbers in base64'],
      [8, textOfFloats(new Float32Array(1024).fill(NaN)), 'the image holds NaN, and should hold numbers only'],
    ] as const) {
      await study.keep({ name: `uncached ${seed}`, write: () => odd, read: () => 1 }, () => Promise.resolve(1));
      await expect(images([seed])).rejects.toThrow(message);
    }
  });

  it('that are no numbers stop the search instead of being kept', async () => {
    const written: string[] = [];
    const study = await beginStudy(header, (text) => void written.push(text));
    const images = keptUncached(
      { model, steps: 2 },
      study,
      () => Promise.resolve([new Float32Array(1024).fill(Infinity)]),
      () => undefined,
    );
    await expect(images([5])).rejects.toMatchObject({
      code: 'execution-failed',
      message: expect.stringContaining('the image holds Infinity'),
    });
    expect(written).toHaveLength(1);
  });
});
