import { expect, it } from 'vitest';
import { movementFromJson, movementToJson } from './movement-json.ts';

const movement = [
  { branch: '3.mlp', change: [{ cosine: 0.987654321, relativeL1: Infinity }], reuseError: [0.25, 1.23456789] },
] as const;
const read = (value: unknown) => movementFromJson({ value, place: 'movement', code: 'invalid-input' });

it('the movement of features reads as it was written, with five digits', () => {
  const written = JSON.parse(JSON.stringify(movementToJson(movement))) as unknown;
  expect(read(written)).toEqual([
    { branch: '3.mlp', change: [{ cosine: 0.98765, relativeL1: Infinity }], reuseError: [0.25, 1.2346] },
  ]);
});

it.each([
  [null, 'movement: null is not an array'],
  [[{}], 'movement[0].branch: nothing is no branch'],
  [[{ branch: 'mlp', change: [], reuseError: [] }], 'movement[0].branch: "mlp" is no branch'],
  [
    [{ branch: '0.mlp', change: [{ cosine: 1, relativeL1: null }], reuseError: [1] }],
    'movement[0].change[0].relativeL1: null is not a number of at least 0',
  ],
  [
    [{ branch: '0.mlp', change: [{ cosine: 2, relativeL1: 0 }], reuseError: [1] }],
    'movement[0].change[0].cosine: 2 is not between',
  ],
])('refuses %j with the place', (json, message) => {
  expect(() => read(json)).toThrow(message);
});
