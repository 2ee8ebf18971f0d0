/// <reference types="node" />
import { ProCacheError } from '@procache/core';
import { zipSync } from 'fflate';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import {
  call,
  dictionary,
  global,
  integer,
  list,
  object,
  type Piece,
  pickleOf,
  saved,
  storage,
  pickledTensor,
  pickledText,
} from '../testing/torch-file.ts';
import { type ByteSource, bytesSource } from './byte-source.ts';
import { openCheckpoint } from './open-checkpoint.ts';
import { openShards } from './shards.ts';
import { utf8Of } from './utf8.ts';

// What people hand over, and the whole of what they are told. The table of docs/model-format.md follows this one.

const fixtures = join(import.meta.dirname, '../../../conformance/fixtures');
const fixture = (path: string): ByteSource =>
  bytesSource(path.split('/').at(-1)!, new Uint8Array(readFileSync(join(fixtures, path))));

const w = pickledTensor(storage('0', 6), 0, [2, 3], [3, 1]);
const torch = (root: Piece): ByteSource => saved(root, { name: 'a.pt' });
const withExtra = (extra: Piece): ByteSource => torch(dictionary({ model: dictionary({ w }), extra }));
const plain = (content: string): ByteSource => bytesSource('a.pt', utf8Of(content));

function safetensors(header: unknown, dataLength: number, name = 'a.safetensors'): ByteSource {
  const head = utf8Of(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + head.length + dataLength);
  new DataView(bytes.buffer).setUint32(0, head.length, true);
  bytes.set(head, 8);
  return bytesSource(name, bytes);
}
const f32 = { dtype: 'F32', shape: [1], data_offsets: [0, 4] };

/** The pickle of 64 MiB that unpacks from 64 KiB. */
function expanding(): ByteSource {
  const bytes = new Uint8Array(64 * 2 ** 20).fill(0x5d); // empty lists
  bytes.set([0x80, 2]);
  bytes[bytes.length - 1] = 0x2e;
  return bytesSource('a.pt', zipSync({ 'a/data.pkl': [bytes, { level: 1 }] }));
}

/** A thousand tensors with the same 100,000 values. */
function sharing(): ByteSource {
  const view = pickledTensor(storage('0', 100_000), 0, [100, 1000], [1, 100]);
  const views = dictionary(Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`w${i}`, view])));
  return saved(views, { name: 'a.pt', storages: { 0: new Float32Array(100_000) } });
}

/** A file with one bit turned. */
function turned(source: ByteSource, at: number): ByteSource {
  return {
    ...source,
    read: async (offset, length) =>
      (await source.read(offset, length)).map((byte, i) => (offset + i === at ? byte ^ 1 : byte)),
  };
}

