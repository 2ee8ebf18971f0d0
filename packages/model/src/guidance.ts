import { type Condition, type Guidance, ProCacheError, type Unconditional } from '@procache/core';
import type { Takes, TransformerModel } from './model.ts';

/**
 * Classifier-free guidance of a scale, as the model takes it: what stands for nothing in particular, and the channels
 * that its own code guides. At scale 1 there is none. `conditions` are what the images are to show, on which "nothing"
 * depends in some models (`nothingOf`).
 *
 * @throws {ProCacheError} `invalid-input` where the model learned nothing that stands for it, and the scale is not 1.
 */
export function guidanceOf(
  { takes, defaults }: Pick<TransformerModel, 'takes' | 'defaults'>,
  scale: number,
  conditions: readonly Condition[] = [],
): Guidance | undefined {
  if (scale === 1) return undefined;
  const { unconditional } = takes;
  if (unconditional === undefined) {
    const [problem, way] =
      takes.kind === 'texts'
        ? ['that learned a text for nothing', 'lead away from the empty text, as its encoder reads it']
        : ['that knows images without a class', 'use a scale of 1'];
    throw new ProCacheError(
      'invalid-input',
      `guidance of scale ${scale} takes a model ${problem}, which this one does not; ${way}`,
    );
  }
  return { scale, unconditional: nothingOf(takes, unconditional, conditions), channels: defaults.guidanceChannels };
}

/**
 * What stands for "nothing in particular" beside each image: `nothing` as it is, or seen as far as the text of the
 * image goes, one for each (`Texts.nothingLength`).
 */
export function nothingOf(takes: Takes, nothing: Condition, conditions: readonly Condition[]): Unconditional {
  const isSeenAsText = takes.kind === 'texts' && takes.nothingLength === 'text';
  if (!isSeenAsText || typeof nothing === 'number' || conditions.length === 0) return nothing;
  return conditions.map((condition) =>
    typeof condition === 'number' ? nothing : { ...nothing, tokens: condition.tokens },
  );
}
