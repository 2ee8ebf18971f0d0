import { describe, expect, it } from 'vitest';
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
