import { describe, expect, it } from 'vitest';
import { type Comparison, comparisonObject, comparisonText, type Standing } from './index.ts';

const pixels = { psnr: 31.25, psnrByImage: [33, 29.5], ssim: 0.98765 };
const standing = (name: string, milliseconds: readonly number[], rest: Partial<Standing> = {}): Standing => ({
  name,
  milliseconds,
  median: milliseconds[0]!,
  kinds: { computed: { steps: 3, median: 12 } },
  records: [],
  batch: 20,
  last: { latents: new Float32Array(), records: [], milliseconds: 1 },
  speedup: { ratio: 1, least: 1, greatest: 1 },
  closeness: { latentError: 0, pixels: { psnr: Infinity, psnrByImage: [Infinity], ssim: 1 } },
  ...rest,
});
const cached = standing('cached', [1000, 1010, 990], {
  speedup: { ratio: 2.5, least: 2.4, greatest: 2.6 },
  closeness: { latentError: 0.0321, pixels },
});
const comparison: Comparison = { results: [standing('uncached', [2500, 2510, 2490]), cached], disturbed: false };

describe('comparisonText', () => {
  it('has times, the speed-up with its spread, and the closeness, in lines of 80 columns', () => {
    expect(comparisonText(comparison, { multiplyAddRatio: 2.75, name: 'fora-3' })).toBe(
      [
        '            wall clock, median',
        '  --------  ------------------',
        '  uncached              2.50 s',
        '  fora-3                1.00 s',
        '',
        '  speed-up           2.50x  wall clock; 3 rounds in turns, 2.40x to 2.60x',
        '  multiply-adds      2.75x  fewer, counted: arithmetic, not time',
        '  PSNR             31.3 dB  to the uncached images; the worst has 29.5 dB',
        '  SSIM               0.988  mean over the images; 1 is identical',
        '  latent error       0.032  relative L2; 0 is identical',
        '',
      ].join('\n'),
    );
  });

  it('says of identical images that they are, and leaves out what was not measured', () => {
    const [reference] = comparison.results;
    const one = standing('cached', [2500], { closeness: { latentError: 0, pixels: { ...pixels, ssim: undefined } } });
    const text = comparisonText({ results: [reference, one], disturbed: false }, { multiplyAddRatio: 1 });
    expect(text).toContain('wall clock; 1 round\n');
    expect(text).not.toContain('SSIM');
    const same = comparisonText({ results: [reference, reference], disturbed: false }, { multiplyAddRatio: 1 });
    expect(same).toContain('  PSNR           identical  to the uncached images; the worst is identical\n');
    const latents = standing('cached', [1], { closeness: { latentError: 0, pixels: undefined } });
    const bare = comparisonText({ results: [reference, latents], disturbed: false }, { multiplyAddRatio: 1 });
    expect(bare).not.toContain('PSNR');
  });

  it('warns of times that are not to be trusted, and names what asks for more rounds', () => {
    const text = (askForRounds?: string) =>
      comparisonText({ ...comparison, disturbed: true }, { multiplyAddRatio: 1, askForRounds });
    expect(text('--repeat')).toContain('it is idle, or with more rounds\n  (--repeat).\n');
    expect(text()).toContain('These times are not to be trusted: a computed step took 12.0 ms in the');
    expect(text()).toContain('with more rounds.\n');
    for (const line of text('--repeat').split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('aligns what stands out as what does not', () => {
    const emphasis = {
      strong: (text: string) => `<b>${text}</b>`,
      faint: (text: string) => `<i>${text}</i>`,
      alarm: (text: string) => `<u>${text}</u>`,
    };
    const plain = comparisonText(comparison, { multiplyAddRatio: 2.75 });
    const marked = comparisonText(comparison, { multiplyAddRatio: 2.75, emphasis });
    expect(marked).toContain('<b>    2.50x</b>');
    expect(marked.replaceAll(/<\/?[biu]>/g, '')).toBe(plain);
  });
});

describe('comparisonObject', () => {
  it('has the times of each round, and no latents', () => {
    expect(comparisonObject(comparison)).toEqual({
      rounds: [
        { cached: 1000, uncached: 2500 },
        { cached: 1010, uncached: 2510 },
        { cached: 990, uncached: 2490 },
      ],
      medians: { cached: 1000, uncached: 2500 },
      speedup: { ratio: 2.5, least: 2.4, greatest: 2.6 },
      computedStep: { cached: 12, uncached: 12 },
      disturbed: false,
      closeness: { latentError: 0.0321, pixels },
    });
  });
});
