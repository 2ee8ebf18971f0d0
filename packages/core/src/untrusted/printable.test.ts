import { expect, test } from 'vitest';
import { printable, shown, shownName } from './printable.ts';

test('no sign that a terminal obeys is left', () => {
  expect(printable('\u001b[2K\rOK \u009b31m \u202e \ud800 é 中 🙂\n\t')).toBe(
    '\\u{1b}[2K\\u{d}OK \\u{9b}31m \\u{202e} \\u{d800} é 中 🙂\n\t',
  );
});

test.each([
  ['nothing', undefined],
  ['NaN', NaN],
  ['"a\\u001b"', 'a\u001b'],
  ['[1,[null,true]]', [1, [null, true]]],
  ['{"a":{"b":[]}}', { a: { b: [] } }],
])('%s', (text, value) => {
  expect(shown(value)).toBe(text);
});

test('long, deep and circular values cost no more than the message', () => {
  const deep: unknown[] = [];
  let inner = deep;
  for (let i = 0; i < 100_000; i++) inner.push((inner = []));
  const circle: Record<string, unknown> = {};
  circle['again'] = circle;
  for (const value of ['x'.repeat(1e7), Array(1e6).fill(0), deep, circle, { ['k'.repeat(1e6)]: 1 }]) {
    const text = shown(value);
    expect(text.length).toBeLessThanOrEqual(80);
    expect(text).toContain('...');
  }
  expect(shownName('n'.repeat(1000), 20)).toBe(`${'n'.repeat(17)}...`);
});
