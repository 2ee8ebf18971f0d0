import { describe, expect, it } from 'vitest';
import { CAPTIONS, heldOut } from './captions.ts';
import { promptsIn } from './prompts.ts';

describe('promptsIn', () => {
  it('reads one prompt a line, whatever ends it, without empty lines and notes', () => {
    expect(promptsIn('\uFEFFa cat\r\n\r\n# dogs\n  a dog, 4k  \r"quoted" text\n', 'p.txt')).toEqual([
      'a cat',
      'a dog, 4k',
      '"quoted" text',
    ]);
    expect(promptsIn('[photo] of a cat', 'p.txt')).toEqual(['[photo] of a cat']);
  });

  it('reads a JSON list, in which every text is one', () => {
    expect(promptsIn(' ["# 1", "two\\nlines"] ', 'p.json')).toEqual(['# 1', 'two\nlines']);
  });

  it.each([
    ['# nothing\n\n', 'p.txt: there is no prompt in it; write one a line'],
    ['[]', 'p.txt: there is no prompt in it'],
    ['["a", 3]', 'p.txt[1]: 3 is not a non-empty string'],
    ['["a", ', 'p.txt'],
  ])('refuses %j', (text, message) => {
    expect(() => promptsIn(text, 'p.txt')).toThrow(message);
  });

  it('takes no JSON of something else for a prompt', () => {
    expect(() => promptsIn('[1, 2]', 'p.json')).toThrow('p.json[0]: 1 is not a non-empty string');
    expect(promptsIn('[1, 2]', 'p.txt')).toEqual(['[1, 2]']);
  });
});

describe('captions', () => {
  it('are many, none twice, and those to judge on are not among those to search by', () => {
    expect(CAPTIONS.length).toBeGreaterThanOrEqual(96);
    expect(new Set(CAPTIONS).size).toBe(CAPTIONS.length);
    const { search, judge } = heldOut(CAPTIONS);
    expect([search.length, judge.length]).toEqual([72, 24]);
    expect(search.some((caption) => judge.includes(caption))).toBe(false);
    expect([...search, ...judge].sort()).toEqual([...CAPTIONS].sort());
  });

  it('of a few are all searched by and all judged on', () => {
    expect(heldOut(['a', 'b'])).toEqual({ search: ['a', 'b'], judge: ['a', 'b'] });
  });
});
