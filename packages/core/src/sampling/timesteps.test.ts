import { describe, expect, it } from 'vitest';
import { timestepsOf, type TimestepRule } from './timesteps.ts';

/** The sum that `test/diffusion.py` prints for a rule, over every count from 1 to 1000 that it allows. */
function checksum(rule: TimestepRule): number {
  let total = 0;
  for (let count = 1; count <= 1000; count++) {
    for (const [i, timestep] of allowed(count, rule).entries())
      total = (total + count * (i + 1) * (timestep + 1)) % 1000000007;
  }
  return total;
}

function allowed(count: number, rule: TimestepRule): readonly number[] {
  try {
    return timestepsOf(count, rule);
  } catch {
    return [];
  }
}

describe('timestepsOf', () => {
  it('gives the published 50 steps of each rule', () => {
    const original = timestepsOf(50, 'original');
    expect(original.slice(0, 3)).toEqual([999, 979, 958]);
    expect(original.slice(-5)).toEqual([82, 61, 41, 20, 0]);
    expect(timestepsOf(50, 'linspace')).toEqual(original);
    expect(timestepsOf(50, 'original-ddim')).toEqual(Array.from({ length: 50 }, (_, i) => 980 - 20 * i));
    expect(timestepsOf(50, 'leading')).toEqual(timestepsOf(50, 'original-ddim'));
    expect(timestepsOf(50, 'trailing')).toEqual(Array.from({ length: 50 }, (_, i) => 999 - 20 * i));
  });

  it.each([
    ['original', 78378733],
    ['original-ddim', 988002771],
    ['leading', 1437267],
    ['trailing', 907984788],
    ['linspace', 82929093],
  ] as const)('agrees with Python for every count: %s', (rule, expected) => {
    expect(checksum(rule)).toBe(expected);
  });

  it('rounds halves to even, as Python does', () => {
    expect(timestepsOf(16, 'trailing').slice(0, 4)).toEqual([999, 937, 874, 811]); // 1000, 937.5, 875, 812.5
    expect(timestepsOf(7, 'linspace', { trainTimesteps: 10 })).toEqual([9, 8, 6, 4, 3, 2, 0]); // 4.5 -> 4, 7.5 -> 8
  });

  it('shifts leading steps by the offset', () => {
    expect(timestepsOf(20, 'leading', { stepsOffset: 1 }).slice(0, 2)).toEqual([951, 901]);
    expect(timestepsOf(20, 'leading', { stepsOffset: 1 }).at(-1)).toBe(1);
  });

  it('takes one step, and all of them', () => {
    expect(timestepsOf(1, 'original')).toEqual([0]);
    expect(timestepsOf(1, 'trailing')).toEqual([999]);
    for (const rule of ['original', 'original-ddim', 'leading', 'trailing', 'linspace'] as const) {
      expect(timestepsOf(1000, rule)).toEqual(Array.from({ length: 1000 }, (_, i) => 999 - i));
    }
  });

  it.each([0, -1, 2.5, 1001, NaN])('refuses %d steps of 1000', (count) => {
    expect(() => timestepsOf(count, 'original')).toThrow(
      `cannot take ${count} steps through a model trained with 1000 timesteps; ask for 1 to 1000`,
    );
  });

  it('says which count has an integer stride', () => {
    expect(() => timestepsOf(30, 'original-ddim')).not.toThrow();
    expect(() => timestepsOf(45, 'original-ddim')).toThrow(
      'no integer stride takes exactly 45 of 1000 timesteps; use the rule "original", or',
    );
  });

  it('refuses an offset that leaves the training timesteps', () => {
    expect(() => timestepsOf(1000, 'leading', { stepsOffset: 1 })).toThrow(
      'run from timestep 1000 to 1, outside 0 to 999',
    );
  });
});
