import { describe, expect, it } from 'vitest';
import { bytesSource } from '../checkpoint/byte-source.ts';
import { openCheckpoint } from '../checkpoint/open-checkpoint.ts';
import { writeSafetensors } from '../checkpoint/safetensors-writer.ts';
import { openWordTable } from './word-table.ts';

const WORDS = ['', '</s>', 'red', 'cafe', 'cat', '2'];

/** A table whose word of row i is the vector [i]. */
async function table(tokens = 4) {
  const data = Float32Array.from(WORDS, (_, row) => row);
  const bytes = writeSafetensors(new Map([['embedding.weight', { shape: [WORDS.length, 1], data }]]));
  return openWordTable(await openCheckpoint(bytesSource('words.safetensors', bytes)), JSON.stringify(WORDS), {
    tokens,
  });
}

describe('a table of words', () => {
  it('reads known words in lower case and without accents, then the end mark, then padding', async () => {
    const words = await table();
    expect(words.embed('Red, CAFÉ!')).toEqual({ values: Float32Array.of(2, 3, 1, 0), tokens: 3, text: 'Red, CAFÉ!' });
    expect(words.embed('a dog').tokens).toBe(1);
  });

  it('reads as many words as there are places before the end mark, and names the others', async () => {
    const words = await table();
    const text = 'cat 2 dog red cafe';
    expect(Array.from(words.embed(text).values)).toEqual([4, 5, 2, 1]);
    expect(words.cutWords(text)).toEqual(['cafe']);
    expect(words.cutWords('cat 2 dog red')).toEqual([]);
  });

  it.each([
    ['red cat', []],
    ['Red CAFÉ', []],
    ['a red dog', ['a', 'dog']],
    ['猫 cat', ['猫']],
    ['красный cat ❤️', ['красный', '❤️']],
    ['red—cat', ['red—cat']], // the dash is no separator: the word would be redcat
    ['cat\u200d\ufe0f', []], // what joins and varies signs is not read, and says nothing
    ['cat猫', ['cat猫']],
  ])('of %j it does not know %j', async (text, unknown) => {
    expect((await table()).unknownWords(text)).toEqual(unknown);
  });
});
