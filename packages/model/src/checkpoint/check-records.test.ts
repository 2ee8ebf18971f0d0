/// <reference types="node" />
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';

import { type ByteSource, bytesSource } from './byte-source.ts';
import { checkRecords } from './check-records.ts';
import { type Checkpoint } from './checkpoint.ts';
import { openCheckpoint } from './open-checkpoint.ts';
import { readFloats } from './read-floats.ts';

const fixtures = join(import.meta.dirname, '../../../conformance/fixtures');
const read = (path: string): Uint8Array => new Uint8Array(readFileSync(join(fixtures, path)));

/** The file with one bit turned in the values of a tensor. */
async function turned(path: string, name: string): Promise<ByteSource> {
  const bytes = read(path);
  const { tensors } = await openCheckpoint(bytesSource('whole.pt', bytes));
  const { offset } = tensors.get(name)!;
  bytes[offset + 5]! ^= 1;
  return bytesSource('turned.pt', bytes);
}

describe('checkRecords', () => {
  it('says how many bytes have the checksums of their file', async () => {
    const plain = await openCheckpoint(bytesSource('plain.pt', read('checkpoints/plain.pt')));
    const values = [...plain.tensors.values()].reduce(
      (sum, { shape }) => sum + 4 * shape.reduce((a, b) => a * b, 1),
      0,
    );
    expect(await checkRecords(plain)).toBe(values);
    expect(await checkRecords(plain, { most: values - 1 })).toBe(0);
  });

  it('finds a damaged tensor', async () => {
    const name = 'blocks.3.attn.qkv.weight';
    const checkpoint = await openCheckpoint(await turned('checkpoints/plain.pt', name));
    const record = checkpoint.tensors.get(name)!.record!;
    await expect(checkRecords(checkpoint)).rejects.toThrow(
      `turned.pt: '${record.name}' has the checksum ${crc32(
        await recordBytes(checkpoint.tensors.get(name)!.source, record),
      )
        .toString(16)
        .padStart(
          8,
          '0',
        )} but ${record.crc32.toString(16).padStart(8, '0')} is noted for it; the file is damaged, download it again`,
    );
  });

  it.each([0, 1, 4 * 2 ** 20 - 1, 4 * 2 ** 20, 9 * 2 ** 20])('reads %i bytes in pieces', async (length) => {
    const bytes = Uint8Array.from({ length }, (_, i) => i * i);
    const records = (noted: number) => checkRecords(oneRecord(bytesSource('a.pt', bytes), crc32(bytes) ^ noted));
    expect(await records(0)).toBe(length);
    if (length > 0) await expect(records(1)).rejects.toThrow('is noted for it; the file is damaged');
  });

  it('is not needed where a tensor is read that fills its storage', async () => {
    const checkpoint = await openCheckpoint(await turned('checkpoints/plain.pt', 'pos_embed'));
    await expect(readFloats(checkpoint.tensors.get('pos_embed')!)).rejects.toThrow(
      "turned.pt: 'plain/data/0' has the checksum ",
    );
  });

  it('has nothing to say about safetensors files', async () => {
    expect(await checkRecords(await openCheckpoint(bytesSource('a', read('dit/model.safetensors'))))).toBe(0);
  });
});

/** A checkpoint of one tensor that fills its file, for which this checksum is noted. */
function oneRecord(source: ByteSource, noted: number): Checkpoint {
  const record = { name: 'values', offset: 0, length: source.size, crc32: noted >>> 0 };
  const tensor = { name: 'a', type: 'U8', shape: [source.size], strides: [1], source, offset: 0, record };
  return { format: 'torch', tensors: new Map([['a', tensor]]), metadata: new Map() };
}

const recordBytes = (
  source: ByteSource,
  { offset, length }: { readonly offset: number; readonly length: number },
): Promise<Uint8Array> => source.read(offset, length);
