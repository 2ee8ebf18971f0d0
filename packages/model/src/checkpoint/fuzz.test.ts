/// <reference types="node" />
import { ProCacheError } from '@procache/core';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { bytesSource } from './byte-source.ts';
import { openCheckpoint } from './open-checkpoint.ts';
import { unpickle } from './pickle.ts';
import { readFloats } from './read-floats.ts';
import { refusalOf } from './refusal.ts';
import { writeSafetensors } from './safetensors-writer.ts';
import { torchMeaning } from './torch-meaning.ts';

const checkpoints = join(import.meta.dirname, '../../../conformance/fixtures/checkpoints');
const read = (name: string): Uint8Array => new Uint8Array(readFileSync(join(checkpoints, name)));

/** No read of these small files may widen to more than an expanded view is allowed. */
const mostElements = 2 ** 24;

/** Opens the file and reads every tensor; any error but ours, and any absurd size, fails. */
async function survives(bytes: Uint8Array): Promise<void> {
  try {
    const { tensors } = await openCheckpoint(bytesSource('fuzzed', bytes));
    for (const tensor of tensors.values()) {
      const { length } = await readFloats(tensor);
      if (length > mostElements) throw new Error(`${length} elements were read from ${bytes.length} bytes`);
    }
  } catch (error) {
    if (!(error instanceof ProCacheError)) throw error;
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
      at: fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 0.05, noNaN: true }), fc.double({ min: 0.9, max: 1, noNaN: true })),
      value: fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff)),
    }),
    { maxLength: 8 },
  ),
  keep: fc.oneof({ weight: 4, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }) }),
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

  it('any bytes as a pickle, opcodes by preference', () => {
    const opcodes = latin1('().0123NKMJGXUTCBaeulstdqrhjcRbQ}]');
    const byte = fc.oneof(fc.constantFrom(...opcodes, 0x80, 0x81, 0x85, 0x86, 0x87, 0x88, 0x8a, 0x8b, 0x8c, 0x8f, 0x90, 0x91, 0x93, 0x94, 0x95), fc.nat(255));
    const refuse = refusalOf({ name: 'fuzzed' });
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 200 }), (bytes) => {
        try {
          unpickle(Uint8Array.from(bytes), torchMeaning(refuse), refuse);
        } catch (error) {
          if (!(error instanceof ProCacheError)) throw error;
        }
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
});
