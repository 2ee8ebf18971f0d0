import { describe, expect, it } from 'vitest';
import { progressLine } from './search-progress.ts';
import { openWorkMeter } from './work-meter.ts';

describe('openWorkMeter', () => {
  it('takes the pace of what was computed, and leaves out what was known', () => {
    let time = 1000;
    const meter = openWorkMeter(() => time);
    expect(meter).toMatchObject({ share: 0, left: undefined });
    meter.expect('references', 100);
    meter.expect('search', 300);
    meter.advance('references', 40, 40); // from the study
    expect(meter).toMatchObject({ share: 0.1, left: undefined });
    time += 5000;
    meter.advance('search', 60, 10);
    expect(meter).toMatchObject({ share: 0.25, elapsed: 5000, left: (5000 / 50) * 300 });
    meter.end('search');
    expect(meter.left).toBe((5000 / 50) * 60);
    meter.advance('references', 1000, 40);
    expect(meter).toMatchObject({ share: 1, left: 0 });
  });
});

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
