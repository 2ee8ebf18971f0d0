import { expect, it } from 'vitest';
import { rememberingEncoder } from './remembering-encoder.ts';

function counting() {
  const asked: string[][] = [];
  let fails = 0;
  const encoder = rememberingEncoder({
    encode: (texts) => {
      asked.push([...texts]);
      if (fails-- > 0) return Promise.reject(new Error('out of memory'));
      return Promise.resolve(texts.map((text) => ({ values: Float32Array.of(text.length), tokens: 1, text })));
    },
    dispose: () => Promise.resolve(),
  });
  return { asked, encoder, failOnce: () => (fails = 1) };
}

it('reads each text once, and gives the same object for it', async () => {
  const { asked, encoder } = counting();
  const [one, again, other] = await encoder.encode(['cat', 'cat', 'dog']);
  const [later, all] = await Promise.all([encoder.encode(['cat']), encoder.encode(['bird', 'dog'])]);
  expect(again).toBe(one);
  expect(later[0]).toBe(one);
  expect(all[1]).toBe(other);
  expect(asked).toEqual([['cat', 'dog'], ['bird']]);
});

it('tries again what has failed', async () => {
  const { asked, encoder, failOnce } = counting();
  failOnce();
  await expect(encoder.encode(['cat'])).rejects.toThrow('out of memory');
  expect((await encoder.encode(['cat']))[0]!.text).toBe('cat');
  expect(asked).toEqual([['cat'], ['cat']]);
});
