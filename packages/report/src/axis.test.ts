import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countAxis, linearAxis, logarithmicAxis } from './axis.ts';

const texts = (axis: { readonly ticks: readonly { readonly text: string }[] }) => axis.ticks.map(({ text }) => text);

describe('axes', () => {
  it('have ticks that can be read', () => {
    expect(texts(logarithmicAxis([2e-6, 3e-3]))).toEqual(['1e-6', '1e-5', '1e-4', '1e-3', '1e-2']);
    expect(texts(logarithmicAxis([2e-3, 3e-3]))).toEqual(['1e-3', '2e-3', '5e-3', '1e-2']);
    expect(texts(linearAxis([35.02, 50.5]))).toEqual(['35', '40', '45', '50', '55']);
    expect(texts(linearAxis([0.95, 0.99]))).toEqual(['0.95', '0.96', '0.97', '0.98', '0.99']);
    expect(texts(countAxis([13, 18], 16))).toEqual(['13', '14', '15', '16', '17', '18']);
    expect(texts(countAxis([8, 250], 6))).toEqual(['50', '100', '150', '200', '250']);
  });

  it('place what they have between 0 and 1, in order', () => {
    const numbers = fc.array(fc.double({ noNaN: true, min: 1e-12, max: 1e12 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(numbers, (values) => {
        for (const axis of [logarithmicAxis(values), linearAxis(values)]) {
          const sorted = [...values].sort((a, b) => a - b).map(axis.place);
          expect(sorted).toEqual([...sorted].sort((a, b) => a - b));
          expect(sorted.every((share) => share >= 0 && share <= 1)).toBe(true);
          expect(axis.ticks.length).toBeLessThan(40);
        }
      }),
    );
  });
});
