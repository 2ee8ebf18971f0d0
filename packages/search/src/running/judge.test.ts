import { describe, expect, it } from 'vitest';
import { intervalOf, type Judged } from './judge.ts';

const judged = (mean: number, low: number, high: number): Judged => ({ interval: { mean, low, high } }) as Judged;
const objective = (better: 'lower' | 'higher') => ({ name: 'x', better, judges: 'image' }) as const;

describe('the interval of an objective', () => {
  it('is as its scores are, whichever way is better', () => {
    expect(intervalOf(judged(2e-5, 1e-5, 3e-5), objective('lower'))).toEqual([1e-5, 3e-5]);
    expect(intervalOf(judged(-35, -36, -34), objective('higher'))).toEqual([34, 36]);
  });

  it('does not reach below 0 where scores do not', () => {
    expect(intervalOf(judged(1e-5, -1e-5, 3e-5), objective('lower'))).toEqual([0, 3e-5]);
    expect(intervalOf(judged(-5, -15, 5), objective('higher'))).toEqual([0, 15]);
    expect(intervalOf(judged(1, -1, 3), objective('higher'))).toEqual([-3, 1]);
  });

  it('is unknown of a single image, or where a score is not finite', () => {
    expect(intervalOf(judged(1, -Infinity, Infinity), objective('lower'))).toBeUndefined();
    expect(intervalOf(judged(NaN, NaN, NaN), objective('lower'))).toBeUndefined();
  });
});
