import { ProCacheError } from '@procache/core';
import { shownName } from '@procache/core/untrusted';
import { DIT_SHAPES } from './dit-shapes.ts';
import { PIXART_SHAPES } from './pixart-shapes.ts';
import type { PublishedShape } from './published-shape.ts';

const SHAPES: readonly PublishedShape[] = [...DIT_SHAPES, ...PIXART_SHAPES];

/** The published sizes that there are, for messages and help. */
export const SHAPE_NAMES: readonly string[] = SHAPES.map(({ name }) => name);

/**
 * A published size by its name, in capitals or not.
 *
 * @throws {ProCacheError} `invalid-input` with the names that there are.
 */
export function publishedShape(name: string): PublishedShape {
  const found = SHAPES.find((shape) => shape.name === name.toLowerCase());
  if (found) return found;
  throw new ProCacheError(
    'invalid-input',
    `shape: there is no size '${shownName(name)}'; there are ${SHAPE_NAMES.join(', ')}`,
  );
}
