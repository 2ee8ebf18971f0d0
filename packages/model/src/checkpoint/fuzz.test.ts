/// <reference types="node" />
import { ProCacheError } from '@procache/core';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import {
  call,
  counts,
  dictionary,
  global,
  hooks,
  integer,
  list,
  object,
  type Piece,
  saved,
  storage,
  pickledTensor,
  pickledText,
  tuple,
} from '../testing/torch-file.ts';
import { bytesSource } from './byte-source.ts';
import { checkRecords } from './check-records.ts';
import { weightsTaken } from './checkpoint-of.ts';
import { openCheckpoint } from './open-checkpoint.ts';
import { unpickle } from './pickle.ts';
import { readFloats } from './read-floats.ts';
import { refusalOf } from './refusal.ts';
import { writeSafetensors } from './safetensors-writer.ts';
import { openShards } from './shards.ts';
import { torchMeaning } from './torch-meaning.ts';
import { utf8Of } from './utf8.ts';

const checkpoints = join(import.meta.dirname, '../../../conformance/fixtures/checkpoints');
const read = (name: string): Uint8Array => withoutChecksums(new Uint8Array(readFileSync(join(checkpoints, name))));

/** A zip file that notes no checksums, so that damage is not found by them alone. */
function withoutChecksums(zip: Uint8Array): Uint8Array {
  const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength);
  for (let at = 0; at + 46 <= zip.length; at++)
    if (view.getUint32(at, true) === 0x02014b50) view.setUint32(at + 16, 0, true);
  return zip;
}

/** No read of these small files may widen to more than their views may share. */
const mostElements = 2 ** 24;
/** As long as a message may be, whatever a file holds: a few names of 80 letters and what is said of them. */
const longestMessage = 1200;

/** Opens the file and reads every tensor; any error but ours, any absurd size and any message without end fails. */
async function survives(bytes: Uint8Array): Promise<void> {
  await endsWell(async () => {
    const checkpoint = await openCheckpoint(bytesSource('fuzzed', bytes));
    expect((weightsTaken(checkpoint) ?? '').length).toBeLessThan(longestMessage);
    await checkRecords(checkpoint);
    for (const tensor of checkpoint.tensors.values()) {
      const { length } = await readFloats(tensor);
      if (length > mostElements) throw new Error(`${length} elements were read from ${bytes.length} bytes`);
    }
  });
}

async function endsWell(action: () => unknown): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (!(error instanceof ProCacheError)) throw error;
    if (error.message.length > longestMessage)
      throw new Error(`a message of ${error.message.length} letters: ${error.message.slice(0, 300)}`, { cause: error });
  }
}

interface Damage {
  readonly flips: readonly { readonly at: number; readonly value: number }[];
  readonly keep: number;
}

/** Damage of up to eight bytes, near the start, the end and anywhere, and sometimes a cut. */
const damage: fc.Arbitrary<Damage> = fc.record({
  flips: fc.array(
    fc.record({
      at: fc.oneof(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 0.05, noNaN: true }),
        fc.double({ min: 0.9, max: 1, noNaN: true }),
      ),
      value: fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff)),
    }),
    { maxLength: 8 },
  ),
  keep: fc.oneof(
    { weight: 4, arbitrary: fc.constant(1) },
    { weight: 1, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }) },
  ),
});

function damaged(bytes: Uint8Array, { flips, keep }: Damage): Uint8Array {
  const copy = bytes.slice(0, Math.ceil(bytes.length * keep));
  for (const { at, value } of flips) if (copy.length > 0) copy[Math.floor(at * (copy.length - 1))] = value;
  return copy;
}

const small = writeSafetensors(
  new Map([
    ['blocks.0.weight', { shape: [3, 4], data: new Float32Array(12) }],
    ['blocks.0.bias', { shape: [4], data: new Float32Array(4) }],
  ]),
  new Map([['format', 'pt']]),
);

/** A checkpoint with everything that its reader knows. */
const weight = pickledTensor(storage('0', 6), 0, [2, 3], [3, 1]);
const state = (prefix: string): Piece =>
  dictionary({ [`${prefix}blocks.0.adaLN_modulation.1.weight`]: weight, [`${prefix}pos_embed`]: weight });
