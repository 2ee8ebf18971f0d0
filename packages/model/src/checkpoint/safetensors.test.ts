/// <reference types="node" />
import { ProCacheError } from '@procache/core';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { type ByteSource, bytesSource } from './byte-source.ts';
import { isContiguous } from './checkpoint.ts';
import { openCheckpoint } from './open-checkpoint.ts';
import { readFloats } from './read-floats.ts';
import { readSafetensors } from './safetensors.ts';
import { type TensorValues, writeSafetensors } from './safetensors-writer.ts';
import { utf8Of } from './utf8.ts';

const fixtures = join(import.meta.dirname, '../../../conformance/fixtures');
const fixture = (path: string): ByteSource =>
  bytesSource(path.split('/').at(-1)!, new Uint8Array(readFileSync(join(fixtures, path))));

/** A file with this header and as many zero bytes after it. */
function fileWith(header: unknown, dataLength: number): ByteSource {
  const text = utf8Of(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + dataLength);
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(text, 8);
  return bytesSource('a.safetensors', bytes);
}

const refusalFor = (source: ByteSource): Promise<unknown> => openCheckpoint(source).catch((error: unknown) => error);

describe('safetensors', () => {
  it('reads the DiT model of the conformance data', async () => {
    const model = await openCheckpoint(fixture('dit/model.safetensors'));
    expect(model.format).toBe('safetensors');
    const qkv = model.tensors.get('blocks.0.attn.qkv.weight')!;
    expect(qkv).toMatchObject({ type: 'F32', shape: [96, 32], strides: [32, 1] });
    expect(isContiguous(qkv)).toBe(true);
    const values = await readFloats(qkv);
    expect(values).toHaveLength(96 * 32);
    expect(values.every(Number.isFinite) && values.some((value) => value !== 0)).toBe(true);
  });

  it('reads only the header until a tensor is asked for', async () => {
    const file = fixture('dit/model.safetensors');
    let read = 0;
    const counted: ByteSource = {
      ...file,
      read: (offset, length) => {
        read += length;
        return file.read(offset, length);
      },
    };
    const { tensors } = await openCheckpoint(counted);
    const opened = read;
    expect(opened).toBeLessThan(0.02 * file.size);
    await readFloats(tensors.get('blocks.0.attn.qkv.bias')!);
    expect(read - opened).toBe(96 * 4);
  });

  it('finds tensors beyond 4 GB', async () => {
    const [length, far] = [5_000_000_000, 4_999_999_996];
    const header = {
      near: { dtype: 'U8', shape: [far], data_offsets: [0, far] },
      far: { dtype: 'F32', shape: [1], data_offsets: [far, length] },
    };
    const small = fileWith(header, 0);
    const start = await small.read(0, small.size);
    const large: ByteSource = {
      name: 'large.safetensors',
      size: start.length + length,
      read: async (offset, count) => {
        if (offset === start.length + far) return new Uint8Array(Float32Array.of(7).buffer);
        const bytes = new Uint8Array(count);
        bytes.set(start.subarray(offset, offset + count));
        return bytes;
      },
    };
    expect([...(await readFloats((await openCheckpoint(large)).tensors.get('far')!))]).toEqual([7]);
  });

  it('does not lend the bytes of the source', async () => {
    const bytes = writeSafetensors(new Map([['a', { shape: [2], data: Float32Array.of(1, 2) }]]));
    const a = (await openCheckpoint(bytesSource('a', bytes))).tensors.get('a')!;
    (await readFloats(a)).fill(9);
    expect([...(await readFloats(a))]).toEqual([1, 2]);
  });

  it.each([
    ['F64', 8, (view: DataView) => view.setFloat64(0, -2.5, true), -2.5],
    ['F16', 2, (view: DataView) => view.setUint16(0, 0xc100, true), -2.5],
    ['BF16', 2, (view: DataView) => view.setUint16(0, 0xc020, true), -2.5],
    ['I64', 8, (view: DataView) => view.setBigInt64(0, -3n, true), -3],
    ['I32', 4, (view: DataView) => view.setInt32(0, -3, true), -3],
    ['I16', 2, (view: DataView) => view.setInt16(0, -3, true), -3],
    ['I8', 1, (view: DataView) => view.setInt8(0, -3), -3],
    ['U64', 8, (view: DataView) => view.setBigUint64(0, 2n ** 40n, true), 2 ** 40],
    ['U32', 4, (view: DataView) => view.setUint32(0, 2 ** 31, true), 2 ** 31],
    ['U16', 2, (view: DataView) => view.setUint16(0, 65535, true), 65535],
    ['U8', 1, (view: DataView) => view.setUint8(0, 255), 255],
    ['BOOL', 1, (view: DataView) => view.setUint8(0, 1), 1],
  ] as const)('widens %s', async (dtype, size, write, expected) => {
    const source = fileWith({ a: { dtype, shape: [], data_offsets: [0, size] } }, size);
    const bytes = await source.read(source.size - size, size);
    write(new DataView(bytes.buffer, bytes.byteOffset, size));
    const { tensors } = await openCheckpoint(source);
    expect([...(await readFloats(tensors.get('a')!))]).toEqual([expected]);
  });

  it('reads empty files of no tensors, empty tensors and metadata', async () => {
    const empty = { dtype: 'F32', shape: [0, 3], data_offsets: [0, 0] };
    const file = fileWith({ __metadata__: { format: 'pt' }, empty }, 0);
    const { tensors, metadata } = await openCheckpoint(file);
    expect(metadata.get('format')).toBe('pt');
    expect(await readFloats(tensors.get('empty')!)).toHaveLength(0);
    expect((await openCheckpoint(fileWith('{}      ', 0))).tensors.size).toBe(0);
  });

  it('takes metadata of null for none', async () => {
    expect((await openCheckpoint(fileWith({ __metadata__: null }, 0))).metadata.size).toBe(0);
  });

  it('finds the tensors whose names save_model dropped, as they share their values with others', async () => {
    const kept = { shape: [2], data: Float32Array.of(1, 2) };
    const about = new Map([
      ['format', 'pt'],
      ['decoder.weight', 'encoder.weight'],
      ['encoder.weight', 'encoder.weight'],
      ['lost', 'gone'],
    ]);
    const { tensors, metadata } = await openCheckpoint(
      bytesSource('a', writeSafetensors(new Map([['encoder.weight', kept]]), about)),
    );
    expect([...tensors.keys()]).toEqual(['encoder.weight', 'decoder.weight']);
    expect([...(await readFloats(tensors.get('decoder.weight')!))]).toEqual([1, 2]);
    expect(metadata.get('decoder.weight')).toBe('encoder.weight');
  });

  it('drops the prefix of dropped names too', async () => {
    const kept = { shape: [2], data: Float32Array.of(1, 2) };
    const written = writeSafetensors(new Map([['module.b', kept]]), new Map([['module.a', 'module.b']]));
    expect([...(await openCheckpoint(bytesSource('a', written))).tensors.keys()]).toEqual(['b', 'a']);
  });

  it('refuses names for the same values without end', async () => {
    const names = Array.from({ length: 1000 }, (_, i) => [`name ${i}`, 'w'] as const);
    const written = writeSafetensors(new Map([['w', { shape: [4096], data: new Float32Array(4096) }]]), new Map(names));
    await expect(openCheckpoint(bytesSource('a', written))).rejects.toThrow(
      /^a: its tensors have 4100096 elements but the file \d+ bytes; store contiguous copies of them$/,
    );
  });

  it.each([
    ['F8_E4M3', [3], 3],
    ['F8_E5M2', [2, 2], 4],
    ['F8_E8M0', [1], 1],
    ['F6_E2M3', [4], 3],
    ['F4', [3, 2], 3],
    ['C64', [2], 16],
    ['I4', [2], 1],
    ['X9_NEW', [5], 7],
  ])('opens a file with a tensor of %s, and refuses that when it is read', async (dtype, shape, length) => {
    const header = {
      a: { dtype, shape, data_offsets: [0, length] },
      b: { dtype: 'F32', shape: [1], data_offsets: [length, length + 4] },
    };
    const { tensors } = await openCheckpoint(fileWith(header, length + 4));
    expect(tensors.get('a')).toMatchObject({ type: dtype, shape });
    expect([...(await readFloats(tensors.get('b')!))]).toEqual([0]);
    await expect(readFloats(tensors.get('a')!)).rejects.toThrow(
      `a.safetensors: tensor 'a': its values are stored as ${dtype}, which is not read here; ` +
        `convert the tensor to F32, F16 or BF16`,
    );
  });

  it('keeps names that mean something to JavaScript', async () => {
    const names = ['__proto__', 'constructor', '1', 'a"b\\', '{'];
    const bytes = writeSafetensors(new Map(names.map((name, i) => [name, { shape: [], data: Float32Array.of(i) }])));
    const { tensors } = await openCheckpoint(bytesSource('a', bytes));
    for (const [i, name] of names.entries()) expect([...(await readFloats(tensors.get(name)!))]).toEqual([i]);
  });

  // 640 = 0x0280 looks like a pickle, 8827 = 0x227b like JSON, 4616 = 0x1208 like ONNX.
  it.each([640, 8827, 4616])('is known even with a header of %i bytes', async (length) => {
    const file = fileWith('{}'.padEnd(length), 0);
    expect((await openCheckpoint(file)).format).toBe('safetensors');
  });

  it.each([
    [
      'duplicate-key',
      'the header, line 1, column 55: this is not JSON: the key "a" is given twice; ' +
        'the file is damaged, download it again',
    ],
    [
      'header-too-long',
      'the header should take 4611686018427388000 bytes but the file has 10; ' +
        'it is cut short or not a safetensors file, download it again',
    ],
    [
      'not-a-checkpoint',
      'this is a web page, not a checkpoint: the download failed; ' +
        'download the file itself (and log in where the site asks for it)',
    ],
    [
      'out-of-range',
      "tensor 'a' ends at byte 16 but only 8 follow the header; the file is cut short, download it again",
    ],
    ['overlap', "tensor 'b' overlaps the tensor before it: it begins at 4, that one ends at 8; write the file again"],
    [
      'shape-mismatch',
      "tensor 'a': shape [3] of F32 takes 12 bytes but data_offsets [0, 16] span 16; write the file again",
    ],
  ])('refuses %s.safetensors', async (name, message) => {
    const error = await refusalFor(fixture(`checkpoints/${name}.safetensors`));
    expect(error).toBeInstanceOf(ProCacheError);
    expect(error).toMatchObject({ code: 'invalid-model', message: `${name}.safetensors: ${message}` });
  });

  const scalar = { dtype: 'F32', shape: [1], data_offsets: [0, 4] };
  it.each([
    [
      'a gap',
      { a: scalar, b: { ...scalar, data_offsets: [8, 12] } },
      12,
      /tensor 'b' leaves a gap .* begins at 8, that one ends at 4/,
    ],
    ['bytes after the last tensor', { a: scalar }, 6, /the tensors take 4 bytes but 6 follow the header/],
    [
      'an unknown dtype',
      { a: { ...scalar, dtype: 'float32' } },
      4,
      /tensor 'a': dtype "float32" is not the name of a number format/,
    ],
    [
      'a dtype of Object.prototype',
      { a: { ...scalar, dtype: 'toString' } },
      4,
      /dtype "toString" is not the name of a number format/,
    ],
    ['a negative extent', { a: { ...scalar, shape: [-1] } }, 4, /shape \[-1\] is not a list of counts/],
    ['a shape that overflows', { a: { ...scalar, shape: [2 ** 52, 2 ** 52, 2 ** 52] } }, 4, /takes 3\.6\d+e\+47 bytes/],
    ['offsets that are no pair', { a: { ...scalar, data_offsets: [0] } }, 4, /data_offsets \[0\] is not a pair/],
    [
      'a dtype nested beyond printing',
      `{"a":{"dtype":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`,
      0,
      /the header, line 1, column \d+: this is not JSON: more than 200 arrays and objects inside one another/,
    ],
    [
      'a shape beyond printing',
      { a: { ...scalar, shape: new Array(1000).fill(1.5) } },
      4,
      /shape \[1\.5,[1.5,]{20,80}\.\.\. is not a list/,
    ],
    [
      'too few bytes of a dtype that is not read',
      { a: { ...scalar, dtype: 'F4' } },
      4,
      /shape \[1\] of F4 takes 0\.5 bytes but data_offsets \[0, 4\] span 4/,
    ],
    ['no dtype', { a: {} }, 0, /tensor 'a': dtype nothing is not the name/],
    ['offsets in reverse', { a: { ...scalar, data_offsets: [4, 0] } }, 4, /span -4/],
    ['a tensor that is no object', { a: 3 }, 4, /does not describe it by an object/],
    ['metadata of numbers', { __metadata__: { a: 1 } }, 0, /"a" in '__metadata__' is 1, not a string/],
    ['metadata that is no object', { __metadata__: [] }, 0, /'__metadata__' is \[\], not an object/],
    ['a name twice, spelt differently', '{"a":{"x":1},"\\u0061":{}}', 0, /the key "a" is given twice/],
    [
      'a name twice after text like JSON',
      '{"a":{"x":"\\\\"},"b":"{\\"a\\":1}","a" :{}}',
      0,
      /the key "a" is given twice/,
    ],
    [
      'broken JSON',
      '{"a":',
      0,
      /the header, line 1, column 6: this is not JSON: the end of the text where a value should be/,
    ],
  ])('refuses %s', async (_what, header, dataLength, message) => {
    const error = await refusalFor(fileWith(header, dataLength));
    expect(error).toBeInstanceOf(ProCacheError);
    expect((error as Error).message).toMatch(message);
  });

  it('copes with long text in the metadata', async () => {
    const long = '\\"'.repeat(2_000_000);
    const { metadata } = await openCheckpoint(fileWith({ __metadata__: { long } }, 0));
    expect(metadata.get('long') === long).toBe(true);
  });

  it('refuses a header that is an array or not text', async () => {
    await expect(readSafetensors(fileWith('[]', 0))).rejects.toThrow('the header is [], not a JSON object');
    const file = fileWith('{"x"}', 0);
    (await file.read(10, 1))[0] = 0xff;
    await expect(openCheckpoint(file)).rejects.toThrow('the header is not UTF-8 text');
  });

  it('refuses a source that gives fewer bytes than asked for', async () => {
    const file = fixture('dit/model.safetensors');
    const { tensors } = await openCheckpoint(file);
    const cut: ByteSource = { ...file, read: async () => new Uint8Array(5) };
    const tensor = { ...tensors.get('blocks.0.attn.qkv.bias')!, source: cut };
    await expect(readFloats(tensor)).rejects.toThrow(/asked for 384 bytes at \d+ but got 5/);
  });
});

describe('writeSafetensors', () => {
  const values = fc.array(fc.nat(4), { maxLength: 4 }).chain((shape) => {
    const count = shape.reduce((a, b) => a * b, 1);
    const floats = fc.float32Array({ minLength: count, maxLength: count });
    const integers = fc.int32Array({ min: -(2 ** 24), max: 2 ** 24, minLength: count, maxLength: count });
    return fc.record({ shape: fc.constant(shape), data: fc.oneof(floats, integers) });
  });
  const name = fc.string({ unit: 'grapheme' }).filter((text) => text !== '__metadata__' && !text.startsWith('= '));
  const tensorMap = fc.uniqueArray(fc.tuple(name, values), { selector: ([key]) => key, maxLength: 6 });

  it('writes what the reader reads back, bit for bit', async () => {
    await fc.assert(
      fc.asyncProperty(
        tensorMap,
        fc.dictionary(
          fc.string(),
          fc.string().map((text) => `= ${text}`),
        ),
        async (tensors, metadata) => {
          const written = writeSafetensors(new Map<string, TensorValues>(tensors), new Map(Object.entries(metadata)));
          const read = await openCheckpoint(bytesSource('written', written));
          expect(Object.fromEntries(read.metadata)).toEqual(metadata);
          expect(new Set(read.tensors.keys())).toEqual(new Set(tensors.map(([key]) => key)));
          for (const [key, { shape, data }] of tensors) {
            const tensor = read.tensors.get(key)!;
            expect(tensor.shape).toEqual(shape);
            expect(tensor.type).toBe(data instanceof Int32Array ? 'I32' : 'F32');
            expect(tensor.offset % 4).toBe(0);
            expect(await readFloats(tensor)).toEqual(Float32Array.from(data));
          }
        },
      ),
    );
  });

  it('refuses values that do not fill the shape, and the name the format keeps', () => {
    const tensor = { shape: [2, 3], data: new Float32Array(5) };
    expect(() => writeSafetensors(new Map([['w', tensor]]))).toThrow(
      "tensor 'w': shape [2, 3] has 6 elements but 5 are given; pass one value per element",
    );
    expect(() => writeSafetensors(new Map([['__metadata__', tensor]]))).toThrow('the format keeps that name');
  });
});
