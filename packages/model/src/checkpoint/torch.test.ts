/// <reference types="node" />
import { ProCacheError } from '@procache/core';
import { zipSync } from 'fflate';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { type ByteSource, bytesSource } from './byte-source.ts';
import { type Checkpoint, isContiguous } from './checkpoint.ts';
import { openCheckpoint } from './open-checkpoint.ts';
import { readFloats } from './read-floats.ts';
import {
  call,
  counts,
  dictionary,
  global,
  hooks,
  integer,
  type Piece,
  saved,
  type Saved,
  storage,
  pickledTensor,
  pickledText,
  u32,
} from '../testing/torch-file.ts';
import { utf8Of } from './utf8.ts';

const fixtures = join(import.meta.dirname, '../../../conformance/fixtures');
const fixture = (path: string): ByteSource =>
  bytesSource(path.split('/').at(-1)!, new Uint8Array(readFileSync(join(fixtures, path))));
const model = (): Promise<Checkpoint> => openCheckpoint(fixture('dit/model.safetensors'));
const open = (name: string): Promise<Checkpoint> => openCheckpoint(fixture(`checkpoints/${name}`));

const sameBits = (a: Float32Array, b: Float32Array): boolean =>
  Buffer.compare(Buffer.from(a.buffer), Buffer.from(b.buffer)) === 0;

describe('torch zip files', () => {
  it('holds the same names, shapes and bits in plain.pt as in model.safetensors', async () => {
    const [plain, expected] = await Promise.all([open('plain.pt'), model()]);
    expect(plain.format).toBe('torch');
    expect(plain.metadata.get('procache.state')).toBe('top level');
    expect([...plain.tensors.keys()].toSorted()).toEqual([...expected.tensors.keys()].toSorted());
    for (const [name, tensor] of plain.tensors) {
      const twin = expected.tensors.get(name)!;
      expect(tensor, name).toMatchObject({ type: 'F32', shape: twin.shape, strides: twin.strides });
      expect(sameBits(await readFloats(tensor), await readFloats(twin)), name).toBe(true);
    }
  });

  it('reads the pickle and the headers of the entries, not the values', async () => {
    const file = fixture('checkpoints/plain.pt');
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
    // The search for the directory may take 64 kB, the pickle is 31 kB.
    expect(opened).toBeLessThan(200_000);
    await readFloats(tensors.get('blocks.0.attn.qkv.bias')!);
    expect(read - opened).toBe(96 * 4);
  });

  it('takes the averaged weights of train.pt and passes over the optimiser and the arguments', async () => {
    const [train, expected] = await Promise.all([open('train.pt'), model()]);
    expect(train.metadata.get('procache.state')).toBe('ema');
    expect(train.tensors.size).toBe(12);
    for (const [name, tensor] of train.tensors) {
      const weights = await readFloats(expected.tensors.get(name)!); // the file's `model`; its `ema` is twice that
      expect(await readFloats(tensor), name).toEqual(weights.map((value) => 2 * value));
    }
  });

  it.each([
    ['half.pt', 'F16', 11],
    ['bfloat16.pt', 'BF16', 8],
  ] as const)('widens %s to the nearest the type has', async (file, type, significantBits) => {
    const [narrow, expected] = await Promise.all([open(file), model()]);
    expect(narrow.tensors.size).toBe(12);
    for (const [name, tensor] of narrow.tensors) {
      expect(tensor.type).toBe(type);
      const wide = await readFloats(expected.tensors.get(name)!);
      const values = await readFloats(tensor);
      expect(values).toHaveLength(wide.length);
      // Half a unit in the last place; 2^-25 is that of a binary16 subnormal.
      const wrong = wide.filter(
        (value, i) => Math.abs(values[i]! - value) > Math.max(Math.abs(value) * 2 ** -significantBits, 2 ** -25),
      );
      expect([...wrong], name).toEqual([]);
    }
  });

  it('gathers the strided views of views.pt', async () => {
    const { tensors } = await open('views.pt');
    const whole = await readFloats(tensors.get('whole')!);
    expect(await readFloats((await model()).tensors.get('blocks.0.attn.qkv.weight')!)).toEqual(whole);
    expect(isContiguous(tensors.get('whole')!)).toBe(true);

    const view = tensors.get('view')!; // whole[1:3, ::2]
    expect(view).toMatchObject({ shape: [2, 16], strides: [32, 2] });
    expect(isContiguous(view)).toBe(false);
    expect([...(await readFloats(view))]).toEqual(
      [1, 2].flatMap((row) => Array.from({ length: 16 }, (_, i) => whole[row * 32 + 2 * i])),
    );

    const transposed = tensors.get('transposed')!;
    expect(transposed).toMatchObject({ shape: [32, 96], strides: [1, 32] });
    const values = await readFloats(transposed);
    expect(values.every((value, i) => value === whole[(i % 96) * 32 + Math.floor(i / 96)])).toBe(true);
  });
});