describe('files that are refused', () => {
  it.each<[string, () => ByteSource, string]>([
    // Not checkpoints
    ['an empty file', () => plain(''), 'a.pt: the file is empty; download it again'],
    [
      'a web page',
      () => plain('<!DOCTYPE html><title>Sign in</title>'),
      'a.pt: this is a web page, not a checkpoint: the download failed; ' +
        'download the file itself (and log in where the site asks for it)',
    ],
    [
      'a git-lfs pointer',
      () => plain('version https://git-lfs.github.com/spec/v1'),
      "a.pt: this is a git-lfs pointer, not the file it stands for; run 'git lfs pull' or download the file itself",
    ],
    [
      'JSON',
      () => plain('{"a": 1}'),
      'a.pt: this is JSON text, not a checkpoint; the index of a sharded checkpoint is told by its name, such ' +
        'as model.safetensors.index.json',
    ],
    [
      'a bare pickle',
      () => bytesSource('a.pt', pickleOf(dictionary({}))),
      'a.pt: this is a bare pickle, as torch wrote before 1.6, and cannot be read in ranges; ' +
        "convert it once: torch.save(torch.load(path, map_location='cpu', weights_only=True), new_path), " +
        'or save it as safetensors',
    ],
    [
      'a tar archive',
      () => plain('hello, this is a text'),
      'a.pt: this is neither a safetensors file nor a torch zip file: it has 21 bytes and begins with 68 65 6c ' +
        '6c; check that it is the checkpoint and that the download was complete',
    ],
    [
      'a zip file',
      () => bytesSource('a.zip', zipSync({ 'weights.npy': new Uint8Array(3) })),
      'a.zip: the zip file of 1 entries has no data.pkl, so it is not from torch.save; ' +
        'unpack it if the checkpoint is inside',
    ],
    [
      'a TorchScript program',
      () => saved(dictionary({ w }), { files: { 'constants.pkl': '' } }),
      'saved.pt: this is a TorchScript program, not a checkpoint; ' +
        'save its weights alone with torch.save(model.state_dict(), path)',
    ],
    [
      'a pickled module',
      () => torch(object('models', 'DiT')),
      'a.pt: the file holds an object of the class models.DiT, not a dictionary of tensors; ' +
        'save the weights alone with torch.save(model.state_dict(), path)',
    ],
    [
      'a pickled module under a key',
      () => torch(dictionary({ model: object('models', 'DiT'), epoch: integer(3) })),
      "a.pt: no tensors with names were found in it; the 2 keys begin with 'model' (an object of the class " +
        "models.DiT), 'epoch'; save the weights alone with torch.save(model.state_dict(), path)",
    ],
    [
      'a list',
      () => torch(list(w)),
      'a.pt: the file holds a list, not a dictionary of tensors; ' +
        'save the weights alone with torch.save(model.state_dict(), path)',
    ],
    [
      'no tensors',
      () => torch(dictionary({ epoch: integer(3), log: list() })),
      "a.pt: no tensors with names were found in it; the 2 keys begin with 'epoch', 'log'; " +
        'save the weights alone with torch.save(model.state_dict(), path)',
    ],

    // Damaged
    [
      'a cut-off safetensors file',
      () => safetensors({ a: f32 }, 2),
      "a.safetensors: tensor 'a' ends at byte 4 but only 2 follow the header; the file is cut short, download it again",
    ],
    [
      'a cut-off torch file',
      () => fixture('checkpoints/truncated.pt'),
      'truncated.pt: the zip directory at the end is missing: the file of 100000 bytes looks cut short; ' +
        'download it again',
    ],
    [
      'a header that is no JSON',
      () => safetensors('{"a" 3}', 0),
      'a.safetensors: the header, line 1, column 6: this is not JSON: "3" where ":" should be; ' +
        'the file is damaged, download it again',
    ],
    [
      'a header that is nested',
      () => safetensors(`{"a":${'['.repeat(10_000)}`, 0),
      'a.safetensors: the header, line 1, column 206: this is not JSON: more than 200 arrays and objects inside ' +
        'one another; the file is damaged, download it again',
    ],
    [
      'a tensor named twice',
      () => safetensors('{"a":1,"a":2}', 0),
      'a.safetensors: the header, line 1, column 8: this is not JSON: the key "a" is given twice; ' +
        'the file is damaged, download it again',
    ],
    [
      'metadata of numbers',
      () => safetensors({ __metadata__: { epoch: 3 } }, 0),
      `a.safetensors: "epoch" in '__metadata__' is 3, not a string; write the file again with strings only`,
    ],
    [
      'a pickle with a bit turned',
      () => turned(torch(dictionary({ w })), 60),
      "a.pt: 'archive/data.pkl' has the checksum 71184b5e but 8b0abc48 is noted for it; " +
        'the file is damaged, download it again',
    ],
    [
      'a storage that is missing',
      () => torch(dictionary({ w: pickledTensor(storage('7', 6), 0, [1], [1]) })),
      "a.pt: tensor 'w': its storage '7' is not in the file; download it again",
    ],

    // Calls
    [
      'a call that can do harm',
      () => fixture('checkpoints/unsafe-global.pt'),
      'unsafe-global.pt: the file asks to call posix.system, which can run programs or reach files; ' +
        'nothing was run here, but torch might: unless you know why it is there, do not load the file with torch ' +
        'either; take the weights as safetensors, or from another source',
    ],
    [
      'a call that is not known',
      () => withExtra(call(global('my_project', 'build_scheduler'), pickledText('cosine'))),
      'a.pt: the file asks to call my_project.build_scheduler, which is not known here, and nothing in a file ' +
        'is ever run; it need not be harmful, but what it makes cannot be read: have the weights saved alone with ' +
        'torch.save(model.state_dict(), path), or take them as safetensors',
    ],

    // More than a checkpoint can need
    [
      'a pickle that expands',
      expanding,
      'a.pt: what the pickle of 67108864 bytes describes takes more than 128 MiB; ' +
        'this is not a checkpoint of a model, or one with much beside it: save the weights alone with ' +
        'torch.save(model.state_dict(), path)',
    ],
    [
      'a view that repeats its elements',
      () => torch(dictionary({ w: pickledTensor(storage('0', 6), 0, [20_000, 40_000], [0, 0]) })),
      "a.pt: tensor 'w': shape [20000, 40000] with strides [0, 0] at 0 has 800000000 elements but its storage " +
        "'0' has 6; store a contiguous copy of it",
    ],
    [
      'many views of the same elements',
      sharing,
      `a.pt: its tensors have 100000000 elements but the file ${sharing().size} bytes; store contiguous copies of them`,
    ],
    [
      'two models',
      () =>
        torch(
          dictionary({
            first: dictionary({ 'blocks.0.adaLN_modulation.1.weight': w }),
            second: dictionary({ 'blocks.0.adaLN_modulation.1.weight': w }),
          }),
        ),
      "a.pt: it holds several sets of weights ('first', 'second'), and nothing tells which is meant; " +
        'save one alone with torch.save(model.state_dict(), path)',
    ],
  ])('%s', async (_what, source, message) => {
    const error: unknown = await openCheckpoint(source()).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ProCacheError);
    expect(error).toMatchObject({ code: 'invalid-model', message });
  });

  it.each<[string, unknown, string]>([
    [
      'no list of tensors',
      { metadata: {} },
      "index.json: it has no 'weight_map' that names tensors, so it is not the index of a sharded checkpoint; " +
        'hand over the checkpoint itself',
    ],
    [
      'a file elsewhere',
      { weight_map: { a: '../b' } },
      `index.json: tensor 'a' should lie in "../b", which is not the name of a file beside the index; ` +
        `download the index again`,
    ],
    [
      'a name that is as long as the file',
      { weight_map: { ['x'.repeat(5000)]: `model${'['.repeat(5000)}` } },
      `index.json: tensor '${'x'.repeat(77)}...' should lie in "model${'['.repeat(71)}..., which is not the ` +
        `name of a file beside the index; download the index again`,
    ],
    [
      'what is no name',
      { weight_map: { a: { b: [1] } } },
      `index.json: tensor 'a' should lie in {"b":[1]}, which is not the name of a file beside the index; ` +
        `download the index again`,
    ],
    [
      'a tensor that is not there',
      { weight_map: { b: 'one' } },
      "index.json: tensor 'b' should lie in 'one', which holds 1 others; download that file again",
    ],
  ])('an index with %s', async (_what, index, message) => {
    const source = bytesSource('index.json', utf8Of(JSON.stringify(index)));
    const opened = openShards(source, async () => safetensors({ a: f32 }, 4, 'one'));
    await expect(opened).rejects.toMatchObject({ code: 'invalid-model', message });
  });

  it('the index whose message was as long as the file', async () => {
    const index = fixture('cases/29-hostile-numbers-and-depth/model.safetensors.index.json');
    const error: unknown = await openShards(index, () => Promise.reject(new Error('no file is opened'))).catch(
      (caught: unknown) => caught,
    );
    expect(error).toBeInstanceOf(ProCacheError);
    expect((error as Error).message.length).toBeLessThan(300);
  });
});

