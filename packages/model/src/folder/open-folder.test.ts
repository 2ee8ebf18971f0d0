import { describe, expect, it } from 'vitest';
import { bytesSource } from '../checkpoint/byte-source.ts';
import { writeSafetensors } from '../checkpoint/safetensors-writer.ts';
import { utf8Of } from '../checkpoint/utf8.ts';
import { findModel } from './find-model.ts';
import type { Folder } from './folder.ts';
import { openFolder } from './open-folder.ts';

const tensors = (...names: string[]) =>
  writeSafetensors(new Map(names.map((name) => [name, { shape: [2], data: Float32Array.of(1, 2) }])));

/** A folder of texts and bytes by their paths; `opened` tells what was asked for. */
function inMemory(files: Readonly<Record<string, string | Uint8Array>>) {
  const opened: string[] = [];
  const folder: Folder = {
    name: 'dir',
    open: async (path) => {
      opened.push(path);
      const held = files[path];
      return held === undefined ? undefined : bytesSource(path, typeof held === 'string' ? utf8Of(held) : held);
    },
    names: async (path) => {
      const under = path === '' ? '' : `${path}/`;
      const inside = Object.keys(files).filter((file) => file.startsWith(under));
      const names = inside.map((file) => /^[^/]+\/?/.exec(file.slice(under.length))![0]);
      return inside.length === 0 ? undefined : [...new Set(names)];
    },
  };
  return { folder, opened };
}

/** The same of a place that cannot tell what there is. */
const unlisted = (files: Parameters<typeof inMemory>[0]) => {
  const { folder, opened } = inMemory(files);
  return { folder: { name: folder.name, open: (path: string) => folder.open(path) } satisfies Folder, opened };
};

const places = [
  ['a folder that can be listed', inMemory],
  ['a folder that cannot', unlisted],
] as const;

describe.each(places)('%s', (_, folderOf) => {
  it('is opened with its weights and its config', async () => {
    const { folder } = folderOf({ 'model.safetensors': tensors('a', 'b'), 'config.json': '\uFEFF{"num_heads": 4}' });
    const { path, checkpoint, config } = await openFolder(folder);
    expect(path).toBe('dir/model.safetensors');
    expect([...checkpoint.tensors.keys()]).toEqual(['a', 'b']);
    expect(config.own).toEqual({ num_heads: 4 });
  });

  it('may be a pipeline, whose scheduler and index are read', async () => {
    const { folder, opened } = folderOf({
      'model_index.json': '{"_class_name": "DiTPipeline"}',
      'scheduler/scheduler_config.json': '{"num_train_timesteps": 500}',
      'transformer/config.json': '{"sample_size": 16}',
      'transformer/diffusion_pytorch_model.safetensors': tensors('a'),
      'vae/diffusion_pytorch_model.safetensors': tensors('b'),
    });
    const { path, checkpoint, config } = await openFolder(folder);
    expect(path).toBe('dir/transformer/diffusion_pytorch_model.safetensors');
    expect([...checkpoint.tensors.keys()]).toEqual(['a']);
    const reading = config.read();
    expect(reading.process.integer('num_train_timesteps', 1, 1e6)).toBe(500);
    expect(opened.filter((file) => file.startsWith('vae'))).toEqual([]);
  });

  it('may hold shards, each of which is opened once', async () => {
    const index = { weight_map: { a: 'one.safetensors', b: 'two.safetensors', c: 'two.safetensors' } };
    const files = {
      'model.safetensors.index.json': JSON.stringify(index),
      'one.safetensors': tensors('a'),
      'two.safetensors': tensors('b', 'c'),
    };
    const { folder, opened } = folderOf(files);
    const { checkpoint } = await openFolder(folder);
    expect([...checkpoint.tensors.keys()]).toEqual(['a', 'b', 'c']);
    expect(opened.filter((file) => /^(?:one|two)/.test(file))).toEqual(['one.safetensors', 'two.safetensors']);
    const incomplete = Object.fromEntries(Object.entries(files).filter(([file]) => file !== 'two.safetensors'));
    await expect(openFolder(folderOf(incomplete).folder)).rejects.toMatchObject({
      code: 'invalid-model',
      message: 'dir/two.safetensors: there is no such file; model.safetensors.index.json lists it: download it too',
    });
  });

  it('says what is wrong with a config', async () => {
    const withConfig = (config: string | Uint8Array) =>
      openFolder(folderOf({ 'model.safetensors': tensors('a'), 'config.json': config }).folder);
    await expect(withConfig('{"num_heads": 4')).rejects.toThrow('config.json, line 1, column 16: this is not JSON: ');
    await expect(withConfig(Uint8Array.of(0xff))).rejects.toThrow(
      'dir/config.json: is not a text in UTF-8; give a config',
    );
    await expect(withConfig(new Uint8Array(2 ** 24 + 1))).rejects.toThrow(
      'dir/config.json: is 16777217 bytes long, and the longest that is read has 16777216; give a config',
    );
  });
});

describe('where the model is', () => {
  const weightsOf = async (folder: Folder) => {
    const { folder: own, weights, pipeline } = await findModel(folder);
    return [`${own.name}/${weights}`, pipeline?.name];
  };

  it('may be known: nothing is looked for then', async () => {
    const { folder, opened } = unlisted({ 'mine.pt.safetensors': tensors('a'), 'model.safetensors': tensors('b') });
    const { checkpoint } = await openFolder(folder, { folder, weights: 'mine.pt.safetensors', pipeline: undefined });
    expect([...checkpoint.tensors.keys()]).toEqual(['a']);
    expect(opened).toEqual(['mine.pt.safetensors', 'config.json']);
    await expect(openFolder(folder, { folder, weights: 'none.pt', pipeline: undefined })).rejects.toThrow(
      'dir/none.pt: there is no such file; give a checkpoint file',
    );
  });

  it('is a pipeline without its index too, where a scheduler lies beside the transformer', async () => {
    const files = { 'scheduler/scheduler_config.json': '{}', 'transformer/model.safetensors': tensors('a') };
    expect(await weightsOf(inMemory(files).folder)).toEqual(['dir/transformer/model.safetensors', 'dir']);
  });

  it('is refused where a pipeline has no transformer', async () => {
    await expect(findModel(inMemory({ 'model_index.json': '{}' }).folder)).rejects.toThrow(
      'dir/transformer: there is no such folder, though the pipeline around it needs one; download the transformer too',
    );
  });

  it('may be in another folder, which is named', async () => {
    const { folder } = inMemory({ 'ema/last.ckpt': '', '.git/x.pt': '', 'log.txt': '' });
    await expect(findModel(folder)).rejects.toThrow(
      'dir: the folder holds no checkpoint itself, only in the folders ema',
    );
  });

  it('is tried by the usual names where nobody can tell what there is', async () => {
    const { folder, opened } = unlisted({ 'model.safetensors': tensors('a'), 'pytorch_model.bin': '' });
    expect(await weightsOf(folder)).toEqual(['dir/model.safetensors', undefined]);
    expect(opened).toEqual([
      'model_index.json',
      'diffusion_pytorch_model.safetensors',
      'diffusion_pytorch_model.safetensors.index.json',
      'model.safetensors',
    ]);
    await expect(findModel(unlisted({ 'last.ckpt': '' }).folder)).rejects.toThrow(
      "dir: there is none of the files that hold a model's weights (diffusion_pytorch_model.safetensors, ",
    );
  });
});
