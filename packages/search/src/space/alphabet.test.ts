import { checkSchedule, type Topology } from '@procache/core';
import { describe, expect, it } from 'vitest';
import { alphabetOf, keyOf, scheduleFor } from './alphabet.ts';

const topology: Topology = {
  blocks: [
    ['attn', 'mlp'],
    ['attn', 'mlp'],
  ],
  grid: [2, 2],
};
const selective = { blocks: [1, 1], ratio: 0.5, modules: ['mlp'] } as const;

describe('an alphabet', () => {
  it('names plain reuse ., forecasts by their order, and selective steps +', () => {
    const alphabet = alphabetOf({
      reuse: [
        {},
        { order: 1 },
        { order: 1, span: [0, 1] },
        { order: 2, forecast: 'lagrange', span: [0, 1] },
        { span: [0, 1] },
      ],
      selective: [selective, { ...selective, ratio: 0.25, reuse: { order: 1 } }],
      selector: { score: 'value-norm' },
    });
    expect(alphabet.reused).toEqual(['.', '1', '~', '2', '0']);
    expect(alphabet.selective).toEqual(['+', '*']);
    expect(alphabet.legend['*']).toEqual([
      { do: 'reuse', order: 1 },
      { do: 'refresh', ratio: 0.25, blocks: [1, 1], modules: ['mlp'] },
    ]);
    expect(scheduleFor('#.+', alphabet)).toEqual({
      version: 1,
      pattern: '#.+',
      legend: { '+': alphabet.legend['+'] },
      selector: { score: 'value-norm' },
    });
    expect(scheduleFor('#.', alphabet)).toEqual({ version: 1, pattern: '#.', legend: {} });
    expect(() => checkSchedule(scheduleFor('#.1#~#2#0#+*', alphabet), topology)).not.toThrow();
  });

  it('refuses a variant given twice, and more than it has letters for', () => {
    expect(() => alphabetOf({ reuse: [{}, {}] })).toThrow('reuse[1]: the same variant is given twice');
    const many = Array.from({ length: 20 }, (_, i) => ({ ...selective, ratio: i / 20 }));
    expect(() => alphabetOf({ reuse: [{}], selective: many })).toThrow(
      'selective[16]: there are more variants than letters',
    );
  });
});

describe('keyOf', () => {
  it('is the same for schedules that do the same, and for no others', () => {
    const rule = { do: 'reuse', order: 2 } as const;
    const key = keyOf({ version: 1, pattern: '#aa#b', legend: { a: [rule], b: [{ do: 'reuse' }] } });
    expect(
      keyOf({
        version: 1,
        pattern: '#bb#c',
        legend: { c: [{ do: 'reuse' }], b: [{ order: 2, do: 'reuse' }], z: [rule] },
        notes: {},
      }),
    ).toBe(key);
    expect(keyOf({ version: 1, pattern: '#aa#b', legend: { b: [rule], a: [{ do: 'reuse' }] } })).not.toBe(key);
    expect(
      keyOf({
        version: 1,
        pattern: '#aa#b',
        legend: { a: [rule], b: [{ do: 'reuse' }] },
        selector: { score: 'random' },
      }),
    ).not.toBe(key);
  });
});
