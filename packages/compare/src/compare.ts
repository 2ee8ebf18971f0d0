import { type Decoder, ProCacheError, type Transformer } from '@procache/core';
import { type Closeness, closenessOf } from './closeness.ts';
import type { Contestant } from './contestant.ts';
import { isDisturbed, timeContestants, type Timing, type TimingOptions } from './timing.ts';

export interface CompareOptions extends TimingOptions {
  /** Makes pixels of the latents, so that those are compared too. It stays the caller's. */
  readonly decoder?: Pick<Decoder, 'image' | 'decode'> | undefined;
}

/** Ways of drawing the same images, beside the first of them. */
export interface Comparison {
  /** In the order of the contestants; the first is the reference. */
  readonly results: readonly [Standing, ...Standing[]];
  /** Whether something else was using the machine: see `isDisturbed`. */
  readonly disturbed: boolean;
}

/** What one contestant took, and how far it is from the reference. */
export interface Standing extends Timing {
  readonly speedup: Spread;
  readonly closeness: Closeness;
}

/** The reference's time by that of another: the quotient of the medians, and the least and the greatest of a round. */
export interface Spread {
  readonly ratio: number;
  readonly least: number;
  readonly greatest: number;
}

/**
 * Draws the same images in several ways, in turns, and tells how much faster each is than the first and how close it
 * comes: schedules beside the uncached model, say, and fewer steps beside both.
 *
 * @throws {ProCacheError} `invalid-input` where the contestants draw other numbers of images; what `timeContestants`
 * throws.
 */
export async function compare<T>(
  model: Transformer<T>,
  contestants: readonly Contestant[],
  options: CompareOptions,
): Promise<Comparison> {
  checkImages(contestants);
  const { decoder, ...timing } = options;
  const timings = await timeContestants(model, contestants, timing);
  const [reference] = timings as [Timing, ...Timing[]];
  const results: Standing[] = [];
  for (const own of timings) {
    const closeness = await closenessOf(own.last.latents, reference.last.latents, decoder);
    results.push({ ...own, speedup: spreadOf(own, reference), closeness });
  }
  return { results: results as [Standing, ...Standing[]], disturbed: isDisturbed(timings) };
}

function spreadOf(own: Timing, reference: Timing): Spread {
  const ratios = own.milliseconds.map((milliseconds, round) => reference.milliseconds[round]! / milliseconds);
  return { ratio: reference.median / own.median, least: Math.min(...ratios), greatest: Math.max(...ratios) };
}

function checkImages([first, ...others]: readonly Contestant[]): void {
  const odd = others.find(({ conditions }) => conditions.length !== first!.conditions.length);
  if (!odd) return;
  throw new ProCacheError(
    'invalid-input',
    `contestants: '${odd.name}' draws ${odd.conditions.length} images and '${first!.name}' ` +
      `${first!.conditions.length}; compare the same images`,
  );
}
