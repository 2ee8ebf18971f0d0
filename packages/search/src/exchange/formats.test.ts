import { fora } from '@procache/core';
import { describe, expect, it } from 'vitest';
import { exportText, type Format, FORMATS, importText } from './formats.ts';

const topology = {
  blocks: [
    ['attn', 'mlp'],
    ['attn', 'mlp'],
  ],
  grid: [2, 2],
} as const;
const schedule = fora({ steps: 8, interval: 3 });
const particulars = { topology, direction: 'noisiest-first', name: 'theirs' } as const;

describe('importText', () => {
  it.each(FORMATS)('reads what exportText writes as %s', async (format: Format) => {
    const text = exportText(schedule, format, particulars);
    expect((await importText(text, format, particulars)).schedule.pattern).toBe(schedule.pattern);
    expect(text.endsWith('\n')).toBe(true);
  });

  it('names the file, and what is left of its settings', async () => {
    await expect(importText('0,7', 'mask', particulars)).rejects.toThrow(/^theirs: /);
    await expect(importText('x', 'ecad', particulars)).rejects.toThrow('the format is JSON; name the right one');
    const yaml = 'cache_config: { steps_computation_mask: [1, 0, 0, 1], threshold: 0.1 }';
    await expect(importText(yaml, 'bins', particulars)).resolves.toMatchObject({ left: ['threshold'] });
  });

  it('takes lists with their direction only', async () => {
    await expect(importText('[1,0]', 'list', { topology, name: 'theirs' })).rejects.toThrow(
      'direction: lists of 0, 1 and 2 are written both ways round; say noisiest-first',
    );
  });
});
