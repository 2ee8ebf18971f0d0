import { copyFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fixture, largestDifference, largestMagnitude, tensorsOf } from '@procache/conformance';
import type { PromptEncoder } from '@procache/core';
import { embeddingsFile, GraphBuilder } from '@procache/model';
import { afterAll, describe, expect, it } from 'vitest';
import type { EncoderOptions, EncoderPlace } from './encoder-options.ts';
import { openEncoder } from './open-encoder.ts';

const root = await mkdtemp(join(tmpdir(), 'procache-open-encoder-'));
afterAll(() => rm(root, { recursive: true }));

const PIPELINE = fixture('pipelines/pixart-tiny');
const [ENCODER, TOKENIZER] = [join(PIPELINE, 'text_encoder'), join(PIPELINE, 'tokenizer')];
const TINY = { tokens: 120, width: 32, threads: 1 } satisfies EncoderOptions;

/** A folder of its own, with copies of files; `to` is where each goes. */
async function folderWith(name: string, files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  for (const [to, from] of Object.entries(files)) {
    const path = join(root, name, to);
    await mkdir(dirname(path), { recursive: true });
    if (typeof from === 'string') await cp(from, path, { recursive: true });
    else await writeFile(path, from);
  }
  return join(root, name);
}

async function withEncoder<Result>(
  place: EncoderPlace,
  options: EncoderOptions,
  use: (encoder: PromptEncoder) => Promise<Result>,
): Promise<Result> {
  const encoder = await openEncoder(place, options);
  try {
    return await use(encoder);
  } finally {
    await encoder.dispose();
  }
}

const refusal = (message: RegExp, code = 'invalid-model') =>
  expect.objectContaining({ code, message: expect.stringMatching(message) }) as Error;

describe.each([
  ['pixart-tiny', 32],
  ['pixart-tiny-ms', 24],
])('the encoder of %s', (name, width) => {
  const pipeline = fixture(`pipelines/${name}`);
  const place = { encoder: join(pipeline, 'text_encoder') };

  it.each(['tokenizer.json', 'spiece.model'])('reads prompts as diffusers does, with its %s', async (file) => {
    const prompts = JSON.parse(await readFile(join(pipeline, 'prompts.json'), 'utf8')) as { readonly prompt: string }[];
    const expected = await tensorsOf(`pipelines/${name}/expected.safetensors`);
    const [read, [nothing]] = await withEncoder(
      { ...place, tokenizer: join(pipeline, 'tokenizer', file) },
      { ...TINY, width },
      async (encoder) =>
        [await encoder.encode(prompts.map(({ prompt }) => prompt)), await encoder.encode([''])] as const,
    );
    for (const [made, of] of [
      [read, 'text'],
      [[nothing!], 'negative'],
    ] as const) {
      const wanted = await expected.floats(`${of}.embeds`);
      const masks = await expected.floats(of === 'text' ? 'text.mask120' : 'negative.mask');
      expect(wanted).toHaveLength(made.length * 120 * width);
      made.forEach(({ values, tokens }, i) => {
        expect(tokens).toBe(masks.subarray(i * 120, (i + 1) * 120).reduce((sum, value) => sum + value, 0));
        const seen = wanted.subarray(i * 120 * width).subarray(0, tokens * width);
        const off = largestDifference(values.subarray(0, tokens * width), seen);
        expect(off).toBeLessThanOrEqual(1e-4 * largestMagnitude(wanted));
      });
    }
    expect(nothing).toMatchObject({ tokens: 1, text: '' });
  });
});

