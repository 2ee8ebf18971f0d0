/// <reference types="node" />
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { type ByteSource, bytesSource } from './byte-source.ts';
import { readFloats } from './read-floats.ts';
import { writeSafetensors } from './safetensors-writer.ts';
import { isShardIndex, openShards } from './shards.ts';
import { utf8Of } from './utf8.ts';

const shard = (file: string, tensors: Readonly<Record<string, number>>): ByteSource => {
  const values = Object.entries(tensors).map(
    ([name, value]) => [name, { shape: [], data: Float32Array.of(value) }] as const,
  );
  return bytesSource(file, writeSafetensors(new Map(values), new Map([['format', 'pt']])));
};
const files = new Map([
  ['1.safetensors', shard('1.safetensors', { a: 1, b: 2, unlisted: 9 })],
  ['2.safetensors', shard('2.safetensors', { c: 3 })],
]);
const indexOf = (index: unknown): ByteSource =>
  bytesSource('model.safetensors.index.json', utf8Of(typeof index === 'string' ? index : JSON.stringify(index)));

function openWith(index: unknown): { opened: string[]; checkpoint: ReturnType<typeof openShards> } {
  const opened: string[] = [];
  const checkpoint = openShards(indexOf(index), async (file) => {
    opened.push(file);
    return files.get(file)!;
  });
  return { opened, checkpoint };
}

describe('openShards', () => {
  it('merges the files that the index lists, opening each once', async () => {
    const { opened, checkpoint } = openWith({
      metadata: { total_size: 12 },
      weight_map: { a: '1.safetensors', c: '2.safetensors', b: '1.safetensors' },
    });
    const { format, tensors, metadata } = await checkpoint;
    expect(opened).toEqual(['1.safetensors', '2.safetensors']);
    expect(format).toBe('safetensors');
    expect([...tensors.keys()]).toEqual(['a', 'c', 'b']);
    expect(Object.fromEntries(metadata)).toEqual({ total_size: '12', format: 'pt' });
    expect([...(await readFloats(tensors.get('c')!))]).toEqual([3]);
    expect(tensors.get('c')!.source.name).toBe('2.safetensors');
  });

  it.each([
    [
      'a tensor that its file lacks',
      { weight_map: { c: '1.safetensors' } },
      "tensor 'c' should lie in '1.safetensors', which holds 3 others; download that file again",
    ],
    ['no weight map', { metadata: {} }, "it has no 'weight_map' that names tensors"],
    ['an empty weight map', { weight_map: {} }, "it has no 'weight_map' that names tensors"],
    [
      'a file in another folder',
      { weight_map: { a: '../1.safetensors' } },
      'is not the name of a file beside the index',
    ],
    ['an absolute file', { weight_map: { a: 'C:1' } }, 'is not the name of a file beside the index'],
    ['a file that is no text', { weight_map: { a: 1 } }, "tensor 'a' should lie in 1, which is not the name"],
    [
      'a tensor listed twice',
      '{"weight_map":{"a":"1.safetensors","a":"2.safetensors"}}',
      'line 1, column 36: this is not JSON: the key "a" is given twice',
    ],
    ['broken JSON', '{', 'line 1, column 2: this is not JSON'],
  ])('refuses %s', async (_what, index, message) => {
    await expect(openWith(index).checkpoint).rejects.toThrow(/^model\.safetensors\.index\.json[:,] /);
    await expect(openWith(index).checkpoint).rejects.toThrow(message);
  });

  it('drops the prefix of names that lie in several files, and takes the average among them', async () => {
    const shards = new Map([
      ['1', shard('1', { 'model.blocks.0.adaLN_modulation.1.weight': 1, 'ema.blocks.0.adaLN_modulation.1.weight': 3 })],
      ['2', shard('2', { 'model.a': 2, 'ema.a': 4, betas: 5 })],
    ]);
    const names = [
      'model.blocks.0.adaLN_modulation.1.weight',
      'ema.blocks.0.adaLN_modulation.1.weight',
      'model.a',
      'ema.a',
      'betas',
    ];
    const index = { weight_map: Object.fromEntries(names.map((name, i) => [name, i < 2 ? '1' : '2'])) };
    const { tensors, metadata } = await openShards(indexOf(index), async (file) => shards.get(file)!);
    expect([...tensors.keys()]).toEqual(['blocks.0.adaLN_modulation.1.weight', 'a']);
    expect([...(await readFloats(tensors.get('a')!))]).toEqual([4]);
    expect(metadata.get('procache.prefix')).toBe('ema.');
  });

  it.each([
    ['fp16/diffusion_pytorch_model.safetensors.index.fp16.json', 'safetensors'],
    ['bin/diffusion_pytorch_model.bin.index.json', 'torch'],
  ])('reads %s', async (path, format) => {
    const folder = join(import.meta.dirname, '../../../conformance/fixtures/cases/11-sharded-variants');
    const source = (file: string): ByteSource => bytesSource(file, new Uint8Array(readFileSync(join(folder, file))));
    const checkpoint = await openShards(source(path), async (file) => source(join(path, '..', file)));
    expect(checkpoint.format).toBe(format);
    const { weight_map: listed } = JSON.parse(readFileSync(join(folder, path), 'utf8')) as { weight_map: object };
    expect([...checkpoint.tensors.keys()]).toEqual(Object.keys(listed));
  });
});

describe('isShardIndex', () => {
  it.each([
    'model.safetensors.index.json',
    'diffusion_pytorch_model.safetensors.index.fp16.json',
    'pytorch_model.bin.index.json',
    'pytorch_model.bin.index.ema-only.json',
    'diffusion_pytorch_model.fp16.safetensors.index.json',
  ])('knows %s', (name) => {
    expect(isShardIndex(name)).toBe(true);
  });

  it.each([
    'model_index.json',
    'config.json',
    'index.json',
    'model.safetensors',
    'a.index.json.bak',
    'a.index.b.c.json',
  ])('does not take %s for one', (name) => {
    expect(isShardIndex(name)).toBe(false);
  });
});
