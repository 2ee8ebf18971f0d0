import { describe, expect, it } from 'vitest';
import { checkSeed } from './index.ts';

describe('checkSeed', () => {
  it('passes samplers that draw noise in between', () => {
    checkSeed({ sampler: 'ddpm', eta: 0 });
    checkSeed({ sampler: 'ddim', eta: 0.5 });
  });

  it('refuses a seed that nothing is drawn from, in the words of whoever asks', () => {
    expect(() => {
      checkSeed({ sampler: 'ddim', eta: 0 }, '--noise', (option) => `--${option}`);
    }).toThrow(
      '--seed: with --noise nothing is drawn from it, as ddim adds none with --eta 0; leave one of the two out',
    );
    expect(() => {
      checkSeed({ sampler: 'euler', eta: 0 });
    }).toThrow('seed: with noise nothing is drawn from it, as euler adds none; leave one of the two out');
  });
});
