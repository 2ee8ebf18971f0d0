import { describe, expect, it } from 'vitest';
import { isDisturbed, type Timing } from './index.ts';

const timing = (computed: number | undefined, batch: number = 20): Timing => ({
  name: String(computed),
  milliseconds: [1],
  median: 1,
  kinds: computed === undefined ? {} : { computed: { steps: 3, median: computed } },
  records: [],
  batch,
  last: { latents: new Float32Array(), records: [], milliseconds: 1 },
});

describe('isDisturbed', () => {
  it.each([
    ['equal times', [timing(10), timing(10)], false],
    ['times of the usual spread', [timing(10), timing(12.4), timing(11)], false],
    ['a slow last one', [timing(10), timing(10), timing(12.6)], true],
    ['a slow first one', [timing(12.6), timing(10)], true],
    ['more work for one of them', [timing(10), timing(20, 40)], false],
    ['one that computes nothing', [timing(10), timing(undefined)], false],
    ['one alone', [timing(10)], false],
  ])('of %s', (_, timings, disturbed) => {
    expect(isDisturbed(timings)).toBe(disturbed);
  });
});
