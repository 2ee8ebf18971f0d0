import fc from 'fast-check';
import { expect, test } from 'vitest';
import { editDistance, nearest, suggestion } from './nearest.ts';

test('counts edits', () => {
  expect(editDistance('kitten', 'sitting')).toBe(3);
  expect(editDistance('', 'abc')).toBe(3);
  expect(editDistance('mpl', 'mlp')).toBe(1);
  expect(editDistance('ratio', 'ratio')).toBe(0);
});

test('is symmetric, and 0 only for the same', () => {
  const text = fc.string({ maxLength: 6 });
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(editDistance(a, b)).toBe(editDistance(b, a));
      expect(editDistance(a, b) === 0).toBe(a === b);
    }),
  );
});

test('suggests what is near, and only that', () => {
  expect(nearest('prochache', ['fora', 'procache', 'toca'])[0]).toBe('procache');
  expect(suggestion('ration', ['do', 'ratio', 'blocks'])).toBe('; did you mean "ratio"?');
  expect(suggestion('temperature', ['do', 'ratio', 'blocks'])).toBe('');
  expect(suggestion('anything', [])).toBe('');
});

test('takes no longer for names of megabytes, which are near to nothing', () => {
  const long = 'ratio'.repeat(1_000_000);
  expect(suggestion(long, ['ratio', long])).toBe('');
  expect(nearest(long, ['order', 'ratioratio'])).toEqual(['ratioratio', 'order']);
});
