import { type Schedule, uncached } from '@procache/core';
import { type Placed, refuse, shown } from '@procache/core/untrusted';
import type { ComparisonOptions, Render } from '../scoring/comparison.ts';
import { floatsOfText, textOfFloats } from '../study/float32-text.ts';
import type { Kept } from '../study/kept.ts';
import type { Study } from '../study/study.ts';
import type { Campaign } from './campaign.ts';

/** Uncached images that are made, and kept in the study, at a time. */
const TOGETHER = 16;

/**
 * The uncached images that all others are compared with: each made once, and from then on read from the study.
 *
 * `onKept` is called after every few. They are as dear as the search itself for a large model, and 4 KB each for a
 * small one.
 */
export function keptUncached(
  { model, steps }: Pick<Campaign, 'steps'> & { readonly model: Pick<Campaign['model'], 'latent'> },
  study: Study,
  render: Render,
  onKept: () => void,
): ComparisonOptions['uncached'] {
  const schedule: Schedule = uncached({ steps });
  const { channels, height, width } = model.latent;
  const keptImage = (seed: number): Kept<Float32Array> => ({
    name: nameOf(seed),
    write: textOfFloats,
    read: (placed) => imageIn(placed, channels * height * width),
  });
  return async (seeds, signal) => {
    const missing = seeds.filter((seed) => !isKept(study, seed));
    for (let i = 0; i < missing.length; i += TOGETHER) {
      const part = missing.slice(i, i + TOGETHER);
      const images = await render(schedule, part, signal);
      for (const [k, seed] of part.entries()) await study.keep(keptImage(seed), () => Promise.resolve(images[k]!));
      onKept();
    }
    return seeds.map((seed) => study.kept(keptImage(seed))!);
  };
}

/** Whether the uncached image of a seed has been made. */
export function isKept(study: Study, seed: number): boolean {
  return study.keeps(nameOf(seed));
}

function nameOf(seed: number): string {
  return `uncached ${seed}`;
}

function imageIn({ value, place, code }: Placed, size: number): Float32Array {
  const image = typeof value === 'string' ? floatsOfText(value, size) : undefined;
  if (!image)
    return refuse(place, `${shown(value)} is no image of ${size} numbers in base64; begin another study`, code);
  const odd = image.find((pixel) => !Number.isFinite(pixel));
  if (odd !== undefined)
    refuse(place, `the image holds ${odd}, and should hold numbers only; begin another study`, code);
  return image;
}
