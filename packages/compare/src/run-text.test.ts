import type { StepRecord } from '@procache/core';
import { expect, it } from 'vitest';
import { runText } from './index.ts';

const record = (step: number, letter: string, milliseconds: number): StepRecord => ({
  step,
  letter,
  kind: letter === '#' ? 'computed' : 'reused',
  milliseconds,
  tokens: 8,
});

it('shows the letters of a run, and what the steps of each took', () => {
  const records = [record(0, '#', 90), record(1, '.', 5), record(2, '.', 5), record(3, '#', 100)];
  expect(runText(records, { strong: (text) => text.toUpperCase(), faint: String, alarm: String })).toBe(
    [
      '  #..#',
      '',
      '  letter  step      steps   median  together  share',
      '  ------  --------  -----  -------  --------  -----',
      '  #       computed      2  95.0 ms    0.19 s   95 %',
      '  .       reused        2   5.0 ms    0.01 s    5 %',
      '',
    ].join('\n'),
  );
});

it('breaks the letters of a long run', () => {
  const records = Array.from({ length: 200 }, (_, step) => record(step, '#', 1));
  for (const line of runText(records).split('\n')) expect(line.length).toBeLessThanOrEqual(80);
});
