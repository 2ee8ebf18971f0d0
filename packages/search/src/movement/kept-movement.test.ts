import type { Topology } from '@procache/core';
import { describe, expect, it } from 'vitest';
import type { BranchMovement } from './branch-movement.ts';
import { keptMovement } from './kept-movement.ts';

const topology: Topology = { blocks: [['attn', 'mlp']], grid: [2, 2] };
const kept = keptMovement(topology);
const read = (value: unknown) => kept.read({ value, place: 'movement', code: 'invalid-input' });

const movement: readonly BranchMovement[] = [
  { branch: '0.attn', change: [{ cosine: 0.999, relativeL1: 0.125 }], reuseError: [0.125, 0.5] },
  { branch: '0.mlp', change: [{ cosine: 0, relativeL1: NaN }], reuseError: [Infinity] },
];

describe('movement in a study', () => {
  it('is written as JSON can say it, and read as it was, what is not finite as not a number', () => {
    const text = JSON.stringify(kept.write(movement));
    expect(text).toContain('"relativeL1":null');
    expect(read(JSON.parse(text))).toEqual([
      movement[0],
      { branch: '0.mlp', change: [{ cosine: 0, relativeL1: NaN }], reuseError: [NaN] },
    ]);
  });

  it.each([
    ['null', null, 'movement: null is not an array'],
    ['an object', {}, 'movement: {} is not an array'],
    [
      'a branch that the model does not have',
      [{ branch: '7.attn', change: [], reuseError: [] }],
      'movement[0].branch: "7.attn" is none of',
    ],
    [
      'a text where a list is expected',
      [{ branch: '0.attn', change: 'x', reuseError: [] }],
      'movement[0].change: "x" is not an array',
    ],
    [
      'a text where a number is expected',
      [{ branch: '0.attn', change: [], reuseError: ['x'] }],
      'movement[0].reuseError[0]: "x" is not',
    ],
    [
      'a negative change',
      [{ branch: '0.attn', change: [{ cosine: 1, relativeL1: -1 }], reuseError: [] }],
      'movement[0].change[0].relativeL1: -1 is not',
    ],
    ['a member of another kind', [{ branch: '0.attn', change: [], reuseError: [], more: 1 }], 'unknown key "more"'],
  ])('is refused, with its place, where the study holds %s', (_, value, message) => {
    expect(() => read(value)).toThrow(message);
  });
});
