import { describe, expect, it } from 'vitest';

import { type ByteSource, bytesSource } from './byte-source.ts';
import { readFloats } from './read-floats.ts';
import { writeSafetensors } from './safetensors-writer.ts';
import { openShards } from './shards.ts';
import { utf8Of } from './utf8.ts';

const shard = (file: string, tensors: Readonly<Record<string, number>>): ByteSource => {
  const values = Object.entries(tensors).map(([name, value]) => [name, { shape: [], data: Float32Array.of(value) }] as const);
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
    ['a tensor that its file lacks', { weight_map: { c: '1.safetensors' } }, "tensor 'c' should lie in '1.safetensors', which holds 3 others; download that file again"],
    ['no weight map', { metadata: {} }, "it has no 'weight_map' that names tensors"],
    ['an empty weight map', { weight_map: {} }, "it has no 'weight_map' that names tensors"],
    ['a file in another folder', { weight_map: { a: '../1.safetensors' } }, 'is not the name of a file beside the index'],
    ['an absolute file', { weight_map: { a: 'C:1' } }, 'is not the name of a file beside the index'],
    ['a file that is no text', { weight_map: { a: 1 } }, "tensor 'a' should lie in 1, which is not the name"],
    ['a tensor listed twice', '{"weight_map":{"a":"1.safetensors","a":"2.safetensors"}}', 'line 1, column 36: this is not JSON: the key "a" is given twice'],
    ['broken JSON', '{', 'line 1, column 2: this is not JSON'],
  ])('refuses %s', async (_what, index, message) => {
    await expect(openWith(index).checkpoint).rejects.toThrow(/^model\.safetensors\.index\.json[:,] /);
    await expect(openWith(index).checkpoint).rejects.toThrow(message);
  });
});
