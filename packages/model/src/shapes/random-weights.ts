import { uniforms } from '@procache/core';
import { elementCount } from '../checkpoint/checkpoint.ts';
import { safetensorsHeader } from '../checkpoint/safetensors-writer.ts';
import type { TensorShapes } from './published-shape.ts';

/** A safetensors file of random weights that is made piece by piece, as it may have gigabytes. */
export interface RandomWeights {
  /** What the file begins with. It tells the shapes, so files of different ones have different headers. */
  readonly header: Uint8Array;
  /** Bytes of the whole file. */
  readonly bytes: number;
  /** The file, header first, the same each time. A piece may be written over when the next one is asked for. */
  readonly pieces: () => Iterable<Uint8Array>;
}

/** Elements of a piece; not a power of two, so that tensors begin at different ones. */
const POOL = 2 ** 20 + 7;

/**
 * Random weights of those shapes, for measuring time and memory.
 *
 * They are uniform in ±0.03, so small that no activation overflows, and come from a pool that is laid out again and
 * again: gigabytes need not be fresh, only arbitrary. What is drawn with them means nothing.
 */
export function randomWeights(tensors: TensorShapes): RandomWeights {
  const sizes = Array.from(tensors, ([name, shape]) => ({ name, shape, dtype: 'F32', bytes: 4 * elementCount(shape) }));
  const header = safetensorsHeader(sizes);
  const weightBytes = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
  return {
    header,
    bytes: header.length + weightBytes,
    *pieces() {
      yield header;
      const next = uniforms(0);
      const pool = Float32Array.from({ length: POOL }, () => (next() - 0.5) * 0.06);
      const bytes = new Uint8Array(pool.buffer);
      for (let left = weightBytes; left > 0; left -= bytes.length)
        yield bytes.subarray(0, Math.min(left, bytes.length));
    },
  };
}
