import { type Guidance, ProCacheError } from '@procache/core';
import type { TransformerModel } from './model.ts';

/**
 * Classifier-free guidance of a scale, as the model takes it: what stands for nothing in particular, and the channels
 * that its own code guides. At scale 1 there is none.
 *
 * @throws {ProCacheError} `invalid-input` where the model was trained without a label for "no class", and the scale is
 * not 1.
 */
export function guidanceOf(
  { takes: { unconditional }, defaults }: Pick<TransformerModel, 'takes' | 'defaults'>,
  scale: number,
): Guidance | undefined {
  if (scale === 1) return undefined;
  if (unconditional === undefined) {
    throw new ProCacheError(
      'invalid-input',
      `guidance of scale ${scale} takes a model that knows images without a class, which this one does not; ` +
        `use a scale of 1`,
    );
  }
  return { scale, unconditional, channels: defaults.guidanceChannels };
}