const training = await bytesOf(
  saved(
    dictionary({
      model: state('module.'),
      ema: dictionary({ shadow: state('_orig_mod.'), decay: integer(1) }),
      opt: dictionary({ state: list(weight) }),
      sparse: call(global('torch._utils', '_rebuild_sparse_tensor'), 'N', ['(', weight, weight, counts([3, 3]), 't']),
      typed: call(
        global('torch._utils', '_rebuild_tensor_v3'),
        storage('0', 24, 'UntypedStorage', 'torch.storage'),
        integer(0),
        counts([6]),
        counts([1]),
        '\x89',
        hooks,
        global('torch', 'float32'),
      ),
      args: object(
        'argparse',
        'Namespace',
        dictionary({
          when: call(global('datetime', 'date'), pickledText('ab')),
          mode: call(global('my', 'Mode'), pickledText('a')),
        }),
      ),
    }),
  ),
);

async function bytesOf(source: ReturnType<typeof bytesSource>): Promise<Uint8Array> {
  return withoutChecksums((await source.read(0, source.size)).slice());
}

const trainingDeflated = await deflated(training);

function deflated(bytes: Uint8Array): Promise<Uint8Array> {
  const at = 30 + 'archive/data.pkl'.length;
  const length = bytes[18]! | (bytes[19]! << 8);
  return bytesOf(saved(bytes.slice(at, at + length), { deflate: 'pickle' }));
}

/** The pickle of views.pt, which lies in the file uncompressed. */
function viewsPickle(): Uint8Array {
  const file = read('views.pt');
  const nameEnd = 30 + (file[26]! | (file[27]! << 8)) + (file[28]! | (file[29]! << 8));
  return file.slice(nameEnd, nameEnd + 296);
}

/** The bytes that a text of code points below 256 stands for. */
const latin1 = (text: string): number[] => Array.from(text, (letter) => letter.charCodeAt(0));

describe('damaged files end in an error of this library, soon and without absurd sizes', () => {
  it.each([
    ['a safetensors file', small, 3000],
    ['views.pt', read('views.pt'), 2000],
    ['train.pt', read('train.pt'), 300],
    ['unsafe-global.pt', read('unsafe-global.pt'), 2000],
    ['a training checkpoint with all there is', training, 3000],
    ['the same, deflated', trainingDeflated, 1000],
  ] as const)('%s', async (_name, bytes, numRuns) => {
    await fc.assert(
      fc.asyncProperty(damage, async (how) => survives(damaged(bytes, how))),
      { numRuns },
    );
  });

  it('the pickle of views.pt, each byte alone', async () => {
    const file = read('views.pt');
    const pickle = viewsPickle();
    const at = Buffer.from(file).indexOf(pickle);
    expect(at).toBeGreaterThan(0);
    for (let i = 0; i < pickle.length; i++) {
      for (const value of [0, 1, 0x28, 0x52, 0x7f, 0xff, pickle[i]! ^ 0x80, pickle[i]! + 1]) {
        const copy = file.slice();
        copy[at + i] = value;
        await survives(copy);
      }
    }
  });

  it('any bytes as a pickle, opcodes by preference', async () => {
    const opcodes = latin1('().0123NKMJGXUTCBaeulstdqrhjcRbQ}]');
    const byte = fc.oneof(
      fc.constantFrom(
        ...opcodes,
        0x80,
        0x81,
        0x85,
        0x86,
        0x87,
        0x88,
        0x8a,
        0x8b,
        0x8c,
        0x8f,
        0x90,
        0x91,
        0x93,
        0x94,
        0x95,
      ),
      fc.nat(255),
    );
    const refuse = refusalOf({ name: 'fuzzed' });
    await fc.assert(
      fc.asyncProperty(fc.array(byte, { maxLength: 200 }), (bytes) => {
        return endsWell(() => unpickle(Uint8Array.from(bytes), torchMeaning(refuse), refuse));
      }),
      { numRuns: 5000 },
    );
  });

  it('any bytes as a file, after every beginning that is known', async () => {
    const beginnings = ['', 'PK\u0003\u0004', 'PK\u0005\u0006', '\u0080\u0002', '<html', '\u0010\0\0\0\0\0\0\0{"a":'];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...beginnings), fc.uint8Array({ maxLength: 200 }), async (beginning, rest) => {
        await survives(Uint8Array.from([...latin1(beginning), ...rest]));
      }),
      { numRuns: 2000 },
    );
  });

  it('any objects as a checkpoint', async () => {
    await fc.assert(
      fc.asyncProperty(pieces.root, (root) => endsWell(async () => survives(await bytesOf(saved(root))))),
      { numRuns: 3000 },
    );
  });

  it('any header of a safetensors file', async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, fc.oneof(member, fc.jsonValue())), fc.nat(64), async (header, length) =>
        survives(withHeader(JSON.stringify(header), length)),
      ),
      { numRuns: 3000 },
    );
  });

  it('any index of shards', async () => {
    const weightMap = fc.oneof(
      fc.dictionary(name, fc.oneof(fc.constantFrom('a', 'b', '../a', ''), fc.string(), fc.jsonValue())),
      fc.jsonValue(),
    );
    await fc.assert(
      fc.asyncProperty(fc.record({ weight_map: weightMap, metadata: fc.jsonValue() }), async (index) => {
        await endsWell(() =>
          openShards(bytesSource('index', utf8Of(JSON.stringify(index))), async () => bytesSource('shard', small)),
        );
      }),
      { numRuns: 1000 },
    );
  });
});

