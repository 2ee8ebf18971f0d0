import type { TextEmbedding } from '@procache/core';
import { describe, expect, it } from 'vitest';
import { bytesSource } from '../checkpoint/byte-source.ts';
import { openCheckpoint } from '../checkpoint/open-checkpoint.ts';
import { type TensorValues, writeSafetensors } from '../checkpoint/safetensors-writer.ts';
import { embeddingsFile, openEmbeddings } from './embeddings-file.ts';

const NAME = 'texts.safetensors';
const open = async (bytes: Uint8Array, tokens = 4) =>
  openEmbeddings(await openCheckpoint(bytesSource(NAME, bytes)), { tokens, name: NAME });
const tensor = (shape: readonly number[], first = 1): TensorValues => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => first + i),
});
const ones = (shape: readonly number[], ...data: readonly number[]): TensorValues => ({
  shape,
  data: Int32Array.from(data),
});
const openTensors = (tensors: Readonly<Record<string, TensorValues>>, tokens = 4, metadata?: Record<string, string>) =>
  open(writeSafetensors(new Map(Object.entries(tensors)), new Map(Object.entries(metadata ?? {}))), tokens);

const twice = ({ data }: TensorValues): TensorValues => ({
  shape: [2, 4, 2],
  data: Float32Array.from([...data, ...data]),
});

const row = (text: string, tokens: number, first: number): TextEmbedding => ({
  values: Float32Array.from({ length: 8 }, (_, i) => first + i),
  tokens,
  text,
});

describe('a file of embeddings', () => {
  it('is read as it was written, by the text', async () => {
    const [cat, dog, nothing] = [row('a cat', 3, 1), row('a dog', 4, 20), row('', 1, -5)];
    const read = await open(embeddingsFile([cat, dog], [nothing], { tokens: 4 }));
    expect(read.texts).toEqual(['a cat', 'a dog', '']);
    expect(read.width).toBe(2);
    for (const each of [cat, dog, nothing]) expect(read.embed(each.text!)).toEqual(each);
    expect(read.embed('a cat')).toBe(read.embed('a cat'));
  });

  it('calls texts by their numbers where it does not say them, and the negative one the empty text', async () => {
    const negative = tensor([1, 4, 2], 50);
    const read = await openTensors({
      prompt_embeds: tensor([2, 4, 2]),
      prompt_attention_mask: ones([2, 4], 1, 1, 0, 0, 1, 1, 1, 1),
      negative_prompt_embeds: twice(negative),
      negative_prompt_attention_mask: ones([2, 4], 1, 0, 0, 0, 1, 0, 0, 0),
    });
    expect(read.texts).toEqual(['#1', '#2', '']);
    expect(read.embed('#2')).toEqual({ values: Float32Array.of(9, 10, 11, 12, 13, 14, 15, 16), tokens: 4, text: '#2' });
    expect(read.embed('')).toEqual({ values: negative.data, tokens: 1, text: '' });
  });

  it('is padded, or its padding cut, to the tokens of the model', async () => {
    const tensors = { prompt_embeds: tensor([3, 2]), prompt_attention_mask: ones([3], 1, 1, 0) };
    expect((await openTensors(tensors, 4)).embed('#1').values).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6, 0, 0));
    expect((await openTensors(tensors, 2)).embed('#1').values).toEqual(Float32Array.of(1, 2, 3, 4));
    await expect(openTensors(tensors, 1)).rejects.toThrow(
      /^texts\.safetensors: tensor 'prompt_embeds': text 1 has 2 tokens, and the model sees 1; save it with/,
    );
    expect((await openTensors({ prompt_embeds: tensor([1, 3, 2]) }, 4)).embed('#1').tokens).toBe(3);
  });

  it('refuses a text that it does not have', async () => {
    const read = await openTensors({ prompt_embeds: tensor([1, 4, 2]) }, 4, { prompts: '["a cat"]' });
    expect(() => read.embed('a dog')).toThrow(
      expect.objectContaining({
        code: 'invalid-input',
        message:
          'texts.safetensors: has no embedding of "a dog", but of "a cat"; ' +
          'ask for one of those, or name the text encoder that reads any',
      }),
    );
    expect(() => read.embed('')).toThrow(
      /"", but of "a cat"; guidance leads away from it: save it with negative_prompt_embeds, or draw without guidance/,
    );
  });

  const prompt_embeds = tensor([2, 4, 2]);
  const negative_prompt_embeds = tensor([2, 4, 2]);
  it.each<[string, Readonly<Record<string, TensorValues>>, Record<string, string>, RegExp]>([
    [
      'other tensors',
      { prompt_embeds, pooled_prompt_embeds: tensor([2]) },
      {},
      /: holds pooled_prompt_embeds; a file of/,
    ],
    ['no prompts', { negative_prompt_embeds }, {}, /: has no prompt_embeds; a file of embeddings has prompt_embeds, /],
    [
      'a mask alone',
      { prompt_embeds, negative_prompt_attention_mask: ones([1], 1) },
      {},
      /there is no negative_prompt_embeds/,
    ],
    [
      'one axis',
      { prompt_embeds: tensor([4]) },
      {},
      /'prompt_embeds': is \[4\], and should be \[texts, tokens, width\]/,
    ],
    ['four axes', { prompt_embeds: tensor([1, 1, 4, 2]) }, {}, /is \[1, 1, 4, 2\], and should be/],
    [
      'a short mask',
      { prompt_embeds, prompt_attention_mask: ones([2, 1], 1, 1) },
      {},
      /is \[2, 1\], and its .* \[2, 4, width\]/,
    ],
    [
      'gaps',
      { prompt_embeds, prompt_attention_mask: ones([2, 4], 1, 0, 0, 0, 1, 0, 1, 0) },
      {},
      /of text 2 it is not 1 for/,
    ],
    [
      'no text',
      { prompt_embeds, prompt_attention_mask: ones([2, 4], 0, 0, 0, 0, 1, 0, 0, 0) },
      {},
      /of text 1 it is not 1 for/,
    ],
    ['infinity', { prompt_embeds: tensor([1, 1, 1], Infinity) }, {}, /text 1 has numbers that are not finite/],
    [
      'widths',
      { prompt_embeds, negative_prompt_embeds: tensor([1, 4, 3]) },
      {},
      /has 3 numbers for each token, and .* has 2/,
    ],
    [
      'two negatives',
      { prompt_embeds, negative_prompt_embeds },
      {},
      /: has two embeddings of ""; name the texts in its/,
    ],
    ['two of one text', { prompt_embeds }, { prompts: '["a", "a"]' }, /: has two embeddings of "a"/],
    ['one text', { prompt_embeds }, { prompts: '["a"]' }, /, prompts: lists 1 texts, and the file has 2/],
    ['no texts', { prompt_embeds }, { prompts: '[1, 2]' }, /, prompts\[0\]: 1 is no text$/],
  ])('is refused with %s', async (_, tensors, metadata, message) => {
    await expect(openTensors(tensors, 4, metadata)).rejects.toThrow(
      expect.objectContaining({ code: 'invalid-model', message: expect.stringMatching(message) }),
    );
  });
});