describe('an encoder of a T5', () => {
  it('reads each text once, and says what it does not read', async () => {
    await withEncoder({ encoder: ENCODER }, { ...TINY, tokens: 8 }, async (encoder) => {
      const [first, second] = await encoder.encode(['a small red fox', 'a small red fox']);
      expect(second).toBe(first);
      expect(await encoder.encode(['a dog', 'a small red fox'])).toHaveProperty('1', first);
      expect(first!.values).toHaveLength(8 * 32);
      expect(encoder.notRead!('a small red fox')).toBeUndefined();
      expect(encoder.notRead!('A small red fox sits on the stone')).toMatch(
        /^it reads 8 tokens, .* cut off: "ts on the stone"$/,
      );
    });
  });

  it.each<[string, Readonly<Record<string, string>>]>([
    ['in its folder', { 't5/tokenizer.json': `${TOKENIZER}/tokenizer.json` }],
    ['in a folder in it', { 't5/tokenizer': TOKENIZER }],
    ['beside it', { tokenizer: TOKENIZER }],
  ])('finds its tokenizer %s', async (name, files) => {
    const folder = await folderWith(`tokenizer ${name}`, { t5: ENCODER });
    await expect(openEncoder({ encoder: join(folder, 't5') }, TINY)).rejects.toThrow(
      refusal(
        /t5: there is no tokenizer with the text encoder \(tokenizer\.json or spiece\.model, .*; copy that of the/,
      ),
    );
    await folderWith(`tokenizer ${name}`, files);
    const read = await withEncoder({ encoder: join(folder, 't5') }, TINY, (encoder) => encoder.encode(['']));
    expect(read[0]!.tokens).toBe(1);
  });

  it.each<[string, EncoderPlace, EncoderOptions, RegExp]>([
    [
      'of another width',
      { encoder: ENCODER },
      { ...TINY, width: 4096 },
      /gives 32 numbers .* takes 4096; take the text/,
    ],
    ['that is a transformer', { encoder: join(PIPELINE, 'transformer') }, TINY, /are not of a text encoder/],
    ['that is not there', { encoder: join(root, 'none') }, TINY, /none: there is no such file or folder/],
    [
      'whose tokenizer is not there',
      { encoder: ENCODER, tokenizer: root },
      TINY,
      /: there is no tokenizer \(tokenizer/,
    ],
    [
      'whose tokenizer is a config',
      { encoder: ENCODER, tokenizer: join(ENCODER, 'config.json') },
      TINY,
      /^tokenizer\.json\.model: is missing, where T5 has a unigram model/,
    ],
  ])('is refused: one %s', async (_, place, options, message) => {
    await expect(openEncoder(place, options)).rejects.toThrow(refusal(message));
  });

  it('is refused with a tokenizer of more tokens than it has embeddings', async () => {
    const text = await readFile(join(TOKENIZER, 'tokenizer.json'), 'utf8');
    const tokenizer = JSON.parse(text) as { model: { vocab: [string, number][] } };
    const more = Array.from({ length: 1000 }, (_, i): [string, number] => [`more ${i}`, -20]);
    tokenizer.model.vocab = [...tokenizer.model.vocab, ...more];
    const path = join(root, 'large.json');
    await writeFile(path, JSON.stringify(tokenizer));
    await expect(openEncoder({ encoder: ENCODER, tokenizer: path }, TINY)).rejects.toThrow(
      refusal(/text_encoder: the text encoder has embeddings for \d+ tokens, but its tokenizer makes 1400; take the/),
    );
  });

  it('is refused with options that there are not', async () => {
    await expect(openEncoder({ encoder: ENCODER }, { ...TINY, token: 3 } as EncoderOptions)).rejects.toThrow(
      refusal(/token/, 'invalid-input'),
    );
    await expect(openEncoder({ encoder: ENCODER, tokeniser: 'x' } as EncoderPlace, TINY)).rejects.toThrow(
      refusal(/tokeniser/, 'invalid-input'),
    );
  });
});

/** A text model as ONNX that gives of each token its id, twice. */
function idsAsFloats(): Uint8Array {
  const graph = new GraphBuilder('ids');
  const ids = graph.input('input_ids', 'int64', ['texts', 'tokens']);
  const mask = graph.input('attention_mask', 'int64', ['texts', 'tokens']);
  const values = graph.op('Cast', [graph.op('Mul', [ids, mask])], { to: 1 });
  const column = graph.op('Unsqueeze', [values, graph.integers([2])]);
  graph.output('last_hidden_state', graph.op('Concat', [column, column], { axis: 2 }), ['texts', 'tokens', 2]);
  return graph.build().bytes;
}

describe('an encoder that is ONNX', () => {
  const options = { tokens: 120, width: 2, threads: 1 };

  it.each(['model.onnx', 'onnx/encoder_model.onnx'])('reads the tokens of its tokenizer: %s', async (file) => {
    const folder = await folderWith(file, { [`text_encoder/${file}`]: idsAsFloats(), tokenizer: TOKENIZER });
    const expected = await tensorsOf('pipelines/pixart-tiny/expected.safetensors');
    const ids = (await expected.floats('text.ids120')).subarray(0, 120);
    const place = { encoder: join(folder, 'text_encoder') };
    const [read] = await withEncoder(place, options, (encoder) =>
      encoder.encode(['A small red fox sits on a mossy stone in the morning light']),
    );
    expect([...read!.values]).toEqual([...ids].flatMap((id) => [id, id]));
    expect(read!.tokens).toBe(20);
  });

  it('is passed over where its weights lie beside it, unless it is named', async () => {
    const folder = await folderWith('both', { text_encoder: ENCODER, tokenizer: TOKENIZER });
    const onnx = join(folder, 'text_encoder', 'model.onnx');
    await writeFile(onnx, idsAsFloats());
    await withEncoder({ encoder: join(folder, 'text_encoder') }, TINY, async (encoder) => {
      expect((await encoder.encode(['']))[0]!.values).toHaveLength(120 * 32);
    });
    await withEncoder({ encoder: onnx, tokenizer: join(folder, 'tokenizer') }, options, async (encoder) => {
      expect((await encoder.encode(['']))[0]!.values.subarray(0, 3)).toEqual(Float32Array.of(1, 1, 0));
    });
  });

  it('is refused without a tokenizer, and with one of more tokens than its config says', async () => {
    const folder = await folderWith('lacking', { 'model.onnx': idsAsFloats() });
    await expect(openEncoder({ encoder: folder }, options)).rejects.toThrow(refusal(/there is no tokenizer with the/));
    await copyFile(join(TOKENIZER, 'tokenizer.json'), join(folder, 'tokenizer.json'));
    await writeFile(join(folder, 'config.json'), '{"vocab_size": 12}');
    await expect(openEncoder({ encoder: folder }, options)).rejects.toThrow(
      refusal(/model\.onnx: the text encoder has embeddings for 12 tokens, but its tokenizer makes 400; take/),
    );
  });
});

describe('an encoder that is a file of embeddings', () => {
  const embedding = { values: Float32Array.from({ length: 8 }, (_, i) => i), tokens: 2, text: 'a cat' };

  it('knows the texts that are in it', async () => {
    const encoder = join(await folderWith('texts', { 'texts.safetensors': file() }), 'texts.safetensors');
    await withEncoder({ encoder }, { tokens: 4, width: 2 }, async (opened) => {
      const [first, second] = await opened.encode(['a cat', 'a cat']);
      expect(first).toEqual(embedding);
      expect(second).toBe(first);
      expect(opened.prompts).toEqual(['a cat']);
      await expect(opened.encode(['a dog'])).rejects.toThrow(
        refusal(/^texts\.safetensors: has no embedding of "a dog", but of/, 'invalid-input'),
      );
    });
    await expect(openEncoder({ encoder }, { tokens: 4, width: 3 })).rejects.toThrow(
      refusal(/texts\.safetensors: the texts are 2 numbers wide, but the model takes 3; save them/),
    );
  });

  const file = () => embeddingsFile([embedding], [], { tokens: 4 });
});
