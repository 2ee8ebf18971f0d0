import { readFile } from 'node:fs/promises';
import { fixture, tensorsOf } from '@procache/conformance';
import { describe, expect, it } from 'vitest';
import { openSentencePiece } from './sentencepiece.ts';
import { openTokenizer, type Tokenizer } from './tokenizer.ts';
import { cleanCaption } from './caption.ts';

interface Prompt {
  readonly prompt: string;
  readonly clean: string;
  readonly tokens: number;
}

const after = (bytes: Uint8Array, ...more: readonly number[]): Uint8Array =>
  new Uint8Array(Buffer.concat([bytes, Uint8Array.from(more)]));
const folderOf = (name: string): string => fixture(`pipelines/${name}/tokenizer`);
const text = (path: string): Promise<string> => readFile(path, 'utf8');

const TENSORS = ['text.ids120', 'text.ids300', 'text.mask120', 'text.mask300', 'negative.ids'];

async function idsIn(name: string): Promise<ReadonlyMap<string, readonly number[]>> {
  const tensors = await tensorsOf(name);
  return new Map(await Promise.all(TENSORS.map(async (of) => [of, [...(await tensors.floats(of))]] as const)));
}

async function fixtureOf(name: string) {
  const folder = folderOf(name);
  const config = await text(`${folder}/tokenizer_config.json`);
  return {
    prompts: JSON.parse(await text(fixture(`pipelines/${name}/prompts.json`))) as readonly Prompt[],
    expected: await idsIn(`pipelines/${name}/expected.safetensors`),
    json: openTokenizer({ tokenizer: await text(`${folder}/tokenizer.json`), config }),
    pieces: openSentencePiece(await readFile(`${folder}/spiece.model`), config),
    piecesAlone: openSentencePiece(await readFile(`${folder}/spiece.model`)),
  };
}

describe.each(['pixart-tiny', 'pixart-tiny-ms'])('the tokens of %s', async (name) => {
  const { prompts, expected, ...tokenizers } = await fixtureOf(name);
  const tensor = (of: string): readonly number[] => expected.get(of)!;

  it.each(Object.entries(tokenizers))(
    'are the official ones, cut at 120 and at 300 (%s)',
    (_, tokenizer: Tokenizer) => {
      expect(prompts).toHaveLength(10);
      for (const most of [120, 300]) {
        const read = prompts.map(({ prompt }) => tokenizer.encode(cleanCaption(prompt), most));
        expect(read.flatMap(({ ids }) => [...ids])).toEqual(tensor(`text.ids${most}`));
        const masks = read.flatMap(({ tokens }) => Array.from({ length: most }, (__, i) => (i < tokens ? 1 : 0)));
        expect(masks).toEqual(tensor(`text.mask${most}`));
        expect(read.map(({ cut }) => cut !== undefined)).toEqual(prompts.map(({ tokens }) => tokens > most));
      }
    },
  );

  it.each(Object.entries(tokenizers))('of the empty text are one (%s)', (_, tokenizer: Tokenizer) => {
    const most = tensor('negative.ids').length;
    expect([...tokenizer.encode('', most).ids]).toEqual(tensor('negative.ids'));
    expect(tokenizer.encode('', most).tokens).toBe(1);
    expect(tokenizer.vocabulary).toBe(400);
  });

  it('are of cleaned texts', () => {
    for (const { prompt, clean } of prompts) expect(cleanCaption(prompt)).toBe(clean);
  });
});

describe('a text that is too long', async () => {
  const { json } = await fixtureOf('pixart-tiny');

  it('is cut, with the end mark kept, and says what is not read', () => {
    const whole = json.encode('a small red fox sits on the stone', 120);
    const cut = json.encode('a small red fox sits on the stone', whole.tokens - 2);
    expect([...cut.ids]).toEqual([...whole.ids.slice(0, whole.tokens - 3), 1]);
    expect(cut).toMatchObject({ tokens: whole.tokens - 2, cut: 'the stone' });
    expect([...json.encode('a fox', 1).ids]).toEqual([1]);
  });

  it('is not read at a length that is none', () => {
    expect(() => json.encode('a', 0)).toThrow(/^maxTokens: 0 is not an integer of at least 1$/);
  });
});

