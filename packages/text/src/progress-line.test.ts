import { describe, expect, it } from 'vitest';
import { shareLine } from './index.ts';

describe('shareLine', () => {
  const state = { text: '17 computed: best 1.93e-5, 214 tried', share: 0.5, left: 190_000, elapsed: 62_000 };

  it('fits its width', () => {
    expect(shareLine(state, 79)).toBe('[========>       ]  17 computed: best 1.93e-5, 214 tried  1:02, 3:10 left');
    for (let width = 0; width < 90; width++) expect(shareLine(state, width).length).toBeLessThanOrEqual(width);
  });

  it('does not guess before anything is done', () => {
    expect(shareLine({ ...state, text: 'opening', left: undefined }, 40)).toContain('-:-- left');
  });
});