describe('messages', () => {
  it('quote no more than a line of what a file holds', async () => {
    const long = 'x'.repeat(50_000);
    const deep = `{"a":`.repeat(5000);
    const sources = [
      safetensors({ [long]: 1 }, 0),
      safetensors({ [long]: { dtype: long } }, 0),
      safetensors({ a: { dtype: 'F32', shape: long } }, 0),
      safetensors({ a: { dtype: 'F32', shape: [], data_offsets: [long] } }, 0),
      safetensors({ __metadata__: { [long]: 1 } }, 0),
      safetensors({ __metadata__: long }, 0),
      safetensors(deep, 0),
      safetensors(`{"${long}":1,"${long}":1}`, 0),
      safetensors({ [long]: { ...f32, data_offsets: [4, 8] } }, 8),
      torch(dictionary({ [long]: integer(1) })),
      torch(dictionary({ [long]: pickledTensor(storage('7', 1), 0, [1], [1]) })),
      torch(dictionary({ w: pickledTensor(storage(long, 1), 0, [1], [1]) })),
      torch(object(long.slice(0, 400), 'Model')),
      withExtra(call(global(long.slice(0, 400), 'run'))),
      torch(dictionary({ [long]: pickledTensor(storage('0', 6), 5, [2], [1]) })),
      bytesSource('a.zip', zipSync({ [`${long}/data.pkl`]: [new Uint8Array(3), { level: 9 }] })),
      saved(dictionary({ w }), { files: { byteorder: long.slice(0, 900) } }),
    ];
    for (const source of sources) {
      const error: unknown = await openCheckpoint(source).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(ProCacheError);
      expect((error as Error).message.length, (error as Error).message.slice(0, 200)).toBeLessThan(500);
    }
  });
});