describe('torch files that are refused', () => {
  it.each([
    [
      'legacy.pt',
      'this is a bare pickle, as torch wrote before 1.6, and cannot be read in ranges; ' +
        "convert it once: torch.save(torch.load(path, map_location='cpu', weights_only=True), new_path), " +
        'or save it as safetensors',
    ],
    [
      'unsafe-global.pt',
      'the file asks to call posix.system, which can run programs or reach files; ' +
        'nothing was run here, but torch might: unless you know why it is there, do not load the file with torch ' +
        'either; take the weights as safetensors, or from another source',
    ],
    [
      'truncated.pt',
      'the zip directory at the end is missing: the file of 100000 bytes looks cut short; download it again',
    ],
  ])('%s', async (name, message) => {
    const error: unknown = await open(name).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ProCacheError);
    expect(error).toMatchObject({ code: 'invalid-model', message: `${name}: ${message}` });
  });

  it.each([
    ['nothing', '', 'the file is empty; download it again'],
    ['a web page', '\n<!DOCTYPE html><title>Sign in</title>', 'this is a web page'],
    ['a web page after a byte order mark', '\uFEFF<HTML>', 'this is a web page'],
    ['an error of a store', '<?xml version="1.0"?><Error/>', 'this is a web page'],
    ['a git-lfs pointer', 'version https://git-lfs.github.com/spec/v1\noid sha256:00', "run 'git lfs pull'"],
    ['JSON', '{"weight_map": {}}', 'this is JSON text'],
    ['ONNX', '\u0008\u000a\u0012\u0007pytorch', 'this is an ONNX model, not a checkpoint'],
    ['GGUF', 'GGUF\u0003\0\0\0', 'this is a GGUF file'],
    ['anything else', 'hello there', 'it has 11 bytes and begins with 68 65 6c 6c'],
  ])('%s', async (_what, text, message) => {
    const source = bytesSource('file.pt', utf8Of(text));
    await expect(openCheckpoint(source)).rejects.toThrow(ProCacheError);
    await expect(openCheckpoint(source)).rejects.toThrow(`file.pt: `);
    await expect(openCheckpoint(source)).rejects.toThrow(message);
  });
});

const six = pickledTensor(storage('0', 6), 0, [2, 3], [3, 1]);