const name = fc.oneof(
  fc.constantFrom(
    'blocks.0.weight',
    'module.blocks.0.adaLN_modulation.1.weight',
    'blocks.0.bias',
    '__metadata__',
    '_orig_mod.a',
    'ema.a',
    '',
    '.',
    'model.',
  ),
  fc.string(),
);
const count = fc.oneof(fc.nat(6), fc.constantFrom(0, 4, 8, 24, -1, 2 ** 31, 2 ** 53, 1.5));
const member = fc.record({
  dtype: fc.oneof(fc.constantFrom('F32', 'F16', 'F4', 'F8_E4M3', 'I64', 'BOOL', 'X1'), fc.string()),
  shape: fc.oneof(fc.array(count, { maxLength: 3 }), fc.jsonValue()),
  data_offsets: fc.oneof(fc.tuple(count, count), fc.jsonValue()),
});

function withHeader(header: string, dataLength: number): Uint8Array {
  const head = utf8Of(header);
  const bytes = new Uint8Array(8 + head.length + dataLength);
  new DataView(bytes.buffer).setUint32(0, head.length, true);
  bytes.set(head, 8);
  return bytes;
}

/** What pickles hold, put together at random. */
const pieces = fc.letrec<{ root: Piece; any: Piece; tensor: Piece }>((tie) => {
  const key = fc.constantFrom(
    'ema',
    'model',
    'state_dict',
    'module',
    'blocks.0.adaLN_modulation.1.weight',
    'module.a',
    'model_ema.blocks0',
    'opt',
    'shadow',
    'a',
    '0',
  );
  const globals = fc
    .constantFrom(
      ...[
        'collections.OrderedDict',
        'torch.Size',
        'torch.FloatStorage',
        'torch.float32',
        'builtins.getattr',
        'builtins.set',
        'os.system',
        'my.Mode',
        'torch._utils._rebuild_tensor_v2',
      ],
      ...[
        'torch._utils._rebuild_sparse_tensor',
        'torch._utils._rebuild_tensor_v3',
        'torch._tensor._rebuild_from_type_v2',
        'copyreg._reconstructor',
        'torch.nn.parameter.Parameter',
        'datetime.date',
      ],
    )
    .map((full): Piece => global(full.slice(0, full.lastIndexOf('.')), full.slice(full.lastIndexOf('.') + 1)));
  return {
    root: fc.dictionary(key, tie('any'), { maxKeys: 5, noNullPrototype: true }).map((entries) => dictionary(entries)),
    tensor: fc
      .tuple(fc.nat(7), fc.array(fc.nat(4), { maxLength: 3 }), fc.array(fc.nat(4), { maxLength: 3 }))
      .map(([offset, shape, strides]) => pickledTensor(storage('0', 6), offset, shape, strides)),
    any: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.nat().map(integer),
      fc.string({ maxLength: 12 }).map(pickledText),
      globals,
      tie('tensor'),
      tie('root'),
      fc.array(tie('any'), { maxLength: 4 }).map((items) => list(...items)),
      fc.array(tie('any'), { maxLength: 4 }).map((items) => tuple(...items)),
      fc.tuple(globals, fc.array(tie('any'), { maxLength: 7 })).map(([callee, items]) => call(callee, ...items)),
      fc
        .tuple(globals, fc.array(tie('any'), { maxLength: 2 }))
        .map(([of, items]): Piece => [of, tuple(...items), 0x81]),
      tie('any').map((state) => object('my', 'Thing', state)),
    ),
  };
});
