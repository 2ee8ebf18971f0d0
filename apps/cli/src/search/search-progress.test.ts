import { describe, expect, it } from 'vitest';
import { progressLine } from './search-progress.ts';

describe('progressLine', () => {
  const state = { share: 0.5, left: 190_000, elapsed: 62_000 };

  it('fits its width', () => {
    expect(progressLine('17 computed: best 1.93e-5, 214 tried', state, 79)).toBe(
      '[========>       ]  17 computed: best 1.93e-5, 214 tried  1:02, 3:10 left',
    );
    for (let width = 0; width < 90; width++)
      expect(progressLine('17 computed: best 1.93e-5, 214 tried', state, width).length).toBeLessThanOrEqual(width);
  });

  it('does not guess before anything is done', () => {
    expect(progressLine('opening', { ...state, left: undefined }, 40)).toContain('-:-- left');
  });
});
