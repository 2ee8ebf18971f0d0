import fc from 'fast-check';
import { expect, test } from 'vitest';
import { injectSelective } from './inject.ts';

test.each([
  ['#.', '#.'],
  ['#..', '#.+'],
  ['#...', '#.+.'],
  ['#....', '#.+.+'],
  ['#...#..#.', '#.+.#.+#.'],
  ['###', '###'],
  ['..#', '.+#'],
  ['#.~..', '#.~.+'],
])('Eq. 7: %s becomes %s', (pattern, injected) => {
  expect(injectSelective(pattern)).toBe(injected);
});

test('every second position of a run, and nothing else', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('#', '.'), maxLength: 40 }), (pattern) => {
      let zeros = 0;
      const expected = Array.from(pattern, (letter) => {
        zeros = letter === '.' ? zeros + 1 : 0;
        return zeros > 0 && zeros % 2 === 0 ? '+' : letter;
      }).join('');
      expect(injectSelective(pattern)).toBe(expected);
    }),
  );
});
