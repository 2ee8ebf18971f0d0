import type { Assessment } from '@procache/search';
import { describe, expect, it } from 'vitest';
import { doingText, outcomeText } from './campaign-text.ts';

const plain = (text: string): string => text;
const effort = { milliseconds: 1000, cpuMilliseconds: 1000 } as Parameters<typeof outcomeText>[2];
const scoresOf = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, [-1.234e-5]]));

/** The text of an outcome whose schedules were judged by some objectives. */
function textFor(objectives: readonly string[], schedules: readonly string[]): string {
  const measures = objectives.map((name) => ({ name, better: 'lower', judges: 'image' }));
  const judged = schedules.map((name) => ({
    name,
    computed: 17,
    judged: { scores: scoresOf(objectives), interval: { mean: -1.2e-5, low: -1.234e-5, high: -1.1e-5 } },
    speedup: 2.5,
  }));
  const best = { pattern: '#..#', scores: scoresOf(objectives), loss: -1.234e-5, seeds: [1, 2], losses: [1, 2] };
  const budgets = [{ budget: 17, result: { best, lead: undefined, finalists: [], ranking: [best] } }];
  const campaign = { measures, seeds: { judge: [1, 2] } } as object as Parameters<typeof outcomeText>[0];
  const outcome = { budgets, judged, effort, evaluations: 3 } as object as Parameters<typeof outcomeText>[1];
  return outcomeText(campaign, outcome, effort, plain);
}

describe('what a search prints', () => {
  const names = ['procache-published', 'taylorseer-lite-3-2', 'found, 17 computed', '17 plain steps'];

  it.each([
    ['one objective', ['latent-error']],
    ['those of pixels', ['latent-error', 'psnr', 'ssim']],
    ['all of them', ['latent-error', 'psnr', 'ssim', 'frechet', 'kernel']],
  ])('keeps names and numbers whole within 80 columns, by %s', (_, objectives) => {
    const text = textFor(objectives, names);
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    for (const name of ['procache-published', 'taylorseer-lite-3-2']) expect(text).toContain(name);
    expect(text.match(/-1\.23e-5\.\.-1\.10e-5/g)).toHaveLength(names.length);
    expect(text.match(/-1\.23e-5(?!\.\.)/g)).toHaveLength(names.length * objectives.length + 1);
    expect(text.match(/2\.50x/g)).toHaveLength(names.length);
  });

  it('keeps to 80 columns whatever a schedule is called, and prints scores as they are', () => {
    const text = textFor(['kernel'], ['x'.repeat(1_000_000), '\u001b[2J']);
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(text).not.toContain('\u001b');
    expect(text).toContain('the best of 1: kernel -1.23e-5 on 2 images');
  });
});

describe('what a search is doing', () => {
  const campaign = {
    measures: [{ name: 'latent-error', better: 'lower', judges: 'image' }],
    seeds: { judge: [1, 2] },
  } as object as Parameters<typeof doingText>[1];

  it('is said with the budget, the best so far and how many were tried', () => {
    const best = { scores: { 'latent-error': [1e-5, 3e-5] } } as object as Assessment;
    const searching = { doing: 'searching', budget: 17, tried: 214 } as const;
    expect(doingText({ ...searching, best: undefined }, campaign)).toBe('17 computed: 214 tried');
    expect(doingText({ ...searching, best }, campaign)).toBe('17 computed: best 2.00e-5, 214 tried');
    expect(doingText({ doing: 'judging' }, campaign)).toBe('judging on 2 fresh images');
    expect(doingText({ doing: 'timing steps' }, campaign)).toBe('measuring what steps take');
    expect(doingText({ doing: 'timing what was found' }, campaign)).toBe('timing what was found');
  });
});
