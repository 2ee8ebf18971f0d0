import { type Schedule, uncached } from '@procache/core';
import type { Render, Signal, Study } from '@procache/search';

/** Uncached images that are made, and kept in the study, at a time. */
const TOGETHER = 16;

/**
 * The uncached images that all others are compared with: each made once, and from then on read from the study.
 *
 * `onKept` is called after every few. They are as dear as the search itself for a large model, and 4 KB each for a small one.
 */
export function keptUncached(
  study: Study,
  render: Render,
  steps: number,
  onKept: () => void,
): (seeds: readonly number[], signal?: Signal) => Promise<readonly Float32Array[]> {
  const schedule: Schedule = uncached({ steps });
  return async (seeds, signal) => {
    const missing = seeds.filter((seed) => !isKept(study, seed));
    for (let i = 0; i < missing.length; i += TOGETHER) {
      const part = missing.slice(i, i + TOGETHER);
      const images = await render(schedule, part, signal);
      for (const [k, seed] of part.entries()) await study.keep(nameOf(seed), () => Promise.resolve(toJson(images[k]!)));
      onKept();
    }
      return seeds.map((seed) => fromJson(study.kept(nameOf(seed)) as string));
  };
}

/** Whether the uncached image of a seed has been made. */
export function isKept(study: Study, seed: number): boolean {
  return study.kept(nameOf(seed)) !== undefined;
}

function nameOf(seed: number): string {
  return `uncached ${seed}`;
}

/** Float32 values in little-endian order, as base64. */
function toJson(image: Float32Array): string {
  return Buffer.from(image.buffer, image.byteOffset, image.byteLength).toString('base64');
}

function fromJson(text: string): Float32Array {
  const bytes = Buffer.from(text, 'base64');
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}