describe('a file that is wrong', async () => {
  const folder = folderOf('pixart-tiny');
  const good = JSON.parse(await text(`${folder}/tokenizer.json`)) as Record<string, object>;
  const spiece = new Uint8Array(await readFile(`${folder}/spiece.model`));
  const open = (changes: object, config?: object) => () =>
    openTokenizer({
      tokenizer: JSON.stringify({ ...good, ...changes }),
      config: config && JSON.stringify(config),
    });
  const model = (changes: object) => open({ model: { ...good['model'], ...changes } });

  it.each<[string, () => unknown, RegExp]>([
    [
      'no JSON',
      () => openTokenizer({ tokenizer: '{"model": ' }),
      /^tokenizer\.json, line 1, column 11: this is not JSON/,
    ],
    ['no object', () => openTokenizer({ tokenizer: '[]' }), /^tokenizer\.json: .* is not an object/],
    ['no model', open({ model: null }), /^tokenizer\.json\.model: is missing, where T5 has a unigram model/],
    [
      'BPE',
      model({ type: 'BPE' }),
      /^tokenizer\.json\.model: is of the type "BPE", where T5 has .*; take the tokenizer/,
    ],
    ['no score', model({ vocab: [['a', 'b']] }), /^tokenizer\.json\.model\.vocab\[0\]: .* is no \[piece, score\]/],
    ['no unknown', model({ unk_id: 400 }), /^tokenizer\.json\.model\.unk_id: 400 is none of the 400 pieces/],
    ['bytes', model({ byte_fallback: true }), /^tokenizer\.json\.model\.byte_fallback: true is not known/],
    [
      'no end mark',
      open({ post_processor: null }),
      /^tokenizer\.json: reads "" as \[\], which should be "<\/s>" alone, \[1\]/,
    ],
    [
      'an unknown step',
      open({ normalizer: { type: 'Magic' } }),
      /^tokenizer\.json: cannot be read as a tokenizer: .*Magic/,
    ],
    [
      'a nameless token',
      open({ added_tokens: [{ id: 1 }] }),
      /^tokenizer\.json\.added_tokens\[0\]: .* is no token with its id/,
    ],
    [
      'CLIP',
      open({}, { tokenizer_class: 'CLIPTokenizer' }),
      /^tokenizer_config\.json\.tokenizer_class: "CLIPTokenizer" is none/,
    ],
    ['no such token', open({}, { pad_token: '[PAD]' }), /^tokenizer\.json: has no token "\[PAD\]"/],
    ['a token of no text', open({}, { eos_token: 7 }), /^tokenizer_config\.json\.eos_token: 7 is no token/],
  ])('is refused: %s', (_, opened, message) => {
    expect(opened).toThrow(expect.objectContaining({ code: 'invalid-model', message: expect.stringMatching(message) }));
  });

  it.each<[string, Uint8Array, RegExp]>([
    [
      'cut short',
      spiece.subarray(0, 3000),
      /^spiece\.model: ends early: \d+ bytes should come at byte \d+, but \d+ are left/,
    ],
    ['empty', new Uint8Array(0), /^spiece\.model: none of its 0 pieces is for what is unknown; download it again/],
    ['text', new TextEncoder().encode('version https://git-lfs'), /^spiece\.model: .*; download it again/],
    ['BPE', after(spiece, 0x12, 2, 0x18, 2), /^spiece\.model: its model is of the type 2, where T5 has a unigram/],
    ['a byte piece', Uint8Array.of(0x0a, 5, 0x0a, 1, 0x61, 0x18, 6), /^spiece\.model, piece 0: "a" is of the type 6/],
    ['no UTF-8', Uint8Array.of(0x0a, 3, 0x0a, 1, 0xff), /^spiece\.model: the text of field 1 is not UTF-8/],
    ['lower case', after(spiece, 0x1a, 3, 0x0a, 1, 0x78), /^spiece\.model: its normaliser is "x", and T5 has/],
    ['no dummy prefix', after(spiece, 0x1a, 2, 0x18, 0), /^spiece\.model: its normaliser has dummyPrefix switched/],
  ])('is refused: a sentencepiece model, %s', (_, bytes, message) => {
    const opened = () => openSentencePiece(bytes);
    expect(opened).toThrow(expect.objectContaining({ code: 'invalid-model', message: expect.stringMatching(message) }));
  });

  it('is refused at every length of a sentencepiece model that is cut short', () => {
    for (let length = 0; length < 400; length++) {
      const opened = () => openSentencePiece(spiece.subarray(0, length));
      expect(opened).toThrow(expect.objectContaining({ code: 'invalid-model' }));
    }
  });

  it('is refused where the config lists other tokens than the sentencepiece model has', () => {
    const listing = (tokens: object) => () =>
      openSentencePiece(spiece, JSON.stringify({ added_tokens_decoder: tokens, extra_ids: 10 }));
    expect(listing({ 309: { content: '<extra_id_0>' }, 0: { content: '<pad>' } })().vocabulary).toBe(310);
    expect(listing({ 399: { content: '<extra_id_0>' } })).toThrow(
      /added_tokens_decoder: "<extra_id_0>" should be token 399, but with spiece\.model there are 310 tokens; take/,
    );
  });
});

describe('the special tokens of a sentencepiece model', async () => {
  const { json, pieces } = await fixtureOf('pixart-tiny');

  it('are those of the tokenizer.json that is made of it, whatever the text', () => {
    for (const prompt of [
      '<extra_id_0>',
      'a</s>b <pad> <unk>',
      '<extra_id_99><extra_id_100>',
      '漢 <extra_id_1>\u{1f98a}',
    ])
      expect(pieces.encode(prompt, 40)).toEqual(json.encode(prompt, 40));
    expect(pieces.encode('<extra_id_0>', 3).ids[0]).toBe(399);
  });
});
