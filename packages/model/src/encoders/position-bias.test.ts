/// <reference types="node" />
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { bytesSource } from '../checkpoint/byte-source.ts';
import { openCheckpoint } from '../checkpoint/open-checkpoint.ts';
import { readFloats } from '../checkpoint/read-floats.ts';
import { bucketOf, positionBias } from './position-bias.ts';

const file = new URL('../../../conformance/fixtures/t5/both/expected.safetensors', import.meta.url);

it('tells of any two positions the bucket that transformers tells', async () => {
  const { tensors } = await openCheckpoint(bytesSource('expected.safetensors', new Uint8Array(readFileSync(file))));
  const offsets = await readFloats(tensors.get('relative_position')!);
  const buckets = await readFloats(tensors.get('relative_bucket')!);
  expect(Array.from(offsets, (offset) => bucketOf(offset, 32, 128))).toEqual([...buckets]);
});

it('lays the rows of the table out by head, query and key', () => {
  const table = Float32Array.from({ length: 8 * 2 }, (_, i) => i); // 8 buckets, 2 heads
  const bias = positionBias(table, { buckets: 8, heads: 2, tokens: 2, distance: 16 });
  // Of keys before the query the buckets are 0 to 3, of those after it 4 to 7.
  expect([...bias]).toEqual([0, 10, 2, 0, 1, 11, 3, 1]);
});
