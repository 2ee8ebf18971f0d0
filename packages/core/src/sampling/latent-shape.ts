import { MAX_SIDE } from '../limits.ts';
import { integerOf, objectOf } from '../untrusted/json-reader.ts';

/** The images that a transformer reads and writes. */
export interface LatentShape {
  /** Channels of the latent that goes in. */
  readonly channels: number;
  /** Channels that come out: as many, or twice as many where the model also predicts a variance. */
  readonly outChannels: number;
  readonly height: number;
  readonly width: number;
}

/** Refuses what says nothing about the images of a model. */
export function checkShape(shape: LatentShape): void {
  const members = objectOf({ value: shape, place: 'shape', code: 'invalid-input' });
  for (const key of ['channels', 'outChannels', 'height', 'width'])
    integerOf({ value: members[key], place: `shape.${key}`, code: 'invalid-input' }, 1, 2 * MAX_SIDE);
}
