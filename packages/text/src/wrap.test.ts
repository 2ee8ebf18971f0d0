import { describe, expect, test } from 'vitest';
import { wrapAndCut, wrapText } from './wrap.ts';

const length = (line: string): number => line.length;

describe('wrapAndCut', () => {
  test('ends a paragraph of more lines in an ellipsis, and leaves others as they are', () => {
    expect(wrapAndCut('golden retriever', 9, length, 2)).toEqual(wrapText('golden retriever', 9, length));
    expect(wrapAndCut('one two three four five', 9, length, 2)).toEqual(['one two', 'three...']);
    expect(wrapAndCut('abcdefghijklmnopqrstuvwxyz\nsecond', 9, length, 2)).toEqual([
      'abcdefghi',
      'jklmno...',
      'second',
    ]);
    expect(wrapAndCut('', 9, length, 2)).toEqual(['']);
  });

  test('keeps to its width and its lines, whatever the length', () => {
    for (const text of ['x'.repeat(10_000_000), 'x y '.repeat(2_500_000)]) {
      const lines = wrapAndCut(text, 20, length, 3);
      expect(lines).toHaveLength(3);
      expect(lines[2]).toMatch(/\.\.\.$/);
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(20);
    }
  });
});
