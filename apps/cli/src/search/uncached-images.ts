import { type Schedule, uncached } from '@procache/core';
import { type Placed, refuse, shown } from '@procache/core/untrusted';
import type { Kept, Render, Signal, Study } from '@procache/search';
import type { SearchJob } from './job.ts';

/** Uncached images that are made, and kept in the study, at a time. */
const TOGETHER = 16;

/**
 * The uncached images that all others are compared with: each made once, and from then on read from the study.
 *
 * `onKept` is called after every few. They are as dear as the search itself for a large model, and 4 KB each for a
 * small one.
 */
export function keptUncached(
  job: Pick<SearchJob, 'steps' | 'chosen'>,
  study: Study,
  render: Render,
  onKept: () => void,
): (seeds: readonly number[], signal?: Signal) => Promise<readonly Float32Array[]> {
  const schedule: Schedule = uncached({ steps: job.steps });
  return async (seeds, signal) => {
    const missing = seeds.filter((seed) => !isKept(study, seed));
    for (let i = 0; i < missing.length; i += TOGETHER) {
      const part = missing.slice(i, i + TOGETHER);
      const images = await render(schedule, part, signal);
      for (const [k, seed] of part.entries()) await study.keep(keptImage(job, seed), () => Promise.resolve(images[k]!));
      onKept();
    }
    return seeds.map((seed) => study.kept(keptImage(job, seed))!);
  };
}

/** Whether the uncached image of a seed has been made. */
export function isKept(study: Study, seed: number): boolean {
  return study.keeps(nameOf(seed));
}

function nameOf(seed: number): string {
  return `uncached ${seed}`;
}

/** An uncached image in the study: float32 values in little-endian order, as base64. */
function keptImage({ chosen }: Pick<SearchJob, 'chosen'>, seed: number): Kept<Float32Array> {
  const { channels, height, width } = chosen.model.latent;
  return {
    name: nameOf(seed),
    write: (image) => Buffer.from(image.buffer, image.byteOffset, image.byteLength).toString('base64'),
    read: (placed) => imageIn(placed, channels * height * width),
  };
}

function imageIn({ value, place, code }: Placed, size: number): Float32Array {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'base64') : Buffer.alloc(0);
  if (bytes.length !== size * Float32Array.BYTES_PER_ELEMENT) {
    refuse(place, `${shown(value)} is no image of ${size} numbers in base64; begin another study`, code);
  }
  const image = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  const odd = image.find((pixel) => !Number.isFinite(pixel));
  if (odd !== undefined)
    refuse(place, `the image holds ${odd}, and should hold numbers only; begin another study`, code);
  return image;
}