describe('what torch.save can write', () => {
  it('reads a parameter, a deflated pickle and protocol 4', async () => {
    const parameter = call(global('torch._utils', '_rebuild_parameter'), six, '\x88', hooks);
    // STACK_GLOBAL, MEMOIZE, FRAME
    const framed: Piece = [
      0x95,
      u32(0),
      u32(0),
      dictionary({ a: parameter, b: call([pickledText('torch'), pickledText('Size'), 0x93, 0x94], counts([1])) }),
    ];
    const { tensors } = await openCheckpoint(saved(framed, { deflate: 'pickle' }));
    expect([...tensors.keys()]).toEqual(['a']);
    expect([...(await readFloats(tensors.get('a')!))]).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it.each([
    [['ema', 'state_dict', 'model', 'module'], 'ema'],
    [['module', 'model', 'state_dict'], 'state_dict'],
    [['module', 'model'], 'model'],
    [['module'], 'module'],
  ])('of %j takes %s', async (keys, taken) => {
    const states = keys.map((key, i) => [key, dictionary({ w: pickledTensor(storage('0', 6), i, [1], [1]) })] as const);
    const { metadata, tensors } = await openCheckpoint(saved(dictionary(Object.fromEntries(states))));
    expect(metadata.get('procache.state')).toBe(taken);
    expect([...(await readFloats(tensors.get('w')!))]).toEqual([keys.indexOf(taken)]);
  });

  it('passes over an average without tensors and objects of classes it does not know', async () => {
    const opaque: Piece = [
      global('easydict', 'EasyDict'),
      ')',
      0x81,
      '(',
      pickledText('x'),
      six,
      'u',
      dictionary({ x: six }),
      'b',
    ];
    const root = dictionary({
      ema: opaque,
      config: opaque,
      when: call(global('datetime', 'datetime'), integer(1)),
      model: dictionary({ w: six }),
    });
    expect((await openCheckpoint(saved(root))).metadata.get('procache.state')).toBe('model');
  });

  it('drops the prefix of several GPUs only where every name has it', async () => {
    const all = await openCheckpoint(saved(dictionary({ 'module.a': six, 'module.b': six })));
    expect([...all.tensors.keys()]).toEqual(['a', 'b']);
    const some = await openCheckpoint(saved(dictionary({ 'module.a': six, b: six })));
    expect([...some.tensors.keys()]).toEqual(['module.a', 'b']);
  });

  it('repeats the elements of an expanded view', async () => {
    const { tensors } = await openCheckpoint(
      saved(dictionary({ w: pickledTensor(storage('0', 6), 4, [2, 2], [0, 1]) })),
    );
    expect([...(await readFloats(tensors.get('w')!))]).toEqual([4, 5, 4, 5]);
  });

  it('reads scalars and tensors without elements', async () => {
    const root = dictionary({
      scalar: pickledTensor(storage('0', 6), 5, [], []),
      none: pickledTensor(storage('0', 6), 6, [0, 7], [7, 1]),
    });
    const { tensors } = await openCheckpoint(saved(root));
    expect([...(await readFloats(tensors.get('scalar')!))]).toEqual([5]);
    expect(await readFloats(tensors.get('none')!)).toHaveLength(0);
  });

  it('reads types that torch stores as bytes without a type', async () => {
    const bytes = storage('0', 4, 'UntypedStorage', 'torch.storage');
    const typed = call(
      global('torch._utils', '_rebuild_tensor_v3'),
      ...[bytes, integer(1), counts([1]), counts([1]), '\x89', hooks, global('torch', 'uint16')],
    );
    const { tensors } = await openCheckpoint(
      saved(dictionary({ w: typed }), { storages: { 0: Uint16Array.of(7, 65535) } }),
    );
    expect([...(await readFloats(tensors.get('w')!))]).toEqual([65535]);
  });

  it('accepts a little-endian note and no other', async () => {
    const root = dictionary({ w: six });
    await openCheckpoint(saved(root, { files: { byteorder: 'little' } }));
    await expect(openCheckpoint(saved(root, { files: { byteorder: 'big' } }))).rejects.toThrow(
      "saved.pt: its byte order is 'big' but only 'little' is read; save it again as safetensors",
    );
  });

  it.each<[string, Piece, string | RegExp, Saved?]>([
    [
      'a module',
      [global('models', 'DiT'), ')', 0x81],
      'the file holds an object of the class models.DiT, not a dictionary of tensors',
    ],
    ['no tensors', dictionary({ a: integer(1) }), "the 1 keys begin with 'a'; save the weights alone"],
    [
      'a call of a known name outside the list',
      dictionary({ a: call(global('builtins', 'getattr'), 'N', 'N') }),
      'asks to call builtins.getattr',
    ],
    [
      'a call of torch itself',
      dictionary({ a: call(global('torch.storage', '_load_from_bytes'), 'N') }),
      'asks to call torch.storage._load_from_bytes',
    ],
    ['a call of a result', dictionary({ a: call(hooks) }), 'a dictionary is called'],
    [
      'a storage that is missing',
      dictionary({ w: pickledTensor(storage('7', 6), 0, [1], [1]) }),
      "tensor 'w': its storage '7' is not in the file",
    ],
    [
      'a storage of another size',
      dictionary({ w: pickledTensor(storage('0', 5), 0, [1], [1]) }),
      "tensor 'w': its storage '0' should take 20 bytes but takes 24",
    ],
    [
      'a view past the end',
      dictionary({ w: pickledTensor(storage('0', 6), 1, [2, 3], [3, 1]) }),
      "tensor 'w': shape [2, 3] with strides [3, 1] at 1 ends at element 7 but its storage '0' has 6",
    ],
    [
      'a view of absurd size',
      dictionary({ w: pickledTensor(storage('0', 6), 0, [65536, 65536], [0, 0]) }),
      'has 4294967296 elements but its storage',
    ],
    [
      'axes without strides',
      dictionary({ w: pickledTensor(storage('0', 6), 0, [1, 1], [1]) }),
      'has 2 axes but 1 strides',
    ],
    [
      'a negative stride',
      dictionary({ w: pickledTensor(storage('0', 6), 0, [1], [-1]) }),
      'a tensor has no storage, offset, shape or strides',
    ],
    [
      'another persistent id',
      dictionary({ w: [pickledText('x'), 'Q'] }),
      'the pickle refers to something that is not a tensor storage',
    ],
    ['an opcode of protocol 0', ['I1\n'], 'the pickle uses opcode 0x49 at byte 2'],
    ['a newer protocol', [0x80, 6], 'the pickle is of protocol 6 but 5 is the newest known'],
    ['an integer of absurd length', [0x8b, u32(0x7fffffff)], 'an integer takes 2147483647 bytes'],
    ['text of absurd length', ['X', u32(0xffffffff)], '4294967295 bytes are missing at byte 7 of 8'],
    ['a stack that is empty', ['0'], 'the stack is empty'],
    ['a program', dictionary({ w: six }), 'this is a TorchScript program', { files: { 'constants.pkl': '' } }],
    [
      'compressed storages',
      dictionary({ w: pickledTensor(storage('0', 600), 0, [600], [1]) }),
      /'archive\/data\/0' is compressed from 2400 to \d+ bytes/,
      { storages: { 0: new Float32Array(600) }, deflate: 'all' },
    ],
  ])('refuses %s', async (_what, root, message, how) => {
    const error: unknown = await openCheckpoint(saved(root, how)).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ProCacheError);
    expect((error as Error).message).toMatch(/^saved\.pt: [^.]/);
    expect((error as Error).message).toMatch(
      typeof message === 'string' ? new RegExp(message.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&')) : message,
    );
  });

  it('refuses other zip files', async () => {
    const zip = bytesSource('weights.npz', zipSync({ 'a.npy': new Uint8Array(3) }));
    await expect(openCheckpoint(zip)).rejects.toThrow('weights.npz: the zip file of 1 entries has no data.pkl');
    await expect(openCheckpoint(bytesSource('empty.zip', zipSync({})))).rejects.toThrow(
      'the zip file of 0 entries has no data.pkl',
    );
  });
});
